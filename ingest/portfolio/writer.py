"""Writes a portfolio as the CSV files of docs/data-layout.md, the truth beside them, and a manifest. Text is made here, from integers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ingest.portfolio import identifiers, identities
from ingest.portfolio import vocabulary as vocab
from ingest.portfolio.addresses import address_texts, employer_names
from ingest.portfolio.applications import Applications
from ingest.portfolio.arrays import NONE, Ints, Rng, Streams, chance, pick
from ingest.portfolio.consents import Consents
from ingest.portfolio.outcomes import LABELS, OUTCOMES, STATUSES, Outcomes
from ingest.portfolio.people import People
from ingest.portfolio.regions import Regions
from ingest.portfolio.relations import EMERGENCY_CONTACT, RELATION_NAMES, Relations
from ingest.portfolio.rings import FraudKind, FraudPlan
from ingest.portfolio.sharing import Books, Holdings
from ingest.portfolio.window import DAY, HOUR, Window, moments
from ingest.portfolio.workplaces import Settlement

FILES = ("customers.csv", "applications.csv", "relations.csv", "statuses.csv", "labels.csv", "consents.csv")
TRUTH_FILES = ("truth/customers.csv", "truth/applications.csv", "truth/rings.csv")


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Everything that was drawn, still as arrays."""

    window: Window
    regions: Regions
    books: Books
    people: People
    settlement: Settlement
    plan: FraudPlan
    applications: Applications
    registered: Ints
    holdings: Holdings
    relations: Relations
    outcomes: Outcomes
    consents: Consents


@dataclass(frozen=True, slots=True)
class Texts:
    """The text of every identifier, by its integer."""

    id_number: pl.Series
    application_id: pl.Series
    birth_day: Ints
    phone: pl.Series
    carrier: pl.Series
    account: pl.Series
    device: pl.Series
    ip: pl.Series
    address: pl.Series
    employer: pl.Series


def write(
    out: Path,
    portfolio: Portfolio,
    streams: Streams,
    *,
    version: str,
    seed: int,
    report: Callable[[str, int, int], None],
) -> dict[str, int]:
    """Rows by file. Files are written one after the other, each made when its turn comes, so that memory holds one at a time."""
    (out / "truth").mkdir(parents=True, exist_ok=True)
    texts = _texts(portfolio, streams)
    makers: dict[str, Callable[[], pl.DataFrame]] = {
        "customers.csv": lambda: _customers(portfolio, texts, streams.of("customers.csv")),
        "applications.csv": lambda: _applications(portfolio, texts, streams.of("applications.csv")),
        "relations.csv": lambda: _relations(portfolio, texts, streams.of("relations.csv")),
        "statuses.csv": lambda: _statuses(portfolio, texts, streams.of("statuses.csv")),
        "labels.csv": lambda: _labels(portfolio, texts, streams.of("labels.csv")),
        "consents.csv": lambda: _consents(portfolio, texts, streams.of("consents.csv")),
        "truth/customers.csv": lambda: _true_customers(portfolio, texts),
        "truth/applications.csv": lambda: _true_applications(portfolio, texts),
        "truth/rings.csv": lambda: _true_rings(portfolio),
    }
    rows = {}
    for done, (name, make) in enumerate(makers.items()):
        report("writing", done, len(makers))
        table = make()
        table.write_csv(out / name)
        rows[name] = table.height
    manifest = {
        "generator": "guanxi portfolio",
        "generator_version": version,
        "seed": seed,
        "customers": len(portfolio.people),
        "window": {"start": portfolio.window.start.isoformat(), "end": portfolio.window.end.isoformat()},
        "rows": rows,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    report("writing", len(makers), len(makers))
    return rows


def _texts(portfolio: Portfolio, streams: Streams) -> Texts:
    books = portfolio.books
    id_number, birth_day = identities.id_numbers(
        streams.of("id_numbers"), portfolio.people, portfolio.settlement.region, portfolio.regions
    )
    phone, carrier = identifiers.phones(streams.of("phones"), books.phones)
    serial = pl.Series(np.arange(len(portfolio.applications)) + 1).cast(pl.String).str.zfill(8)
    return Texts(
        id_number=id_number,
        application_id=identifiers.joined("A", serial),
        birth_day=birth_day,
        phone=phone,
        carrier=carrier,
        account=identifiers.cards(streams.of("accounts"), books.accounts),
        device=identifiers.devices(streams.of("devices"), books.devices),
        ip=identifiers.ip_addresses(streams.of("ips"), books.ips),
        address=address_texts(streams.of("addresses"), books.addresses, portfolio.regions),
        employer=employer_names(streams.of("employers"), books.employers, portfolio.regions),
    )


def _take(texts: pl.Series, index: Ints) -> pl.Series:
    """Text by integer, null for NONE."""
    frame = pl.DataFrame({"text": texts.gather(index.clip(min=0)), "known": index != NONE})
    return frame.select(pl.when("known").then(pl.col("text"))).to_series()


def _recorded(rng: Rng, at: Ints, typical: int = HOUR) -> pl.Series:
    """When the source system came to know it: minutes to a few days after it happened."""
    delay = 30 + (rng.exponential(1.0, len(at)) * typical).astype(np.int64)
    return moments(at + delay.clip(max=4 * DAY))


def _source(rng: Rng, count: int, *systems: tuple[str, float]) -> pl.Series:
    return identifiers.words(tuple(name for name, _ in systems), pick(rng, [share for _, share in systems], count))


def _customers(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    people, held, count = portfolio.people, portfolio.holdings, len(portfolio.people)
    today = portfolio.window.last // DAY
    has_email, has_social = chance(rng, 0.62, count), chance(rng, 0.5, count)
    table = pl.DataFrame(
        {
            "id_number": texts.id_number,
            "name": identities.names(rng, people),
            "id_expiry_date": identities.expiry_dates(rng, texts.birth_day, today),
            "education": _take(
                pl.Series(vocab.EDUCATION),
                np.where(chance(rng, 0.96, count), identities.education(rng, people.birth_year), NONE),
            ),
            "marital_status": _take(
                pl.Series(vocab.MARITAL),
                np.where(chance(rng, 0.95, count), identities.marital(rng, people, portfolio.window.end.year), NONE),
            ),
            "mobile_carrier": _take(texts.carrier, held.phone),
            "phone": _take(texts.phone, held.phone),
            "email": _where(has_email, identifiers.emails(rng, people.surname, people.birth_year)),
            "home_address": _take(texts.address, held.home),
            "work_address": _take(texts.address, held.workplace),
            "employer": _take(texts.employer, held.employer),
            "bank_account": _take(texts.account, held.account),
            "social_account": _where(has_social, identifiers.social_accounts(rng, count)),
            "registered_at": moments(portfolio.registered),
            "source": _source(rng, count, ("app", 0.7), ("crm", 0.2), ("branch", 0.1)),
            "recorded_at": _recorded(rng, portfolio.registered),
            "_at": portfolio.registered,
        }
    )
    return table.sort("_at", "id_number").drop("_at")


def _where(known: np.ndarray[tuple[int], np.dtype[np.bool_]], texts: pl.Series) -> pl.Series:
    return _take(texts, np.where(known, np.arange(len(texts)), NONE))


def _applications(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    apps, held = portfolio.applications, portfolio.holdings
    return pl.DataFrame(
        {
            "application_id": texts.application_id,
            "id_number": texts.id_number.gather(apps.customer),
            "product": identifiers.words(vocab.PRODUCTS, apps.product),
            "channel": identifiers.words(vocab.CHANNELS, apps.channel),
            "amount": pl.Series(apps.amount),
            "term_months": pl.Series(apps.term),
            "applied_at": moments(apps.at),
            "outcome": _take(pl.Series(OUTCOMES), portfolio.outcomes.decision),
            "phone": _take(texts.phone, held.app_phone),
            "device_id": _take(texts.device, held.app_device),
            "ip": _take(texts.ip, held.app_ip),
            "delivery_address": _take(texts.address, held.app_delivery),
            "payout_account": _take(texts.account, held.app_payout),
            "source": _source(rng, len(apps), ("loan-system", 1.0)),
            "recorded_at": _recorded(rng, apps.at, 600),
        }
    )


def _relations(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    related = portfolio.relations
    to_phone = related.kind == EMERGENCY_CONTACT
    frame = pl.DataFrame(
        {
            "phone": texts.phone.gather(np.where(to_phone, related.target, 0)),
            "person": texts.id_number.gather(np.where(to_phone, 0, related.target)),
            "to_phone": to_phone,
        }
    )
    return pl.DataFrame(
        {
            "id_number": texts.id_number.gather(related.customer),
            "relation": identifiers.words(RELATION_NAMES, related.kind),
            "target": frame.select(pl.when("to_phone").then(pl.col("phone")).otherwise(pl.col("person"))).to_series(),
            "at": moments(related.at),
            "source": _source(rng, len(related.at), ("app", 0.8), ("crm", 0.2)),
            "recorded_at": _recorded(rng, related.at),
        }
    )


def _statuses(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    history = portfolio.outcomes.statuses
    return pl.DataFrame(
        {
            "application_id": texts.application_id.gather(history.application),
            "status": identifiers.words(STATUSES, history.value),
            "at": moments(history.at),
            "source": _source(rng, len(history.at), ("loan-system", 1.0)),
            "recorded_at": _recorded(rng, history.at, 600),
        }
    )


def _labels(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    history = portfolio.outcomes.labels
    desks = pl.Series(("fraud-desk", "collections", "loan-system", "loan-system"))
    return pl.DataFrame(
        {
            "application_id": texts.application_id.gather(history.application),
            "label": identifiers.words(LABELS, history.value),
            "known_at": moments(history.at),
            "source": desks.gather(history.value),
            "recorded_at": _recorded(rng, history.at),
        }
    )


def _consents(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    asked = portfolio.consents
    return pl.DataFrame(
        {
            "id_number": texts.id_number.gather(asked.customer),
            "channel": identifiers.words(vocab.CONSENT_CHANNELS, asked.channel),
            "granted": pl.Series(asked.granted).replace_strict({True: "yes", False: "no"}, return_dtype=pl.String),
            "at": moments(asked.at),
            "source": _source(rng, len(asked.at), ("app", 0.85), ("call-centre", 0.15)),
            "recorded_at": _recorded(rng, asked.at, 600),
        }
    )


def _kind_and_ring(
    plan: FraudPlan, customer: Ints, fraud: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> dict[str, pl.Series]:
    kinds = pl.Series([kind.name.lower() for kind in FraudKind])
    rings = _ring_ids(plan.rings) if plan.rings > 0 else pl.Series([""])
    return {
        "is_fraud": pl.Series(fraud).cast(pl.Int8),
        "fraud_kind": _take(kinds, np.where(fraud, plan.kind_of[customer], NONE)),
        "ring_id": _take(rings, np.where(fraud, plan.ring_of[customer], NONE)),
    }


def _ring_ids(count: int) -> pl.Series:
    return identifiers.joined("R", pl.Series(np.arange(count) + 1).cast(pl.String).str.zfill(5))


def _true_customers(portfolio: Portfolio, texts: Texts) -> pl.DataFrame:
    everybody = np.arange(len(portfolio.people))
    fraud = portfolio.plan.kind_of != NONE
    return pl.DataFrame({"id_number": texts.id_number, **_kind_and_ring(portfolio.plan, everybody, fraud)}).sort(
        "id_number"
    )


def _true_applications(portfolio: Portfolio, texts: Texts) -> pl.DataFrame:
    apps, outcomes = portfolio.applications, portfolio.outcomes
    eventual = outcomes.eventual_labels
    last = np.full(len(apps), NONE, dtype=np.int64)
    last[eventual.application] = np.arange(len(eventual.application))  # entries are in order of time: the latest stays
    label = np.where(last == NONE, NONE, eventual.value[last])
    return pl.DataFrame(
        {
            "application_id": texts.application_id,
            "id_number": texts.id_number.gather(apps.customer),
            **_kind_and_ring(portfolio.plan, apps.customer, apps.fraud),
            "never_labelled": pl.Series(outcomes.never_labelled).cast(pl.Int8),
            "eventual_label": _take(pl.Series(LABELS), label),
            "eventually_known_at": moments(np.where(last == NONE, NONE, eventual.at[last])),
        }
    )


def _true_rings(portfolio: Portfolio) -> pl.DataFrame:
    plan = portfolio.plan
    return pl.DataFrame(
        {
            "ring_id": _ring_ids(plan.rings),
            "kind": identifiers.words(tuple(kind.name.lower() for kind in FraudKind), plan.kind),
            "size": pl.Series([len(members) for members in plan.members], dtype=pl.Int64),
            "intensity": pl.Series(plan.intensity).round(3),
            "begins_at": moments(plan.begins),
            "ends_at": moments(plan.ends),
        }
    )

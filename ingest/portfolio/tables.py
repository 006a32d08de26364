"""The seven files of docs/data-layout.md as tables."""

import numpy as np
import polars as pl

from ingest.portfolio import identifiers, identities
from ingest.portfolio import vocabulary as vocab
from ingest.portfolio.arrays import NONE, Rng, chance, pick
from ingest.portfolio.model import Portfolio
from ingest.portfolio.outcomes import LABELS, OUTCOMES, STATUSES
from ingest.portfolio.relations import EMERGENCY_CONTACT, RELATION_NAMES
from ingest.portfolio.texts import Texts, recorded, source, take, where
from ingest.portfolio.window import DAY, moments


def customers(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    people, held, count = portfolio.people, portfolio.holdings, len(portfolio.people)
    today = portfolio.window.last // DAY
    has_email, has_social = chance(rng, 0.62, count), chance(rng, 0.5, count)
    table = pl.DataFrame(
        {
            "id_number": texts.id_number,
            "name": identities.names(rng, people),
            "id_expiry_date": identities.expiry_dates(rng, texts.birth_day, today),
            "education": take(
                pl.Series(vocab.EDUCATION),
                np.where(chance(rng, 0.96, count), identities.education(rng, people.birth_year), NONE),
            ),
            "marital_status": take(
                pl.Series(vocab.MARITAL),
                np.where(chance(rng, 0.95, count), identities.marital(rng, people, portfolio.window.end.year), NONE),
            ),
            "mobile_carrier": take(texts.carrier, held.phone),
            "phone": take(texts.phone, held.phone),
            "email": where(has_email, identifiers.emails(rng, people.surname, people.birth_year)),
            "home_address": _as_typed(rng, take(texts.address, held.home)),
            "work_address": _as_typed(rng, take(texts.address, held.workplace)),
            "employer": take(texts.employer, held.employer),
            "bank_account": take(texts.account, held.account),
            "social_account": where(has_social, identifiers.social_accounts(rng, count)),
            "registered_at": moments(portfolio.registered),
            "source": source(rng, count, ("app", 0.7), ("crm", 0.2), ("branch", 0.1)),
            "recorded_at": recorded(rng, portfolio.registered),
            "_at": portfolio.registered,
        }
    )
    later = later_records(portfolio, texts, table["name"], rng)
    return pl.concat([table, later], how="diagonal").sort("_at", "id_number").drop("_at")


def _as_typed(rng: Rng, addresses: pl.Series) -> pl.Series:
    """Some people type full-width digits, some put spaces: one place, several spellings."""
    way = pick(rng, (0.97, 0.015, 0.015), len(addresses))
    frame = pl.DataFrame({"text": addresses, "way": way})
    full_width = pl.col("text").str.replace_many(list("0123456789"), list("０１２３４５６７８９"))
    spaced = pl.col("text").str.replace_all(r"([市号栋])", "$1 ")
    text = pl.when(pl.col("way") == 1).then(full_width).when(pl.col("way") == 2).then(spaced).otherwise(pl.col("text"))
    return frame.select(text).to_series()


def later_records(portfolio: Portfolio, texts: Texts, names: pl.Series, rng: Rng) -> pl.DataFrame:
    """A second source record for those who told of a new number or a move; it holds what they told and no more."""
    changes = portfolio.changes
    who = np.flatnonzero(changes.tells_at != NONE)
    at = changes.tells_at[who]
    return pl.DataFrame(
        {
            "id_number": texts.id_number.gather(who),
            "name": names.gather(who),
            "mobile_carrier": take(texts.carrier, changes.new_phone[who]),
            "phone": take(texts.phone, changes.new_phone[who]),
            "home_address": take(texts.address, changes.new_home[who]),
            "registered_at": moments(at),
            "source": source(rng, len(who), ("call-centre", 1.0)),
            "recorded_at": recorded(rng, at),
            "_at": at,
        }
    )


def applications(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
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
            "outcome": take(pl.Series(OUTCOMES), portfolio.outcomes.decision),
            "phone": take(texts.phone, held.app_phone),
            "device_id": take(texts.device, held.app_device),
            "ip": take(texts.ip, held.app_ip),
            "delivery_address": take(texts.address, held.app_delivery),
            "payout_account": take(texts.account, held.app_payout),
            "source": source(rng, len(apps), ("loan-system", 1.0)),
            "recorded_at": recorded(rng, apps.at, 600),
        }
    )


def relations(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
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
            "source": source(rng, len(related.at), ("app", 0.8), ("crm", 0.2)),
            "recorded_at": recorded(rng, related.at),
        }
    )


def statuses(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    history = portfolio.outcomes.statuses
    return pl.DataFrame(
        {
            "application_id": texts.application_id.gather(history.application),
            "status": identifiers.words(STATUSES, history.value),
            "at": moments(history.at),
            "source": source(rng, len(history.at), ("loan-system", 1.0)),
            "recorded_at": recorded(rng, history.at, 600),
        }
    )


def labels(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    history = portfolio.outcomes.labels
    desks = pl.Series(("fraud-desk", "collections", "loan-system", "loan-system"))
    return pl.DataFrame(
        {
            "application_id": texts.application_id.gather(history.application),
            "label": identifiers.words(LABELS, history.value),
            "known_at": moments(history.at),
            "source": desks.gather(history.value),
            "recorded_at": recorded(rng, history.at),
        }
    )


def consents(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    asked = portfolio.consents
    return pl.DataFrame(
        {
            "id_number": texts.id_number.gather(asked.customer),
            "channel": identifiers.words(vocab.CONSENT_CHANNELS, asked.channel),
            "granted": pl.Series(asked.granted).replace_strict({True: "yes", False: "no"}, return_dtype=pl.String),
            "at": moments(asked.at),
            "source": source(rng, len(asked.at), ("app", 0.85), ("call-centre", 0.15)),
            "recorded_at": recorded(rng, asked.at, 600),
        }
    )


def contacts(portfolio: Portfolio, texts: Texts, rng: Rng) -> pl.DataFrame:
    reached = portfolio.contacts
    return pl.DataFrame(
        {
            "id_number": texts.id_number.gather(reached.customer),
            "channel": identifiers.words(vocab.CONSENT_CHANNELS, reached.channel),
            "result": pl.Series(reached.sent).replace_strict({True: "sent", False: "failed"}, return_dtype=pl.String),
            "at": moments(reached.at),
            "source": source(rng, len(reached.at), ("campaigns", 1.0)),
            "recorded_at": recorded(rng, reached.at, 600),
        }
    )

"""The seven files of docs/data-layout.md as tables. What chance decides is drawn for all rows first; their text is made of some rows at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ingest.portfolio import identifiers, identities
from ingest.portfolio import vocabulary as vocab
from ingest.portfolio.arrays import NONE, Ints, Rng, chance, pick
from ingest.portfolio.model import Portfolio
from ingest.portfolio.outcomes import LABELS, OUTCOMES, STATUSES
from ingest.portfolio.relations import EMERGENCY_CONTACT, RELATION_NAMES
from ingest.portfolio.texts import Texts, recorded, source, take, where
from ingest.portfolio.window import DAY, moments

WAYS_OF_TYPING = (0.97, 0.015, 0.015)  # as it is, with full-width digits, with spaces


@dataclass(frozen=True, slots=True)
class Table:
    """So many rows, and what makes some of them."""

    height: int
    some: Callable[[slice], pl.DataFrame]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Table":
        return cls(frame.height, lambda rows: frame[rows])

    def blocks(self) -> Iterator[pl.DataFrame]:
        """All rows; one block without any where there are none."""
        for first in range(0, max(self.height, 1), identifiers.BLOCK):
            yield self.some(slice(first, min(first + identifiers.BLOCK, self.height)))


def customers(portfolio: Portfolio, texts: Texts, rng: Rng) -> Table:
    people, held, count = portfolio.people, portfolio.holdings, len(portfolio.people)
    has_email, has_social = chance(rng, 0.62, count), chance(rng, 0.5, count)
    name = identities.names(rng, people)
    expiry = identities.expiry_dates(rng, texts.birth_day, portfolio.window.last // DAY)
    schooled = chance(rng, 0.96, count)
    education = np.where(schooled, identities.education(rng, people.birth_year), NONE)
    told_marital = chance(rng, 0.95, count)
    marital = np.where(told_marital, identities.marital(rng, people, portfolio.window.end.year), NONE)
    email = where(has_email, identifiers.emails(rng, people.surname, people.birth_year))
    home_typed, work_typed = pick(rng, WAYS_OF_TYPING, count), pick(rng, WAYS_OF_TYPING, count)
    social = where(has_social, identifiers.social_accounts(rng, count))
    told_by = source(rng, count, ("app", 0.7), ("crm", 0.2), ("branch", 0.1))
    known = recorded(rng, portfolio.registered)
    later, later_at = later_records(portfolio, texts, name, rng)
    order = np.lexsort(
        (
            pl.concat([texts.id_number, later["id_number"]]).rank("dense").to_numpy(),
            np.concatenate([portfolio.registered, later_at]),
        )
    )

    def first_records(who: Ints) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "id_number": texts.id_number.gather(who),
                "name": name.gather(who),
                "id_expiry_date": expiry.gather(who),
                "education": take(pl.Series(vocab.EDUCATION), education[who]),
                "marital_status": take(pl.Series(vocab.MARITAL), marital[who]),
                "mobile_carrier": take(texts.carrier, held.phone[who]),
                "phone": take(texts.phone, held.phone[who]),
                "email": email.gather(who),
                "home_address": _as_typed(home_typed[who], take(texts.address, held.home[who])),
                "work_address": _as_typed(work_typed[who], take(texts.address, held.workplace[who])),
                "employer": take(texts.employer, held.employer[who]),
                "bank_account": take(texts.account, held.account[who]),
                "social_account": social.gather(who),
                "registered_at": moments(portfolio.registered[who]),
                "source": told_by(who),
                "recorded_at": known(who),
            }
        )

    def some(rows: slice) -> pl.DataFrame:
        who = order[rows]
        is_first = who < count
        both = pl.concat([first_records(who[is_first]), later[who[~is_first] - count]], how="diagonal")
        return both[np.argsort(~is_first, kind="stable").argsort()]

    return Table(len(order), some)


def _as_typed(way: Ints, addresses: pl.Series) -> pl.Series:
    """Some people type full-width digits, some put spaces: one place, several spellings."""
    frame = pl.DataFrame({"text": addresses, "way": way})
    full_width = pl.col("text").str.replace_many(list("0123456789"), list("０１２３４５６７８９"))
    spaced = pl.col("text").str.replace_all(r"([市号栋])", "$1 ")
    text = pl.when(pl.col("way") == 1).then(full_width).when(pl.col("way") == 2).then(spaced).otherwise(pl.col("text"))
    return frame.select(text).to_series()


def later_records(portfolio: Portfolio, texts: Texts, names: pl.Series, rng: Rng) -> tuple[pl.DataFrame, Ints]:
    """A second source record for those who told of a new number or a move, which holds what they told and no more; and when that was."""
    changes = portfolio.changes
    who = np.flatnonzero(changes.tells_at != NONE)
    at = changes.tells_at[who]
    table = pl.DataFrame(
        {
            "id_number": texts.id_number.gather(who),
            "name": names.gather(who),
            "mobile_carrier": take(texts.carrier, changes.new_phone[who]),
            "phone": take(texts.phone, changes.new_phone[who]),
            "home_address": take(texts.address, changes.new_home[who]),
            "registered_at": moments(at),
            "source": source(rng, len(who), ("call-centre", 1.0))(slice(None)),
            "recorded_at": recorded(rng, at)(slice(None)),
        }
    )
    return table, at


def applications(portfolio: Portfolio, texts: Texts, rng: Rng) -> Table:
    apps, held = portfolio.applications, portfolio.holdings
    told_by, known = source(rng, len(apps), ("loan-system", 1.0)), recorded(rng, apps.at, 600)

    def some(rows: slice) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "application_id": texts.application_id[rows],
                "id_number": texts.id_number.gather(apps.customer[rows]),
                "product": identifiers.words(vocab.PRODUCTS, apps.product[rows]),
                "channel": identifiers.words(vocab.CHANNELS, apps.channel[rows]),
                "amount": pl.Series(apps.amount[rows]),
                "term_months": pl.Series(apps.term[rows]),
                "applied_at": moments(apps.at[rows]),
                "outcome": take(pl.Series(OUTCOMES), portfolio.outcomes.decision[rows]),
                "phone": take(texts.phone, held.app_phone[rows]),
                "device_id": take(texts.device, held.app_device[rows]),
                "ip": take(texts.ip, held.app_ip[rows]),
                "delivery_address": take(texts.address, held.app_delivery[rows]),
                "payout_account": take(texts.account, held.app_payout[rows]),
                "source": told_by(rows),
                "recorded_at": known(rows),
            }
        )

    return Table(len(apps), some)


def relations(portfolio: Portfolio, texts: Texts, rng: Rng) -> Table:
    related = portfolio.relations
    told_by, known = source(rng, len(related.at), ("app", 0.8), ("crm", 0.2)), recorded(rng, related.at)

    def some(rows: slice) -> pl.DataFrame:
        kind, target = related.kind[rows], related.target[rows]
        to_phone = kind == EMERGENCY_CONTACT
        frame = pl.DataFrame(
            {
                "phone": texts.phone.gather(np.where(to_phone, target, 0)),
                "person": texts.id_number.gather(np.where(to_phone, 0, target)),
                "to_phone": to_phone,
            }
        )
        whom = pl.when("to_phone").then(pl.col("phone")).otherwise(pl.col("person"))
        return pl.DataFrame(
            {
                "id_number": texts.id_number.gather(related.customer[rows]),
                "relation": identifiers.words(RELATION_NAMES, kind),
                "target": frame.select(whom).to_series(),
                "at": moments(related.at[rows]),
                "source": told_by(rows),
                "recorded_at": known(rows),
            }
        )

    return Table(len(related.at), some)


def statuses(portfolio: Portfolio, texts: Texts, rng: Rng) -> Table:
    history = portfolio.outcomes.statuses
    told_by, known = source(rng, len(history.at), ("loan-system", 1.0)), recorded(rng, history.at, 600)

    def some(rows: slice) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "application_id": texts.application_id.gather(history.application[rows]),
                "status": identifiers.words(STATUSES, history.value[rows]),
                "at": moments(history.at[rows]),
                "source": told_by(rows),
                "recorded_at": known(rows),
            }
        )

    return Table(len(history.at), some)


def labels(portfolio: Portfolio, texts: Texts, rng: Rng) -> Table:
    history = portfolio.outcomes.labels
    desks = pl.Series(("fraud-desk", "collections", "loan-system", "loan-system"))
    known = recorded(rng, history.at)

    def some(rows: slice) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "application_id": texts.application_id.gather(history.application[rows]),
                "label": identifiers.words(LABELS, history.value[rows]),
                "known_at": moments(history.at[rows]),
                "source": desks.gather(history.value[rows]),
                "recorded_at": known(rows),
            }
        )

    return Table(len(history.at), some)


def consents(portfolio: Portfolio, texts: Texts, rng: Rng) -> Table:
    asked = portfolio.consents
    told_by = source(rng, len(asked.at), ("app", 0.85), ("call-centre", 0.15))
    known = recorded(rng, asked.at, 600)

    def some(rows: slice) -> pl.DataFrame:
        granted = pl.Series(asked.granted[rows])
        return pl.DataFrame(
            {
                "id_number": texts.id_number.gather(asked.customer[rows]),
                "channel": identifiers.words(vocab.CONSENT_CHANNELS, asked.channel[rows]),
                "granted": granted.replace_strict({True: "yes", False: "no"}, return_dtype=pl.String),
                "at": moments(asked.at[rows]),
                "source": told_by(rows),
                "recorded_at": known(rows),
            }
        )

    return Table(len(asked.at), some)


def contacts(portfolio: Portfolio, texts: Texts, rng: Rng) -> Table:
    reached = portfolio.contacts
    told_by, known = source(rng, len(reached.at), ("campaigns", 1.0)), recorded(rng, reached.at, 600)

    def some(rows: slice) -> pl.DataFrame:
        sent = pl.Series(reached.sent[rows])
        return pl.DataFrame(
            {
                "id_number": texts.id_number.gather(reached.customer[rows]),
                "channel": identifiers.words(vocab.CONSENT_CHANNELS, reached.channel[rows]),
                "result": sent.replace_strict({True: "sent", False: "failed"}, return_dtype=pl.String),
                "at": moments(reached.at[rows]),
                "source": told_by(rows),
                "recorded_at": known(rows),
            }
        )

    return Table(len(reached.at), some)

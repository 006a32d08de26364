"""The text of every identifier, made once from its integer; and the columns that all files have in common."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from ingest.portfolio import identifiers, identities
from ingest.portfolio.addresses import address_texts, employer_names
from ingest.portfolio.arrays import NONE, Bools, Ints, Rng, Streams, pick
from ingest.portfolio.model import Portfolio
from ingest.portfolio.window import DAY, HOUR, moments


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


def make_texts(portfolio: Portfolio, streams: Streams) -> Texts:
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


def take(texts: pl.Series, index: Ints) -> pl.Series:
    """Text by integer, null for NONE."""
    frame = pl.DataFrame({"text": texts.gather(index.clip(min=0)), "known": index != NONE})
    return frame.select(pl.when("known").then(pl.col("text"))).to_series()


def recorded(rng: Rng, at: Ints, typical: int = HOUR) -> Callable[[slice | Ints], pl.Series]:
    """When the source system came to know it: minutes to a few days after it happened."""
    known = at + 30 + ((rng.exponential(1.0, len(at)) * typical).astype(np.int64)).clip(max=4 * DAY - 30)
    return lambda rows: moments(known[rows])


def source(rng: Rng, count: int, *systems: tuple[str, float]) -> Callable[[slice | Ints], pl.Series]:
    drawn = pick(rng, [share for _, share in systems], count).astype(np.int8)
    names = tuple(name for name, _ in systems)
    return lambda rows: identifiers.words(names, drawn[rows])


def where(known: Bools, texts: pl.Series) -> pl.Series:
    return take(texts, np.where(known, np.arange(len(texts)), NONE))

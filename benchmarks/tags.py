"""Two hundred rule tags over a loaded graph: all of them computed, the next day's, and nothing that changed, beside naive code per customer.

    python -m benchmarks.tags --store sqlite:///var/guanxi.db --tags 200 --people 20000

Takes a graph that `guanxi ingest` has filled and writes tags into it, so use a copy. Half of the rules compare properties, the others are cases, degrees, tags
upon tags, shared identifiers and what is near. The peer is what one writes first: a loop over customers, a function per rule, over a frame of the same columns
and dictionaries of the same relationships that it has in memory already; it does `--people` of them and its seconds are told as for all. Another peer
evaluates the rules over properties alone as expressions of polars. Both are to come to the same counts. Meanwhile somebody else writes one record at a
time to the same store, and how long that waits is told.
"""

import argparse
import os
import resource
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from graph_model.principal import Principal, Role
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.tags import computing, dictionary
from graph_model.services.tags.binding import end_of
from graph_model.services.tags.definition import ConsentClass, Schedule, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

WHO = Principal("benchmark", Role.SUPERVISOR)
Row = Mapping[str, Any]
Plainly = Callable[[Row], str | bool | None]  # a rule as one writes it by hand; None and False are without the tag


@dataclass(frozen=True, slots=True)
class Spec:
    """One tag: the rule, the same by hand, and as an expression of polars where it is over properties alone."""

    code: str
    kind: str
    rule: str
    plainly: Plainly | None = None
    expression: pl.Expr | None = None
    text: bool = False

    def draft(self) -> Draft:
        return Draft(
            self.code, self.code, self.code, "评测", self.kind, self.rule,
            value_type=ValueType.TEXT if self.text else ValueType.BOOL,
            consent=ConsentClass.RISK if self.code.startswith("risk_") else ConsentClass.MARKETING,
            schedule=Schedule.MANUAL,
        )  # fmt: skip


# --- the rules -------------------------------------------------------------------------------------------------------


def specs(number: int, today: date) -> list[Spec]:
    """So many, in the proportions of a dictionary that marketers filled."""
    parts = {"property": 0.5, "cases": 0.15, "degree": 0.15, "tags": 0.1}
    wanted = {kind: round(number * share) for kind, share in parts.items()}
    wanted["around"] = number - sum(wanted.values())
    made = [
        spec for kind, amount in wanted.items() for spec in (_MAKERS[kind](place, today) for place in range(amount))
    ]
    return made


SEXES = ("female", "male")
EDUCATION = ("primary", "middle", "high", "college", "bachelor", "doctor")
MARRIED = ("single", "married", "divorced", "widowed")


def _property(place: int, today: date) -> Spec:
    sex, married, level = SEXES[place % 2], MARRIED[place // 2 % 4], EDUCATION[place % 6]
    seen = today - timedelta(days=30 + 7 * place)
    match place % 4:
        case 0:
            rule, plainly = f"first_seen >= {seen}", lambda row: row["seen"] >= seen
            expression = pl.col("seen") >= seen
        case 1:
            rule = f'sex = "{sex}" and marital_status = "{married}"'
            plainly = lambda row: row["sex"] == sex and row["marital_status"] == married  # noqa: E731
            expression = (pl.col("sex") == sex) & (pl.col("marital_status") == married)
        case 2:
            rule = f'education in ("{level}", "master") and days_until(id_expiry_date) < {400 + 30 * place}'
            until = today + timedelta(days=400 + 30 * place)
            plainly = lambda row: (  # noqa: E731
                row["education"] in (level, "master")
                and row["id_expiry_date"] is not None
                and row["id_expiry_date"] < until
            )
            expression = pl.col("education").is_in([level, "master"]) & (pl.col("id_expiry_date") < until)
        case _:
            years = 20 + place % 40
            rule = f'years_since(birth_date) >= {years} and not sex = "{sex}"'
            reached = _years_before(today, years)
            plainly = lambda row: (  # noqa: E731
                row["birth_date"] is not None and row["birth_date"] <= reached and row["sex"] != sex
            )
            expression = (pl.col("birth_date") <= reached) & pl.col("sex").ne_missing(pl.lit(sex))
    return Spec(f"property_{place}", "property", rule, plainly, expression)


def _cases(place: int, today: date) -> Spec:
    ages = [20 + place % 10, 30 + place % 10, 45 + place % 10]
    reached = [_years_before(today, age) for age in ages]
    names = ("young", "middle", "older")
    rule = " ".join(
        f'when years_since(birth_date) < {age} then "{name}"' for age, name in zip(ages, names, strict=True)
    )

    def plainly(row: Row) -> str | None:
        born = row["birth_date"]
        if born is None:
            return None
        return next((name for day, name in zip(reached, names, strict=True) if born > day), "old")

    born, choice = pl.col("birth_date"), pl.when(pl.col("birth_date").is_null()).then(None)
    for day, name in zip(reached, names, strict=True):
        choice = choice.when(born > day).then(pl.lit(name))
    return Spec(
        f"cases_{place}",
        "cases",
        f'{rule} when birth_date is known then "old"',
        plainly,
        choice.otherwise(pl.lit("old")),
        True,
    )


def _degree(place: int, today: date) -> Spec:
    number, amount, days = 1 + place // 6, 10_000.0 * (1 + place), 60 * (1 + place)
    since = today - timedelta(days=days)
    match place % 6:
        case 0:
            return Spec(
                f"degree_{place}", "degree", f"degree(USES_PHONE) >= {number}", lambda row: row["phones"] >= number
            )
        case 1:
            return Spec(
                f"degree_{place}", "degree", f"degree(APPLIED to Application where amount >= {amount:.0f}) >= 1",
                lambda row: any(a is not None and a >= amount for a, _ in row["loans"]),
            )  # fmt: skip
        case 2:
            return Spec(
                f"degree_{place}", "degree", f"degree(APPLIED to Application where days_since(applied_at) < {days}) >= 1",
                lambda row: any(at is not None and at > since for _, at in row["loans"]),
            )  # fmt: skip
        case 3:
            return Spec(
                f"degree_{place}", "degree", f"degree(REFERRED out) >= {number}", lambda row: row["referred"] >= number
            )
        case 4:
            return Spec(
                f"degree_{place}", "degree", f"degree(USES_DEVICE) >= {number}", lambda row: row["devices"] >= number
            )
        case _:
            return Spec(
                f"degree_{place}", "degree", f"degree(APPLIED) >= {number}", lambda row: len(row["loans"]) >= number
            )


def _tags(place: int, _: date) -> Spec:
    first, second, third = f"property_{place}", f"degree_{place % 6}", f"cases_{place % 4}"
    if place % 2 == 0:
        return Spec(
            f"tags_{place}",
            "tags",
            f"tag({first}) and not tag({second})",
            lambda row: bool(row[first] and not row[second]),
        )
    return Spec(
        f"tags_{place}", "tags", f'tag({first}) or tag({third}) = "young"',
        lambda row: bool(row[first] or row[third] == "young"),
    )  # fmt: skip


def _around(place: int, _: date) -> Spec:
    number = 1 + place // 5
    match place % 5:
        case 0:
            return Spec(
                f"risk_shared_{place}", "around", f"shared(Device) >= {number}", lambda row: row["beside"] >= number
            )
        case 1:
            return Spec(f"risk_shared_{place}", "around", f"shared(Address) >= {number}")
        case 2:
            amount = 50_000.0 * number
            return Spec(
                f"around_{place}", "around", f"near(Application within 1 where amount >= {amount:.0f})",
                lambda row: any(a is not None and a >= amount for a, _ in row["loans"]),
            )  # fmt: skip
        case 3:
            return Spec(f"risk_near_{place}", "around", "near(Customer within 2 where blocklisted)")
        case _:
            return Spec(f"around_{place}", "around", f"shared(Phone by USES_PHONE) >= {number}")


_MAKERS: Mapping[str, Callable[[int, date], Spec]] = {
    "property": _property, "cases": _cases, "degree": _degree, "tags": _tags, "around": _around,
}  # fmt: skip


def _years_before(day: date, years: int) -> date:
    return date(day.year - years, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - years)


# --- the peers -------------------------------------------------------------------------------------------------------


def frame_of(store: GraphStore, today: date) -> pl.DataFrame:
    """Customers as a data frame: properties, and what surrounds them."""
    end = int(end_of(today).timestamp() * 1000)
    names = ("sex", "education", "marital_status", "birth_date", "id_expiry_date")
    people = store.scan_nodes("Customer", names)
    texts = {name: people.properties[name].tolist() for name in names[:3]}
    frame = pl.DataFrame({"nid": people.handles, "at": people.first_seen, "recorded": people.recorded_at, **texts})
    days = {name: pl.Series(name, people.properties[name]) for name in names[3:]}
    frame = frame.with_columns(
        *(pl.when(days[name] > -(10**9)).then(days[name]).cast(pl.Int32).cast(pl.Date).alias(name) for name in days),
        pl.from_epoch("at", "ms")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(str(LOCAL_ZONE))
        .dt.date()
        .alias("seen"),
    )
    return frame.filter((pl.col("at") <= end) & (pl.col("recorded") <= end))


def surroundings(store: GraphStore, today: date) -> dict[str, Mapping[int, Any]]:
    """By customer: how many phones, devices, referred; loans as (amount, day); and how many others share a device."""
    end = int(end_of(today).timestamp() * 1000)

    def edges(type: str, start: str, finish: str) -> list[tuple[int, int]]:
        found = store.scan_edges(type, start, finish)
        kept = (found.first_seen <= end) & (found.recorded_at <= end)
        return list(zip(found.start[kept].tolist(), found.end[kept].tolist(), strict=True))

    loans = store.scan_nodes("Application", ("amount", "applied_at"))
    there = (loans.first_seen <= end) & (loans.recorded_at <= end)
    moments = [
        None if moment < 0 else datetime.fromtimestamp(moment / 1000, LOCAL_ZONE).date()
        for moment in loans.properties["applied_at"].tolist()
    ]
    amounts = [None if amount != amount else amount for amount in loans.properties["amount"].tolist()]
    said = zip(loans.handles.tolist(), amounts, moments, there.tolist(), strict=True)
    known = {loan: (amount, at) for loan, amount, at, kept in said if kept}
    of: dict[int, list[Any]] = defaultdict(list)
    for person, loan in edges("APPLIED", "Customer", "Application"):
        of[person].append(known[loan])
    devices, users = defaultdict(set), defaultdict(set)
    for person, device in edges("USES_DEVICE", "Customer", "Device"):
        devices[person].add(device)
        users[device].add(person)
    beside = {person: len(set().union(*(users[device] for device in own))) - 1 for person, own in devices.items()}
    return {
        "phones": Counter(person for person, _ in edges("USES_PHONE", "Customer", "Phone")),
        "referred": Counter(one for one, other in edges("REFERRED", "Customer", "Customer") if one != other),
        "devices": {person: len(own) for person, own in devices.items()},
        "loans": of,
        "beside": beside,
    }


def by_hand(frame: pl.DataFrame, around: Mapping[str, Mapping[int, Any]], rules: Sequence[Spec]) -> dict[str, int]:
    """Customer by customer, rule by rule: how many have which tag."""
    counts: Counter[str] = Counter()
    none: Mapping[str, Any] = {"loans": ()}
    for row in frame.iter_rows(named=True):
        for name, known in around.items():
            row[name] = known.get(row["nid"], none.get(name, 0))
        for spec in rules:
            assert spec.plainly is not None
            value = row[spec.code] = spec.plainly(row)
            if value not in (None, False):
                counts[spec.code] += 1
    return dict(counts)


def by_polars(frame: pl.DataFrame, rules: Sequence[Spec]) -> dict[str, int]:
    columns = [spec.expression.alias(spec.code) for spec in rules if spec.expression is not None]
    found = frame.select(columns)
    return {
        name: int((found[name].sum() if found[name].dtype == pl.Boolean else found[name].count()) or 0)
        for name in found.columns
    }


# --- measuring -------------------------------------------------------------------------------------------------------


@dataclass
class Spent:
    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def spent(name: str) -> Iterator[Spent]:
    found, cpu, clock = Spent(), time.process_time(), time.perf_counter()
    yield found
    found.cpu, found.wall = time.process_time() - cpu, time.perf_counter() - clock
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:58}{found.cpu:9.1f} CPU s{found.wall:9.1f} s by the clock{memory:8,} MB", flush=True)


@contextmanager
def somebody_else(address: str) -> Iterator[list[float]]:
    """Writes one record at a time through a store of its own; how long each took."""
    waits: list[float] = []
    over = threading.Event()

    def write() -> None:
        store = open_store(address)
        while not over.wait(0.05):
            began = time.perf_counter()
            store.put_state("benchmark/beat", utc_now().isoformat())
            waits.append(time.perf_counter() - began)
        store.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


def size_of(address: str) -> int:
    path = Path(urlsplit(address).path)
    return sum(file.stat().st_size for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="address of a loaded graph")
    parser.add_argument("--tags", type=int, default=200)
    parser.add_argument("--people", type=int, default=20_000, help="how many the peer does")
    options = parser.parse_args()
    store, now = open_store(options.store), utc_now()
    today = computing.base_date_of(now)
    rules = specs(options.tags, today)
    print(f"{len(rules)} tags: {dict(Counter(spec.kind for spec in rules))}; load {os.getloadavg()[0]:.1f}")
    known = dictionary.everything(store)
    for spec in rules:
        if spec.code not in known:
            dictionary.define(store, WHO, spec.draft(), now=now)

    def compute(name: str, day: date, *, again: bool = False) -> dict[str, int]:
        before = size_of(options.store)
        with somebody_else(options.store) as waits, spent(name):
            done = computing.compute(
                store, base_date=day, codes=[spec.code for spec in rules], again=again, by="benchmark", clock=utc_now,
                on_progress=lambda *_: None,
            )  # fmt: skip
        grown = (size_of(options.store) - before) / 1e6
        changed = sum(outcome.run.changed for outcome in done if outcome.run is not None)
        waited = f"median {statistics.median(waits) * 1000:.0f}, most {max(waits) * 1000:.0f} ms" if waits else "none"
        print(f"    {changed:,} values written, file {grown:+,.0f} MB; somebody else's {len(waits)} writes: {waited}")
        assert not any(outcome.failed for outcome in done), [o for o in done if o.failed]
        return {outcome.code: outcome.run.coverage for outcome in done if outcome.run is not None}

    yesterday = today - timedelta(days=1)
    compute("first, for the day before", yesterday)
    ours = compute("the next day", today)
    compute("once more, where nothing has changed", today)
    with spent("reading a frame of customers"):
        frame = frame_of(store, today)
    with spent("rules over properties by polars, in memory"):
        theirs = by_polars(frame, rules)
    assert all(ours[code] == number for code, number in theirs.items()), {
        code: (ours[code], number) for code, number in theirs.items() if ours[code] != number
    }
    with spent("reading relationships for the loop"):
        around = surroundings(store, today)
    plain = [spec for spec in rules if spec.plainly is not None]
    some = frame.head(options.people)
    with spent(f"the loop, {len(plain)} rules over {len(some):,} customers") as loop:
        counted = by_hand(some, around, plain)
    print(f"    {loop.cpu * len(frame) / len(some):,.0f} CPU s for all {len(frame):,}")
    if len(some) == len(frame):
        differs = {spec.code: (ours[spec.code], counted.get(spec.code, 0)) for spec in plain}
        assert all(one == other for one, other in differs.values()), {c: n for c, n in differs.items() if n[0] != n[1]}
    store.close()


if __name__ == "__main__":
    main()

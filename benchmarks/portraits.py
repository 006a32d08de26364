"""Macro portraits and look-alikes over a loaded graph, beside SQLite's own GROUP BY and Polars on the same file.

    python -m benchmarks.portraits --store sqlite:///var/guanxi.db --spreaders 50000 --grow 50000 --rounds 3

Takes a SQLite graph that `guanxi ingest` has filled and whose tags of docs/examples/tags.toml are computed. One that was never scored gets grades drawn
at random first, so use a copy. All that is compared runs in turn in one process and must count the same. Times are CPU time of all
threads, and by the clock.
"""

import argparse
import resource
import sqlite3
from datetime import datetime, timedelta

import polars as pl

from benchmarks.audiences import CHANNEL, GATE, WHO, grade_at_random
from benchmarks.segments import Times
from graph_model.principal import Principal, Role
from graph_model.services import audiences
from graph_model.services.audience_records import Recipe, Version
from graph_model.services.macro_portraits.portrait import Applied, MacroPortrait, cross
from graph_model.services.referrals import circles_of
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

MARKETER = Principal("benchmark", Role.MARKETER)
PAIRS = (("age_band", "application_activity"), ("age_band", "referrer"))
_TAG = """
SELECT t.nid, t.value FROM tagged t WHERE t.tag = (SELECT code FROM vocabulary WHERE kind = 'tag' AND name = '{code}')
"""
_PEOPLE = (
    "SELECT n.nid FROM node n WHERE n.label = (SELECT code FROM vocabulary WHERE kind = 'label' AND name = 'Customer')"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="address of a loaded SQLite graph")
    parser.add_argument("--spreaders", type=int, default=2_000)
    parser.add_argument("--grow", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--crossings", action="store_true", help="macro portraits only")
    options = parser.parse_args()
    store, now, times = open_store(options.store), utc_now(), Times()
    if store.latest_scoring() is None:
        grade_at_random(store, now - timedelta(hours=1))
    beside = sqlite3.connect(options.store.removeprefix("sqlite:///"))
    drawn: Version | None = None
    for number in range(options.rounds):
        for rows, columns in PAIRS:
            name = f"{rows} by {columns}"
            ours = times.of(name, lambda: cross(store, WHO, rows, columns, now=now))  # noqa: B023 - called at once
            times.of(f"{name}, for a marketer", lambda: cross(store, MARKETER, rows, columns, now=now))  # noqa: B023
            grouped = times.of(f"{name}, GROUP BY", lambda: by_group(beside, rows, columns))  # noqa: B023
            frames = times.of(f"{name}, Polars", lambda: by_polars(beside, rows, columns))  # noqa: B023
            assert cells(ours) == sorted(grouped) == sorted(frames), "all count the same"
        times.of("age_band by product", lambda: cross(store, WHO, "age_band", by=Applied.PRODUCT, now=now))
        if not options.crossings:
            drawn = audience(store, options.spreaders, options.grow, number, now, times)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{ours.population:,} customers; memory {memory:,} MB")
    if drawn is not None:
        print(f"{drawn.members:,} members, {drawn.grown:,} of them look-alikes")
        for each in drawn.likeness:
            print(f"  {each.code}: {', '.join(f'{trait.value} {trait.weight:+.2f}' for trait in each.traits)}")
    print(times.table())
    beside.close()
    store.close()


def audience(store: GraphStore, spreaders: int, grow: int, number: int, now: datetime, times: Times) -> Version:
    circles = circles_of(store, GATE.secret, as_of=now)
    _, version = times.of(
        f"audience of {spreaders:,} spreaders and {grow:,} like them",
        lambda: audiences.create(
            store, GATE, circles, WHO,
            audiences.Draft(f"benchmark {now:%H:%M:%S} {number}", CHANNEL, "benchmark", Recipe(spreaders=spreaders, grow=grow)), now=now,
        ),
    )  # fmt: skip
    return version


def cells(found: MacroPortrait) -> list[int]:
    return sorted(cell.count for row in found.cells for cell in row if cell.count)


def by_group(connection: sqlite3.Connection, rows: str, columns: str) -> list[int]:
    text = (
        f"SELECT count(*) FROM ({_PEOPLE}) n LEFT JOIN ({_TAG.format(code=rows)}) a ON a.nid = n.nid "  # noqa: S608 - codes of our own
        f"LEFT JOIN ({_TAG.format(code=columns)}) b ON b.nid = n.nid GROUP BY a.value, b.value"
    )
    return [count for (count,) in connection.execute(text)]


def by_polars(connection: sqlite3.Connection, rows: str, columns: str) -> list[int]:
    people, one, other = (
        pl.read_database(text, connection)
        for text in (_PEOPLE, _TAG.format(code=rows), _TAG.format(code=columns))
    )  # fmt: skip
    beside = people.join(one, on="nid", how="left").join(other, on="nid", how="left", suffix="_other")
    return beside.group_by("value", "value_other").len()["len"].to_list()


if __name__ == "__main__":
    main()

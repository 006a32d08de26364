"""How SQLite crosses: whichever values its look at a few nodes meets, and however its numbers travel, each node is counted where it belongs."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from graph_model.crossing import ByNeighbour, ByTag
from graph_model.stores.sqlite import SqliteStore, crossing, joined
from graph_model.tagging import TagCell, TagRun
from tests.stores.scenarios import application, batch, customer, day, edge, id_of, node

PEOPLE = [customer(f"c{number:02}") for number in range(24)]
LEVELS: list[TagCell | None] = ["gold", "silver", "lead", None, "silver"]
RATES: list[TagCell | None] = [1.0, 2.5, -3.0, 7.0]
PRODUCTS = ("cash", "card", "car")


def level(place: int) -> TagCell | None:
    return LEVELS[place % len(LEVELS)]


def rate(place: int) -> TagCell | None:
    return RATES[place % len(RATES)]


def products(place: int) -> tuple[str, ...]:
    """Everybody applies once for each of the first few, whoever comes later for fewer, and some twice for the same."""
    return tuple(sorted(PRODUCTS[: place % 4]))


@pytest.fixture
def book(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path / "graph.db", create=True)
    edges, nodes = [], [node(ref) for ref in PEOPLE]
    for place, ref in enumerate(PEOPLE):
        for number, product in enumerate((*products(place), *products(place)[: place % 2])):
            applied = application(f"x{place}-{number}")
            edges.append(edge("APPLIED", ref, applied))
            nodes.append(node(applied, product=product))
    store.upsert(batch(*edges, nodes=nodes))
    ids = [id_of(store, ref) for ref in PEOPLE]
    for code, value in (("level", level), ("rate", rate)):
        run = TagRun(code, 1, date(2025, 1, 1), day(1), "job")
        store.give_tag(run, {each: value(place) for place, each in enumerate(ids)})
    return store


@pytest.mark.parametrize("spread", [1, 2, 7, 1_000])
@pytest.mark.parametrize("digits", [18, 3])
def test_each_node_is_counted_once_with_its_values(
    book: SqliteStore, monkeypatch: pytest.MonkeyPatch, spread: int, digits: int
) -> None:
    monkeypatch.setattr(crossing, "_SPREAD", spread)
    monkeypatch.setattr(joined, "_MOST_DIGITS", digits)
    applied = ByNeighbour("APPLIED", "Application", "product", day(20))
    for axis, told in ((ByTag("rate"), rate), (applied, products)):
        found = book.cross("Customer", (ByTag("level"), axis))
        counted = Counter((level(place), told(place)) for place in range(len(PEOPLE)))
        assert {(each.row, each.column): each.count for each in found} == counted
    book.close()

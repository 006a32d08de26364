"""Pages of who was in a segment by one edition, however many others lie between them: all of them once, by rising id, from wherever one goes on."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.store import GraphStore
from graph_model.stores.sqlite import past_runs
from graph_model.tagging import TagRun
from tests.stores.adapters import Adapter
from tests.stores.scenarios import batch, customer, day, device, id_of, node

PEOPLE = [customer(f"c{number:02}") for number in range(30)]


def run(number: int) -> TagRun:
    return TagRun("segment:some", number, date(2025, 1, number), day(number), "job")


@pytest.fixture
def ids(store: GraphStore) -> list[str]:
    """Of thirty customers who came in five batches, each with as many devices."""
    for begin in range(0, 30, 6):
        others = [node(device(f"d{number}")) for number in range(begin, begin + 6)]
        store.upsert(batch(nodes=[*(node(ref) for ref in PEOPLE[begin : begin + 6]), *others]))
    return [id_of(store, ref) for ref in PEOPLE]


def pages(store: GraphStore, of: TagRun, size: int) -> list[str]:
    found: list[str] = []
    while True:
        page = store.tagged_by(of, after=found[-1] if found else "", limit=size)
        found += page
        if len(page) < size:
            return found


@pytest.mark.parametrize("among", [0, 2])
def test_a_page_goes_on_where_the_last_one_ended(
    adapter: Adapter, store: GraphStore, ids: list[str], among: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far a page is looked for before everybody of the edition is put in order, and whoever joined or left since."""
    monkeypatch.setattr(past_runs, "_AMONG", among)
    versions = st.lists(st.sets(st.integers(0, 29)), min_size=3, max_size=3)
    number = iter(range(1, 1_000))

    @settings(
        max_examples=adapter.examples(10),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(versions, st.integers(1, 12))
    def holds(members: list[set[int]], size: int) -> None:
        base = next(number)
        runs = [
            TagRun(f"segment:s{base}", version, date(2025, 1, version), day(version), "job") for version in (1, 2, 3)
        ]
        for of, there in zip(runs, members, strict=True):
            store.give_tag(of, {each: 1 if place in there else None for place, each in enumerate(ids)})
        for of, there in zip(runs, members, strict=True):
            assert pages(store, of, size) == sorted(ids[place] for place in there)
        assert store.tagged_by(run(9), limit=size) == []

    holds()

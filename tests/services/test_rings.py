"""Rings as lists: ordered, filtered, and walked page by page while the graph is scored anew."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.columns import AssessmentColumns
from graph_model.errors import Forbidden, UnknownName
from graph_model.principal import Principal, Role
from graph_model.records import AsOf, GraphBatch, NodeRecord, NodeRef, Ring
from graph_model.services import rings
from graph_model.services.rings import RingFilter, RingOrder, RingPlace, member_page, place_of, ring_page
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures.reference_case import id_number

INVESTIGATOR = Principal("ida", Role.INVESTIGATOR)
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def ring(name: str, size: int, fraud: int, at: datetime = DAY, **facts: object) -> Ring:
    return Ring(name, size, fraud, at, at, "m1", facts)


FARM = ring("farm", 12, 6, score=0.7, motif="device_farm", held_by={"Device": 2}, new_30d=9)
CIRCLE = ring("circle", 30, 2, score=0.4, motif="referral_circle", held_by={"Phone": 3, "Device": 1}, new_30d=1)
MULES = ring("mules", 5, 5, score=0.9, held_by={"BankAccount": 1})
BARE = ring("bare", 4, 0)
ALL = [FARM, CIRCLE, MULES, BARE]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """Four rings of one scoring."""
    opened = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    opened.append_rings(ALL)
    yield opened
    opened.close()


def listed(
    store: GraphStore, *, first: int = 50, order: RingOrder = RingOrder.KNOWN_FRAUD, **bounds: object
) -> list[str]:
    page = ring_page(store, INVESTIGATOR, first=first, wanted=RingFilter(**bounds), order=order)  # type: ignore[arg-type]
    assert page.total == len(page.rings)
    return [found.ring_id for found in page.rings]


def walk(store: GraphStore, *, first: int, order: RingOrder, between: object = None) -> list[str]:
    """Page after page; `between` is done once, after the first."""
    names: list[str] = []
    after: RingPlace | None = None
    while True:
        page = ring_page(store, INVESTIGATOR, first=first, after=after, order=order)
        assert page.has_previous is (after is not None)
        names += [found.ring_id for found in page.rings]
        if not page.has_next:
            return names
        after = place_of(page.rings[-1], order)
        if callable(between):
            between()
            between = None


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (RingOrder.KNOWN_FRAUD, ["farm", "mules", "circle", "bare"]),
        (RingOrder.KNOWN_FRAUD_SHARE, ["mules", "farm", "circle", "bare"]),
        (RingOrder.SIZE, ["circle", "farm", "mules", "bare"]),
        (RingOrder.MEAN_SCORE, ["mules", "farm", "circle", "bare"]),
        (RingOrder.NEW_MEMBERS, ["farm", "circle", "bare", "mules"]),
    ],
)
def test_the_worst_ring_comes_first_by_any_measure(store: GraphStore, order: RingOrder, names: list[str]) -> None:
    assert listed(store, order=order) == names
    for first in (1, 2, 3):
        assert walk(store, first=first, order=order) == names


@pytest.mark.parametrize(
    ("bounds", "names"),
    [
        ({"min_size": 12}, ["farm", "circle"]),
        ({"max_size": 5}, ["mules", "bare"]),
        ({"min_known_fraud": 2, "max_known_fraud": 5}, ["mules", "circle"]),
        ({"min_known_fraud_share": 0.5}, ["farm", "mules"]),
        ({"max_known_fraud_share": 0.0}, ["bare"]),
        ({"min_mean_score": 0.7}, ["farm", "mules"]),
        ({"max_mean_score": 1.0}, ["farm", "mules", "circle"]),
        ({"motif": "device_farm"}, ["farm"]),
        ({"held_by": "Device"}, ["farm", "circle"]),
        ({"held_by": "Device", "min_known_fraud": 3}, ["farm"]),
    ],
)
def test_rings_are_chosen_by_what_was_kept_of_them(
    store: GraphStore, bounds: dict[str, object], names: list[str]
) -> None:
    assert listed(store, **bounds) == names


def test_a_ring_held_by_something_undeclared_is_refused(store: GraphStore) -> None:
    with pytest.raises(UnknownName):
        listed(store, held_by="Spaceship")


def test_a_walk_goes_on_in_the_scoring_it_began_in(store: GraphStore) -> None:
    """The nightly scoring lands after the first page: mules dissolved, a new ring tops the list. The walk still sees the old four, each once."""
    night = DAY + timedelta(days=1)

    def rescore() -> None:
        store.append_rings([ring("giant", 90, 80, night), ring("farm", 13, 1, night)])

    assert walk(store, first=1, order=RingOrder.KNOWN_FRAUD, between=rescore) == ["farm", "mules", "circle", "bare"]
    assert listed(store) == ["giant", "farm"]
    before = ring_page(store, INVESTIGATOR, first=9, as_of=AsOf.at(DAY + timedelta(hours=5)))
    assert [found.size for found in before.rings] == [12, 5, 30, 4]


@settings(max_examples=25, deadline=None)
@given(
    fraud=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    first=st.integers(1, 5),
    order=st.sampled_from(RingOrder),
)
def test_pages_put_together_are_the_list(
    tmp_path_factory: pytest.TempPathFactory, fraud: list[int], first: int, order: RingOrder
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('rings') / 'graph.db'}", create=True)
    try:
        store.append_rings(ring(f"r{i}", 3 + count, count, score=count / 7) for i, count in enumerate(fraud))
        assert walk(store, first=first, order=order) == listed(store, order=order)
        assert len(listed(store)) == len(fraud)
    finally:
        store.close()


def test_members_come_riskiest_first_and_only_to_who_may_see_people(store: GraphStore) -> None:
    people = [NodeRef("Customer", id_number(date(1980 + i, 1, 1), 10 + i)) for i in range(5)]
    store.upsert(GraphBatch([NodeRecord(ref, DAY, DAY, "files", {"name": "某某"}) for ref in people]))
    _score(store, DAY, members=4)
    page = member_page(store, INVESTIGATOR, "farm", first=3)
    assert [node.score for node in page.members] == [0.9, 0.9, 0.8] and page.total == 4 and page.has_next
    rest = member_page(store, INVESTIGATOR, "farm", first=3, after=rings.member_place(page.members[-1]))
    assert [node.score for node in rest.members] == [0.5] and rest.has_previous and not rest.has_next
    with pytest.raises(Forbidden):
        member_page(store, Principal("key:engine", Role.RISK_ENGINE), "farm", first=3)

    _score(store, DAY + timedelta(days=1), members=2)
    assert member_page(store, INVESTIGATOR, "farm", first=9).total == 2
    assert member_page(store, INVESTIGATOR, "farm", first=9, as_of=AsOf.at(DAY - timedelta(days=1))).total == 0


def _score(store: GraphStore, at: datetime, *, members: int) -> None:
    handles = store.scan_nodes("Customer").handles
    columns = AssessmentColumns(
        handles=np.asarray(handles, dtype=np.int64),
        score=np.array([0.8, 0.9, 0.9, 0.5, 0.1]),
        grade=np.full(5, 3, dtype=np.int8),
        ring=np.array([0] * members + [-1] * (5 - members), dtype=np.int32),
        rings=["farm"],
        reasons=["[]"] * 5,
    )
    store.append_assessments(columns, source="model", model_version="m1", policy_version="1", as_of=at, scored_at=at)


def test_key_members_are_those_the_scoring_named(store: GraphStore) -> None:
    person = NodeRef("Customer", id_number(date(1990, 1, 1), 3))
    store.upsert(GraphBatch([NodeRecord(person, DAY, DAY, "files")]))
    node = store.get(person)
    assert node is not None
    named = ring("gang", 3, 1, key_members=[node.node_id, "gone"])
    assert rings.key_members(store, INVESTIGATOR, named) == [node]
    assert rings.key_members(store, INVESTIGATOR, BARE) == []

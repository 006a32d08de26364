"""Why are these two connected? The shortest few ways, the quiet ones first, never through a hub."""

import pytest

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import AsOf
from graph_model.store import GraphStore
from tests.stores import portrait
from tests.stores.scenarios import address, batch, customer, day, device, device_farm, edge, id_of, phone


def ways(store: GraphStore, start: str, end: str, **options: int) -> list[list[str]]:
    found = store.paths(id_of(store, customer(start)), id_of(store, customer(end)), **options)
    return [[ref.key for ref in portrait.of_path(path)] for path in found]


def test_shorter_ways_come_first_and_of_equals_the_quieter(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("USES_PHONE", customer("c1"), phone("p1"), 1),
            edge("USES_PHONE", customer("c2"), phone("p1"), 1),
            edge("USES_PHONE", customer("c3"), phone("p1"), 1),
            edge("USES_DEVICE", customer("c1"), device("d1"), 1),
            edge("USES_DEVICE", customer("c2"), device("d1"), 1),
            edge("HAS_ADDRESS", customer("c1"), address("a1"), 1, qualifier="home"),
            edge("HAS_ADDRESS", customer("c3"), address("a1"), 1, qualifier="home"),
        )
    )
    assert ways(store, "c1", "c2") == [["c1", "d1", "c2"], ["c1", "p1", "c2"], ["c1", "a1", "c3", "p1", "c2"]]
    assert ways(store, "c1", "c2", k=1) == [["c1", "d1", "c2"]]
    assert ways(store, "c1", "c2", max_hops=1) == []


def test_each_step_of_a_way_is_an_edge_in_either_direction(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("REFERRED", customer("c2"), customer("c1"), 1),
            edge("GUARANTEES", customer("c1"), customer("c2"), 9),
            edge("REFERRED", customer("c2"), customer("c3"), 2),
        )
    )
    (path,) = store.paths(id_of(store, customer("c1")), id_of(store, customer("c3")))
    assert [e.type for e in path.edges] == ["GUARANTEES", "REFERRED"]  # the more recent of the two that join c1 and c2
    for i, e in enumerate(path.edges):
        assert {e.start, e.end} == {path.nodes[i].node_id, path.nodes[i + 1].node_id}


def test_no_way_leads_through_a_hub_but_one_may_end_there(store: GraphStore) -> None:
    store.upsert(device_farm(300))
    assert ways(store, "c00001", "c00002", hub=200) == []
    assert ways(store, "c00001", "c00002", hub=300) == [["c00001", "farm", "c00002"]]
    to_hub = store.paths(id_of(store, customer("c00001")), id_of(store, device("farm")), hub=200)
    assert [portrait.of_path(path) for path in to_hub] == [(customer("c00001"), device("farm"))]


def test_two_hubs_are_joined_by_those_they_share(store: GraphStore) -> None:
    store.upsert(device_farm(300))
    store.upsert(batch(*(edge("USES_PHONE", customer(f"c{i:05}"), phone("centre"), i) for i in range(298, 600))))
    found = store.paths(id_of(store, device("farm")), id_of(store, phone("centre")), k=5, hub=200)
    assert [[ref.key for ref in portrait.of_path(path)] for path in found] == [
        ["farm", "c00298", "centre"],
        ["farm", "c00299", "centre"],
    ]


def test_a_long_chain_of_guarantors_is_followed_to_the_last_hop(store: GraphStore) -> None:
    store.upsert(batch(*(edge("GUARANTEES", customer(f"c{i}"), customer(f"c{i + 1}"), i) for i in range(7))))
    assert ways(store, "c0", "c6", max_hops=6) == [[f"c{i}" for i in range(7)]]
    assert ways(store, "c0", "c7", max_hops=6) == []


def test_a_way_as_of_a_day_uses_only_what_was_there(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("USES_PHONE", customer("c1"), phone("p1"), 1),
            edge("USES_PHONE", customer("c2"), phone("p1"), 5),
        )
    )
    c1, p1 = id_of(store, customer("c1")), id_of(store, phone("p1"))
    assert len(store.paths(c1, p1, as_of=AsOf(day(1), None))) == 1
    with pytest.raises(NotFound):
        store.paths(c1, id_of(store, customer("c2")), as_of=AsOf(day(4), None))


def test_senseless_requests_are_refused(store: GraphStore) -> None:
    store.upsert(batch(edge("USES_PHONE", customer("c1"), phone("p1"))))
    c1, p1 = id_of(store, customer("c1")), id_of(store, phone("p1"))
    with pytest.raises(InvalidRequest):
        store.paths(c1, c1)
    with pytest.raises(InvalidRequest):
        store.paths(c1, p1, max_hops=7)
    with pytest.raises(InvalidRequest):
        store.paths(c1, p1, k=0)
    with pytest.raises(NotFound):
        store.paths(c1, "no-such-id")

"""Wider views: a whole component, the edges among chosen nodes, and how many relationships a node has."""

import pytest

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import AsOf, Degree, Omission
from graph_model.store import MAX_LIMIT, GraphStore
from tests.stores.scenarios import (
    address,
    application,
    batch,
    customer,
    day,
    device,
    device_farm,
    edge,
    id_of,
    keys,
    phone,
    referral_circle,
)


def test_a_component_holds_all_that_hangs_together_and_nothing_else(store: GraphStore) -> None:
    store.upsert(referral_circle())
    store.upsert(batch(edge("USES_PHONE", customer("stranger"), phone("p9"))))

    answer = store.component(id_of(store, customer("c2")))
    assert sorted(keys(answer)) == ["c1", "c2", "c3", "home"]
    assert len(answer.edges) == 5
    assert {n.key: answer.hops[n.node_id] for n in answer.nodes} == {"c2": 0, "c1": 1, "c3": 1, "home": 2}
    assert answer.omissions == []


def test_a_component_does_not_pass_through_a_hub(store: GraphStore) -> None:
    store.upsert(device_farm(30, hub="public wifi"))
    store.upsert(batch(edge("USES_PHONE", customer("c00001"), phone("p1"), 50)))

    answer = store.component(id_of(store, customer("c00001")), hub=20)
    assert keys(answer) == ["c00001", "p1", "public wifi"]
    assert answer.omissions == [Omission(id_of(store, device("public wifi")), "USES_DEVICE", shown=1, total=30)]
    assert len(store.component(id_of(store, customer("c00001")), hub=30).nodes) == 32


def test_a_hub_that_was_asked_for_is_passed_through(store: GraphStore) -> None:
    store.upsert(device_farm(30))
    answer = store.component(id_of(store, device("farm")), hub=20)
    assert len(answer.nodes) == 31


def test_a_component_stops_at_its_limit_and_says_where(store: GraphStore) -> None:
    store.upsert(device_farm(30))
    answer = store.component(id_of(store, device("farm")), limit=4)
    assert keys(answer) == ["farm", "c00029", "c00028", "c00027"]
    assert answer.omissions == [Omission(id_of(store, device("farm")), "USES_DEVICE", shown=3, total=30)]


def test_a_component_as_of_a_day_is_the_one_of_that_day(store: GraphStore) -> None:
    store.upsert(device_farm(300))
    then = AsOf(day(19), None)
    answer = store.component(id_of(store, customer("c00000")), hub=20, as_of=then)
    assert len(answer.nodes) == 21  # the hub of today was none then
    assert len(store.component(id_of(store, customer("c00000")), hub=20).nodes) == 2
    with pytest.raises(NotFound):
        store.component(id_of(store, customer("c00100")), as_of=then)


def test_chosen_nodes_are_shown_in_the_order_asked_with_the_edges_among_them(store: GraphStore) -> None:
    store.upsert(referral_circle())
    c1, c3 = id_of(store, customer("c1")), id_of(store, customer("c3"))
    answer = store.induced([c3, "no-such-id", c1, c3])
    assert keys(answer) == ["c3", "c1"]
    assert [(e.type, e.start, e.end) for e in answer.edges] == [("REFERRED", c3, c1)]
    assert dict(answer.hops) == {}
    assert answer.omissions == ()
    assert store.induced([]).nodes == []
    assert len(store.induced([c1, c3], as_of=AsOf(day(2.5), None)).edges) == 0


def test_too_many_chosen_nodes_are_refused(store: GraphStore) -> None:
    with pytest.raises(InvalidRequest):
        store.induced(["x"] * (MAX_LIMIT + 1))


def test_relationships_are_counted_by_type_and_neighbour_in_both_directions(store: GraphStore) -> None:
    store.upsert(referral_circle())
    store.upsert(
        batch(
            edge("HAS_ADDRESS", customer("c1"), address("home"), 6, qualifier="work"),
            edge("USES_PHONE", customer("c1"), phone("p1"), 7),
            edge("USES_PHONE", application("x1"), phone("p1"), 8),
            edge("REFERRED", customer("c1"), customer("c1"), 9),
        )
    )
    c1, p1 = id_of(store, customer("c1")), id_of(store, phone("p1"))

    assert store.degrees([p1, c1, "no-such-id"]) == {
        p1: [Degree("USES_PHONE", "Customer", 1), Degree("USES_PHONE", "Application", 1)],
        c1: [
            Degree("USES_PHONE", "Phone", 1),
            Degree("HAS_ADDRESS", "Address", 2),
            Degree("REFERRED", "Customer", 3),
        ],
    }
    assert store.degrees([c1], as_of=AsOf(day(4), None)) == {
        c1: [Degree("HAS_ADDRESS", "Address", 1), Degree("REFERRED", "Customer", 2)]
    }


def test_a_hub_is_counted_now_and_as_of_a_day(store: GraphStore) -> None:
    store.upsert(device_farm(3412))
    farm = id_of(store, device("farm"))
    assert store.degrees([farm]) == {farm: [Degree("USES_DEVICE", "Customer", 3412)]}
    assert store.degrees([farm], as_of=AsOf(day(99), None)) == {farm: [Degree("USES_DEVICE", "Customer", 100)]}


def test_a_node_without_relationships_has_none_and_an_unseen_one_is_left_out(store: GraphStore) -> None:
    store.upsert(batch(edge("USES_PHONE", customer("c1"), phone("p1"), 5)))
    c1 = id_of(store, customer("c1"))
    assert store.degrees([c1], as_of=AsOf(day(4), None)) == {}
    assert store.degrees([]) == {}

"""The relation graph around one node: whom it shows, in what order, and what it says it left out."""

import pytest

from graph_model.errors import InvalidRequest, NotFound, UnknownName
from graph_model.records import AsOf, GraphBatch, Omission
from graph_model.store import MAX_CAP, MAX_HOPS, MAX_LIMIT, GraphStore
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
    node,
    phone,
    referral_circle,
)


def test_two_customers_who_share_a_device_are_two_hops_apart(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("USES_DEVICE", customer("c1"), device("d1"), 1),
            edge("USES_DEVICE", customer("c2"), device("d1"), 2),
            edge("USES_PHONE", customer("c2"), phone("p1"), 3),
        )
    )
    c1 = id_of(store, customer("c1"))

    one, two, three = (store.neighbourhood(c1, hops=hops) for hops in (1, 2, 3))
    assert keys(one) == ["c1", "d1"]
    assert keys(two) == ["c1", "d1", "c2"]
    assert keys(three) == ["c1", "d1", "c2", "p1"]
    assert list(three.hops.values()) == [0, 1, 2, 3]
    assert three.omissions == []


def test_every_edge_among_the_shown_nodes_is_shown(store: GraphStore) -> None:
    store.upsert(referral_circle())
    answer = store.neighbourhood(id_of(store, customer("c1")), hops=1)

    key_of = {n.node_id: n.key for n in answer.nodes}
    assert [(e.type, key_of[e.start], key_of[e.end]) for e in answer.edges] == [
        ("HAS_ADDRESS", "c1", "home"),
        ("HAS_ADDRESS", "c3", "home"),
        ("REFERRED", "c1", "c2"),
        ("REFERRED", "c3", "c1"),
        ("REFERRED", "c2", "c3"),
    ]


def test_what_lies_beyond_the_last_hop_is_said(store: GraphStore) -> None:
    store.upsert(device_farm(3))
    answer = store.neighbourhood(id_of(store, customer("c00000")), hops=1)
    assert answer.omissions == [Omission(id_of(store, device("farm")), "USES_DEVICE", shown=1, total=3)]


def test_a_hub_shows_its_newest_fifty_and_says_how_many_there_are(store: GraphStore) -> None:
    store.upsert(device_farm(3412))
    answer = store.neighbourhood(id_of(store, device("farm")), hops=1)

    assert keys(answer) == ["farm", *(f"c{i:05}" for i in range(3411, 3361, -1))]
    assert len(answer.edges) == 50
    assert answer.omissions == [Omission(id_of(store, device("farm")), "USES_DEVICE", shown=50, total=3412)]


def test_a_customer_on_a_hub_is_counted_among_what_is_shown_though_not_among_the_newest(store: GraphStore) -> None:
    store.upsert(device_farm(300))
    answer = store.neighbourhood(id_of(store, customer("c00000")), hops=2, cap=10)
    assert keys(answer) == ["c00000", "farm", *(f"c{i:05}" for i in range(299, 289, -1))]
    assert answer.omissions == [Omission(id_of(store, device("farm")), "USES_DEVICE", shown=11, total=300)]


def test_the_cap_holds_for_each_type_by_itself(store: GraphStore) -> None:
    store.upsert(
        batch(
            *(edge("USES_PHONE", customer("c1"), phone(f"p{i}"), i) for i in range(4)),
            *(edge("USES_DEVICE", customer("c1"), device(f"d{i}"), i) for i in range(3)),
        )
    )
    c1 = id_of(store, customer("c1"))
    answer = store.neighbourhood(c1, hops=1, cap=2)
    assert keys(answer) == ["c1", "p3", "d2", "p2", "d1"]
    assert answer.omissions == [Omission(c1, "USES_PHONE", 2, 4), Omission(c1, "USES_DEVICE", 2, 3)]


def test_neighbours_seen_at_one_moment_come_by_label_and_key(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("USES_PHONE", customer("c1"), phone("p2"), 5),
            edge("USES_PHONE", customer("c1"), phone("p1"), 5),
            edge("USES_DEVICE", customer("c1"), device("d9"), 5),
            edge("USES_PHONE", customer("c1"), phone("p0"), 4),
        )
    )
    c1 = id_of(store, customer("c1"))
    assert keys(store.neighbourhood(c1, hops=1)) == ["c1", "d9", "p1", "p2", "p0"]
    assert keys(store.neighbourhood(c1, hops=1, cap=1)) == ["c1", "d9", "p1"]


def test_a_hub_whose_customers_all_came_on_one_day_shows_the_first_by_key(store: GraphStore) -> None:
    names = [f"c{(i * 7) % 400:03}" for i in range(400)]
    store.upsert(batch(*(edge("USES_DEVICE", customer(name), device("farm"), 5) for name in names)))
    answer = store.neighbourhood(id_of(store, device("farm")), hops=1, cap=3)
    assert keys(answer) == ["farm", "c000", "c001", "c002"]


def test_the_two_directions_of_a_type_count_as_one(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("REFERRED", customer("boss"), customer("c1"), 1),
            edge("REFERRED", customer("c2"), customer("boss"), 2),
            edge("REFERRED", customer("boss"), customer("c3"), 3),
            edge("REFERRED", customer("c3"), customer("boss"), 4),
        )
    )
    boss = id_of(store, customer("boss"))
    answer = store.neighbourhood(boss, hops=1, cap=2)
    assert keys(answer) == ["boss", "c3", "c2"]
    assert answer.omissions == [Omission(boss, "REFERRED", shown=2, total=3)]


def test_an_address_of_two_kinds_is_one_neighbour(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("HAS_ADDRESS", customer("c1"), address("a1"), 3, qualifier="home"),
            edge("HAS_ADDRESS", customer("c1"), address("a1"), 2, qualifier="work"),
            edge("HAS_ADDRESS", customer("c1"), address("a2"), 1, qualifier="home"),
        )
    )
    c1 = id_of(store, customer("c1"))
    answer = store.neighbourhood(c1, hops=1, cap=1)
    assert keys(answer) == ["c1", "a1"]
    assert len(answer.edges) == 2
    assert answer.omissions == [Omission(c1, "HAS_ADDRESS", shown=1, total=2)]


def test_someone_who_refers_himself_is_his_own_edge_but_no_neighbour(store: GraphStore) -> None:
    store.upsert(batch(edge("REFERRED", customer("c1"), customer("c1"))))
    answer = store.neighbourhood(id_of(store, customer("c1")))
    assert (keys(answer), len(answer.edges), answer.omissions) == (["c1"], 1, [])


def test_only_the_asked_types_are_walked_shown_and_counted(store: GraphStore) -> None:
    store.upsert(referral_circle())
    answer = store.neighbourhood(id_of(store, customer("c1")), types=["HAS_ADDRESS"])
    assert keys(answer) == ["c1", "home", "c3"]
    assert {e.type for e in answer.edges} == {"HAS_ADDRESS"}
    assert answer.omissions == []
    assert keys(store.neighbourhood(id_of(store, customer("c1")), types=[])) == ["c1"]


def test_the_limit_keeps_the_nearest_and_of_those_the_newest(store: GraphStore) -> None:
    store.upsert(device_farm(20))
    answer = store.neighbourhood(id_of(store, customer("c00003")), hops=2, limit=5)
    assert keys(answer) == ["c00003", "farm", "c00019", "c00018", "c00017"]
    assert answer.omissions == [Omission(id_of(store, device("farm")), "USES_DEVICE", shown=4, total=20)]
    assert keys(store.neighbourhood(id_of(store, customer("c00003")), limit=1)) == ["c00003"]


def test_edges_between_two_hubs_are_shown(store: GraphStore) -> None:
    crowd = [customer(f"c{i:04}") for i in range(300)]
    store.upsert(
        batch(
            *(edge("USES_DEVICE", c, device("d1"), i) for i, c in enumerate(crowd)),
            *(edge("REFERRED", customer("boss"), c, i) for i, c in enumerate(crowd)),
            *(edge("REFERRED", customer("deputy"), c, i) for i, c in enumerate(crowd)),
            edge("REFERRED", customer("boss"), customer("deputy"), 400),
            edge("REFERRED", customer("deputy"), customer("boss"), 401),
            edge("USES_DEVICE", customer("boss"), device("d1"), 402),
            edge("HUMAN_LINK", device("d1"), customer("deputy"), 403, author="li"),
        )
    )
    answer = store.neighbourhood(id_of(store, customer("boss")), hops=1, cap=1)
    assert keys(answer) == ["boss", "d1", "deputy"]
    key_of = {n.node_id: n.key for n in answer.nodes}
    assert [(e.type, key_of[e.start], key_of[e.end]) for e in answer.edges] == [
        ("USES_DEVICE", "boss", "d1"),
        ("REFERRED", "boss", "deputy"),
        ("REFERRED", "deputy", "boss"),
        ("HUMAN_LINK", "d1", "deputy"),
    ]
    assert answer.omissions == [
        Omission(id_of(store, customer("boss")), "REFERRED", 1, 301),
        Omission(id_of(store, device("d1")), "USES_DEVICE", 1, 301),
        Omission(id_of(store, customer("deputy")), "REFERRED", 1, 301),
    ]


def test_the_graph_as_of_a_day_holds_nothing_later(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("USES_DEVICE", customer("c1"), device("d1"), 1, last=9),
            edge("USES_DEVICE", customer("c2"), device("d1"), 4),
            edge("USES_DEVICE", customer("c3"), device("d1"), 6),
            edge("USES_DEVICE", customer("c4"), device("d1"), 2, recorded=8),
        )
    )
    d1 = id_of(store, device("d1"))

    then = store.neighbourhood(d1, hops=1, as_of=AsOf(day(5), None))
    assert keys(then) == ["d1", "c2", "c4", "c1"]
    assert [e.last_seen for e in then.edges] == [day(4), day(2), day(1)]
    assert keys(store.neighbourhood(d1, hops=1, as_of=AsOf.at(day(5)))) == ["d1", "c2", "c1"]
    assert keys(store.neighbourhood(d1, hops=1)) == ["d1", "c1", "c3", "c2", "c4"]


def test_a_hub_as_of_a_day_is_ordered_and_counted_as_it_was(store: GraphStore) -> None:
    store.upsert(
        batch(*(edge("USES_DEVICE", customer(f"c{i:03}"), device("farm"), i, last=2000 - i) for i in range(600)))
    )
    farm = id_of(store, device("farm"))
    answer = store.neighbourhood(farm, hops=1, cap=3, as_of=AsOf(day(400), None))
    assert keys(answer) == ["farm", "c400", "c399", "c398"]
    assert answer.omissions == [Omission(farm, "USES_DEVICE", shown=3, total=401)]


def test_a_hub_that_grew_is_counted_afresh(store: GraphStore) -> None:
    store.upsert(device_farm(600))
    farm = id_of(store, device("farm"))
    assert store.neighbourhood(farm, hops=1).omissions[0].total == 600
    store.upsert(batch(edge("USES_DEVICE", customer("late"), device("farm"), 900)))
    answer = store.neighbourhood(farm, hops=1, cap=2)
    assert keys(answer) == ["farm", "late", "c00599"]
    assert answer.omissions[0].total == 601


def test_a_relationship_seen_again_moves_to_the_front(store: GraphStore) -> None:
    store.upsert(device_farm(100))
    store.upsert(batch(edge("USES_DEVICE", customer("c00007"), device("farm"), 500)))
    answer = store.neighbourhood(id_of(store, device("farm")), hops=1, cap=2)
    assert keys(answer) == ["farm", "c00007", "c00099"]
    assert answer.omissions[0].total == 100


def test_a_node_that_is_not_there_is_not_found(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), 5)]))
    with pytest.raises(NotFound):
        store.neighbourhood("no-such-id")
    with pytest.raises(NotFound):
        store.neighbourhood(id_of(store, customer("c1")), as_of=AsOf(day(4), None))


@pytest.mark.parametrize(
    "bounds",
    [{"hops": 0}, {"hops": MAX_HOPS + 1}, {"cap": 0}, {"cap": MAX_CAP + 1}, {"limit": 0}, {"limit": MAX_LIMIT + 1}],
)
def test_bounds_are_kept(store: GraphStore, bounds: dict[str, int]) -> None:
    store.upsert(GraphBatch([node(application("x1"))]))
    with pytest.raises(InvalidRequest):
        store.neighbourhood(id_of(store, application("x1")), **bounds)


def test_an_unknown_type_is_refused(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"))]))
    with pytest.raises(UnknownName):
        store.neighbourhood(id_of(store, customer("c1")), types=["LENDS_TO"])

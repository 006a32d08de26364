"""The graph of a ring on every engine: its members, what ties at least two of them, and nothing else of what a member has."""

from collections.abc import Sequence

import pytest

from graph_model.records import AsOf, EdgeRecord, LinkAction, LinkEdit, Node, NodeRef, Subgraph
from graph_model.services.ring_graph import ring_graph
from graph_model.store import GraphStore
from tests.stores.scenarios import address, application, batch, customer, day, device, edge, id_of, keys, known, phone
from tests.stores.test_assessments import score

TRIO = [customer(f"c{i}") for i in range(3)]


def net(key: str) -> NodeRef:
    return NodeRef("IpAddress", key)


def three_strangers() -> list[EdgeRecord]:
    """Nothing of their own is shared; they applied from one place of the net, and two of them share a phone."""
    forms = [application(f"x{i}") for i in range(3)]
    return [
        *(edge("APPLIED", person, form, 1) for person, form in zip(TRIO, forms, strict=True)),
        *(edge("USES_IP", form, net("198.51.100.7"), 1) for form in forms),
        *(edge("USES_PHONE", person, phone("p"), 2) for person in TRIO[:2]),
        edge("USES_PHONE", forms[0], phone("p"), 2),
        edge("USES_DEVICE", TRIO[2], device("lone"), 2),
        edge("HAS_ADDRESS", TRIO[2], address("home"), 2, qualifier="home"),
        edge("HAS_ADDRESS", TRIO[2], address("home"), 2, qualifier="work"),
    ]


def in_ring(store: GraphStore, people: Sequence[NodeRef], at: float, ring: str = "farm") -> None:
    score(store, {person.key: (0.9, "D", ring) for person in people}, at, model=f"m{at}")


def graph(
    store: GraphStore, *, source_only: bool = False, as_of: AsOf | None = None, limit: int = 300
) -> Subgraph | None:
    subject: Node = known(store, TRIO[0])
    return ring_graph(store, subject, limit=limit, source_only=source_only, as_of=as_of)


def test_what_only_applications_share_is_drawn_with_them(store: GraphStore) -> None:
    store.upsert(batch(*three_strangers()))
    in_ring(store, TRIO, 5)
    found = graph(store)
    assert found is not None
    assert sorted(keys(found)) == sorted(["c0", "c1", "c2", "x0", "x1", "x2", "198.51.100.7", "p"])
    assert len(found.edges) == 3 + 3 + 2 + 1
    few = graph(store, limit=2)
    assert few is not None and keys(few) == ["c0", "c1"]


def test_someone_alone_in_his_ring_has_no_graph_of_it(store: GraphStore) -> None:
    store.upsert(batch(*three_strangers()))
    in_ring(store, TRIO[:1], 5)
    assert graph(store) is None


def test_a_hub_does_not_hide_what_the_members_share(store: GraphStore) -> None:
    """Hundreds stood behind the same Wi-Fi, and more relationships than are looked at hang on one member."""
    crowd = [customer(f"other{i:03}") for i in range(60)]
    store.upsert(
        batch(
            *three_strangers(),
            *(edge("USES_IP", person, net("198.51.100.7"), 3) for person in crowd),
            *(edge("REFERRED", TRIO[0], person, 3) for person in crowd),
        )
    )
    in_ring(store, TRIO, 5)
    found = graph(store)
    assert found is not None
    assert sorted(keys(found)) == sorted(["c0", "c1", "c2", "x0", "x1", "x2", "198.51.100.7", "p"])


@pytest.mark.parametrize("source_only", [False, True])
def test_what_an_investigator_tied_two_members_to_is_shown_unless_only_sources_count(
    store: GraphStore, source_only: bool
) -> None:
    store.upsert(batch(*three_strangers()))
    boss = id_of(store, device("lone"))
    for person in TRIO[:2]:
        drawn = LinkEdit(f"link-{person.key}", LinkAction.DRAW, id_of(store, person), boss, "li", day(3), "同一部手机")
        store.edit_link(drawn)
    in_ring(store, TRIO, 5)
    found = graph(store, source_only=source_only)
    assert found is not None
    assert ("lone" in keys(found)) is not source_only


def test_the_ring_of_a_past_moment_holds_who_was_in_it_then(store: GraphStore) -> None:
    store.upsert(batch(*three_strangers()))
    in_ring(store, TRIO[:2], 5)
    in_ring(store, TRIO, 9)
    now, then = graph(store), graph(store, as_of=AsOf.at(day(6)))
    assert now is not None and then is not None
    assert {"c0", "c1", "c2"} <= set(keys(now))
    assert [key for key in keys(then) if key.startswith("c")] == ["c0", "c1"]
    assert graph(store, as_of=AsOf.at(day(4))) is None


def test_who_has_left_the_ring_since_is_in_its_past(store: GraphStore) -> None:
    """One shared a phone with the subject, one applied from the same place of the net, one is tied to the second alone; a neighbour never was in it."""
    far, neighbour = customer("far"), customer("neighbour")
    home = [edge("USES_DEVICE", person, device("lone"), 2) for person in (far, neighbour)]
    store.upsert(batch(*three_strangers(), *home))
    in_ring(store, [*TRIO, far], 5)
    in_ring(store, TRIO[:1], 9)
    in_ring(store, [*TRIO[1:], far, neighbour], 9, ring="elsewhere")
    then = graph(store, as_of=AsOf.at(day(6)))
    assert then is not None
    people = {node.key for node in then.nodes if node.label == "Customer"}
    assert people == {"c0", "c1", "c2", "far"}
    few = graph(store, as_of=AsOf.at(day(6)), limit=3)
    assert few is not None and len(few.nodes) == 3
    assert graph(store) is None

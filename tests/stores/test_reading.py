"""Reading one node: by the key that a file gives, by the id that a URL gives, and what is known about it."""

import pytest

from graph_model.errors import UnknownName
from graph_model.records import AsOf, GraphBatch, NodeRef
from graph_model.store import GraphStore
from tests.stores.scenarios import application, batch, customer, day, edge, fact, id_of, known, node, phone


def test_a_customer_is_found_by_id_number(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("11010519491231002X"), 3, recorded=4, source="app", name="张伟")]))

    found = known(store, customer("11010519491231002X"))
    assert found.ref == customer("11010519491231002X")
    assert (found.first_seen, found.last_seen, found.recorded_at, found.source) == (day(3), day(3), day(4), "app")
    assert found.properties == {"name": "张伟"}
    assert (found.score, found.grade, found.ring_id) == (None, None, None)


def test_what_is_not_there_is_none(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(phone("c1"))]))
    assert store.get(customer("c1")) is None
    with pytest.raises(UnknownName):
        store.get(NodeRef("Spaceship", "c1"))


def test_nodes_come_in_the_order_asked_and_unknown_ids_are_left_out(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), name="张伟"), node(phone("p1")), node(customer("c2"))]))
    ids = {ref.key: id_of(store, ref) for ref in (customer("c1"), phone("p1"), customer("c2"))}

    found = store.get_by_id([ids["c2"], "no-such-id", ids["c1"], ids["p1"]])
    assert [n.key for n in found] == ["c2", "c1", "p1"]
    assert found[1].properties == {"name": "张伟"}
    assert store.get_by_id([]) == []


def test_a_key_that_looks_like_sql_is_only_a_key(store: GraphStore) -> None:
    nasty = "x'); DROP TABLE node; --"
    store.upsert(GraphBatch([node(customer(nasty), name="\"'`;%_")]))
    assert known(store, customer(nasty)).properties == {"name": "\"'`;%_"}
    assert store.get_by_id([nasty]) == []


def test_the_history_of_an_application_reads_forwards(store: GraphStore) -> None:
    x1 = application("x1")
    store.upsert(
        GraphBatch(
            [node(x1)],
            facts=[
                fact(x1, "status", "overdue", 40),
                fact(x1, "label", "confirmed_fraud", 90, recorded=95),
                fact(x1, "status", "applied", 1),
                fact(x1, "status", "approved", 1),
            ],
        )
    )
    x1_id = id_of(store, x1)

    assert [(f.kind, f.value) for f in store.facts(x1_id)] == [
        ("status", "applied"),
        ("status", "approved"),
        ("status", "overdue"),
        ("label", "confirmed_fraud"),
    ]
    assert [f.value for f in store.facts(x1_id, kind="label")] == ["confirmed_fraud"]
    assert [f.about for f in store.facts(x1_id, kind="label")] == [x1]
    with pytest.raises(UnknownName):
        store.facts(x1_id, kind="mood")


def test_a_label_is_unknown_before_it_was_known_and_before_it_was_recorded(store: GraphStore) -> None:
    x1 = application("x1")
    store.upsert(GraphBatch([node(x1)], facts=[fact(x1, "label", "confirmed_fraud", 90, recorded=95)]))
    x1_id = id_of(store, x1)

    assert store.facts(x1_id, as_of=AsOf(day(89), None)) == []
    assert len(store.facts(x1_id, as_of=AsOf(day(90), None))) == 1
    assert store.facts(x1_id, as_of=AsOf.at(day(94))) == []
    assert len(store.facts(x1_id, as_of=AsOf.at(day(95)))) == 1


def test_a_fact_told_twice_keeps_its_earliest_recording(store: GraphStore) -> None:
    x1 = application("x1")
    store.upsert(GraphBatch([node(x1)], facts=[fact(x1, "label", "good", 90, recorded=99)]))
    store.upsert(GraphBatch(facts=[fact(x1, "label", "good", 90, recorded=91)]))
    (only,) = store.facts(id_of(store, x1))
    assert only.recorded_at == day(91)


def test_the_facts_of_many_are_read_at_once_as_those_of_one(store: GraphStore) -> None:
    x1, x2, x3, c1 = application("x1"), application("x2"), application("x3"), customer("c1")
    told = [
        fact(x1, "status", "overdue", 40),
        fact(x1, "status", "applied", 1),
        fact(x2, "label", "good", 90),
        fact(c1, "disposition", "suspicious", 50, source="user:li"),
    ]
    store.upsert(GraphBatch([node(ref) for ref in (x1, x2, x3, c1)], facts=told))
    ids = [id_of(store, ref) for ref in (c1, x3, x2, x1)]

    found = store.facts_of([*ids, "no-such-id", ids[0]])
    assert set(found) == {ids[0], ids[2], ids[3]}
    assert all(found[node_id] == store.facts(node_id) for node_id in found)
    assert [f.value for f in found[ids[3]]] == ["applied", "overdue"]
    assert set(store.facts_of(ids, kind="label")) == {ids[2]}
    assert set(store.facts_of(ids, as_of=AsOf.at(day(45)))) == {ids[3]}
    assert store.facts_of([]) == {}
    with pytest.raises(UnknownName):
        store.facts_of(ids, kind="mood")


def test_a_disposition_keeps_the_words_in_which_it_was_first_given(store: GraphStore) -> None:
    c1 = customer("c1")
    given = fact(c1, "disposition", "confirmed_fraud", 50, source="user:li")._replace(note="同一设备，同一地址")
    store.upsert(GraphBatch([node(c1)], facts=[given]))
    again = store.upsert(GraphBatch(facts=[given._replace(note="typed again")]))
    assert again.facts_created == [False]
    assert store.facts(id_of(store, c1)) == [given]


def test_every_type_of_node_can_be_on_the_blocklist_and_come_off_it_on_a_day(store: GraphStore) -> None:
    refs = [customer("c1"), phone("p1"), application("x1")]
    told = [fact(ref, "blocklist", value, at) for ref in refs for value, at in (("listed", 10), ("removed", 20))]
    store.upsert(GraphBatch([node(ref) for ref in refs], facts=told))
    for ref in refs:
        assert [f.value for f in store.facts(id_of(store, ref), as_of=AsOf(day(15), None))] == ["listed"]
        assert [f.value for f in store.facts(id_of(store, ref), as_of=AsOf(day(20), None))] == ["listed", "removed"]


def test_two_sources_that_say_the_same_are_two_facts(store: GraphStore) -> None:
    x1 = application("x1")
    told = [fact(x1, "label", "good", 90, source=source) for source in ("collections", "fraud desk")]
    store.upsert(GraphBatch([node(x1)], facts=told))
    assert [f.source for f in store.facts(id_of(store, x1))] == ["collections", "fraud desk"]


def test_a_node_is_not_there_before_it_was_first_seen_or_recorded(store: GraphStore) -> None:
    store.upsert(batch(edge("USES_PHONE", customer("c1"), phone("p1"), 5, recorded=8)))
    c1 = customer("c1")
    assert store.get(c1, as_of=AsOf(day(4), None)) is None
    assert store.get(c1, as_of=AsOf(day(5), None)) is not None
    assert store.get(c1, as_of=AsOf.at(day(7))) is None
    assert store.get_by_id([id_of(store, c1)], as_of=AsOf.at(day(7))) == []
    assert store.get(c1, as_of=AsOf(day(5), day(8))) is not None


def test_an_as_of_read_does_not_tell_when_a_node_was_seen_later(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), 1), node(customer("c1"), 9)]))
    found = store.get(customer("c1"), as_of=AsOf(day(5), None))
    assert found is not None
    assert found.last_seen == day(1)

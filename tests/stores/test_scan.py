"""Scanning: the whole graph as arrays, which agree with what a walk shows."""

from datetime import date

import numpy as np
import pytest

from graph_model.columns import MISSING_MOMENT
from graph_model.errors import InvalidRequest, NotFound, UnknownName
from graph_model.records import AsOf, GraphBatch
from graph_model.store import GraphStore
from tests.stores.scenarios import (
    address,
    application,
    batch,
    customer,
    day,
    device,
    device_farm,
    edge,
    fact,
    id_of,
    node,
)


def ms(number: float) -> int:
    return int(day(number).timestamp() * 1000)


def test_nodes_come_with_what_was_asked_of_them(store: GraphStore) -> None:
    store.upsert(
        GraphBatch(
            [
                node(customer("c2"), 2, recorded=3, name="张伟", birth_date=date(1969, 12, 31)),
                node(customer("c1"), 1),
                node(application("x1"), amount=12.5, term_months=6, applied_at=day(7), channel="app"),
                node(application("x2")),
            ]
        )
    )
    people = store.scan_nodes("Customer", ["name", "birth_date", "id_number"])
    of_key = {key: i for i, key in enumerate(people.keys)}
    assert sorted(of_key) == ["c1", "c2"]
    assert list(people.handles) == sorted(people.handles)
    c1, c2 = of_key["c1"], of_key["c2"]
    assert (people.first_seen[c2], people.recorded_at[c2]) == (ms(2), ms(3))
    assert list(people.properties) == ["name", "birth_date", "id_number"]
    assert (people.properties["name"][c2], people.properties["name"][c1]) == ("张伟", None)
    assert (people.properties["birth_date"][c2], people.properties["birth_date"][c1]) == (-1, MISSING_MOMENT)
    assert people.properties["id_number"][c1] == "c1"

    book = store.scan_nodes("Application", ["amount", "term_months", "applied_at", "channel"])
    x1, x2 = (list(book.keys).index(key) for key in ("x1", "x2"))
    assert (book.properties["amount"][x1], book.properties["term_months"][x1]) == (12.5, 6.0)
    assert np.isnan(book.properties["amount"][x2]) and np.isnan(book.properties["term_months"][x2])
    assert (book.properties["applied_at"][x1], book.properties["applied_at"][x2]) == (ms(7), MISSING_MOMENT)
    assert {name: column.dtype for name, column in book.properties.items()} == {
        "amount": np.float64,
        "term_months": np.float64,
        "applied_at": np.int64,
        "channel": object,
    }


def test_relationships_come_by_start_end_and_qualifier(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("HAS_ADDRESS", customer("c1"), address("a1"), 2, last=4, recorded=5, qualifier="work"),
            edge("HAS_ADDRESS", customer("c1"), address("a1"), 1, qualifier="home"),
            edge("HAS_ADDRESS", customer("c0"), address("a1"), 3),
            edge("HAS_ADDRESS", application("x1"), address("a1"), 3, qualifier="delivery"),
        )
    )
    found = store.scan_edges("HAS_ADDRESS", "Customer", "Address")
    key_of = {h: k for c in ("Customer", "Address") for h, k in _keys(store, c)}
    rows = [
        (key_of[s], key_of[e], found.qualifiers[q])
        for s, e, q in zip(found.start, found.end, found.qualifier, strict=True)
    ]
    assert sorted(rows) == [("c0", "a1", ""), ("c1", "a1", "home"), ("c1", "a1", "work")]
    order = [*zip(found.start, found.end, (found.qualifiers[q] for q in found.qualifier), strict=True)]
    assert order == sorted(order)
    work = rows.index(("c1", "a1", "work"))
    assert (found.first_seen[work], found.last_seen[work], found.recorded_at[work]) == (ms(2), ms(4), ms(5))
    assert len(store.scan_edges("HAS_ADDRESS", "Application", "Address").start) == 1


def _keys(store: GraphStore, label: str) -> list[tuple[int, str]]:
    columns = store.scan_nodes(label)
    return list(zip(columns.handles.tolist(), columns.keys, strict=True))


def test_facts_come_in_the_order_of_time(store: GraphStore) -> None:
    told = [
        fact(application("x1"), "label", "good", 9),
        fact(application("x2"), "label", "confirmed_fraud", 5, recorded=7),
        fact(application("x1"), "label", "early_default", 5),
        fact(application("x1"), "status", "applied", 1),
    ]
    store.upsert(GraphBatch([node(application("x1")), node(application("x2"))], facts=told))
    found = store.scan_facts("label")
    key_of = dict(_keys(store, "Application"))
    rows = [
        (int(at), key_of[int(about)], found.values[v])
        for at, about, v in zip(found.at, found.about, found.value, strict=True)
    ]
    assert rows == [(ms(5), "x1", "early_default"), (ms(5), "x2", "confirmed_fraud"), (ms(9), "x1", "good")]
    assert found.recorded_at[1] == ms(7)

    consents = [fact(customer("c1"), "consent", "yes", 1, topic=topic) for topic in ("sms", "call")]
    store.upsert(GraphBatch([node(customer("c1"))], facts=consents))
    by_topic = store.scan_facts("consent")
    assert [by_topic.topics[t] for t in by_topic.topic] == ["call", "sms"]


def test_nothing_there_is_empty_arrays(store: GraphStore) -> None:
    nodes = store.scan_nodes("Customer", ["name", "birth_date"])
    assert (len(nodes.handles), len(nodes.keys), len(nodes.properties["name"])) == (0, 0, 0)
    assert nodes.properties["birth_date"].dtype == np.int64
    edges = store.scan_edges("HAS_ADDRESS", "Customer", "Address")
    assert (edges.start.dtype, edges.qualifier.dtype, len(edges.start)) == (np.int64, np.int8, 0)
    facts = store.scan_facts("label")
    assert (facts.about.dtype, facts.value.dtype, len(facts.at)) == (np.int64, np.int16, 0)


def test_handles_lead_back_to_nodes(store: GraphStore) -> None:
    store.upsert(device_farm(30))
    columns = store.scan_nodes("Customer")
    wanted = columns.handles[::-1]
    ids = store.node_ids(wanted)
    assert [n.key for n in store.get_by_id(ids)] == list(columns.keys)[::-1]
    assert store.node_ids(store.scan_nodes("Device").handles) == [id_of(store, device("farm"))]
    with pytest.raises(InvalidRequest):
        store.node_ids([10**9])
    assert store.handles(ids) == wanted.tolist()
    assert store.handles([]) == []
    with pytest.raises(NotFound):
        store.handles([ids[0], "no-such-id"])


def test_arrays_as_of_a_day_hold_nothing_later_and_no_edge_without_its_ends(store: GraphStore) -> None:
    store.upsert(device_farm(10))
    store.upsert(batch(edge("USES_DEVICE", customer("c00000"), device("farm"), 9)))
    then = AsOf.at(day(4))
    nodes, edges = (
        store.scan_nodes("Customer", as_of=then),
        store.scan_edges("USES_DEVICE", "Customer", "Device", as_of=then),
    )
    assert sorted(nodes.keys) == [f"c{i:05}" for i in range(5)]
    assert set(edges.start.tolist()) == set(nodes.handles.tolist())
    assert edges.last_seen.max() == ms(4)


def test_what_is_not_declared_can_not_be_scanned(store: GraphStore) -> None:
    with pytest.raises(UnknownName):
        store.scan_nodes("Spaceship")
    with pytest.raises(UnknownName):
        store.scan_nodes("Customer", ["shoe_size"])
    with pytest.raises(UnknownName):
        store.scan_edges("LENDS_TO", "Customer", "Customer")
    with pytest.raises(InvalidRequest):
        store.scan_edges("USES_PHONE", "Phone", "Customer")
    with pytest.raises(UnknownName):
        store.scan_facts("mood")


def test_the_relationships_of_some_nodes_are_those_of_the_scans_and_no_others(store: GraphStore) -> None:
    store.upsert(device_farm(10))
    store.upsert(
        batch(
            edge("HAS_ADDRESS", customer("c00003"), address("a1"), 2, last=4, recorded=5, qualifier="work"),
            edge("HAS_ADDRESS", customer("c00003"), address("a1"), 1, qualifier="home"),
            edge("REFERRED", customer("c00003"), customer("c00004"), 3),
        )
    )
    handle_of = {key: handle for label in ("Customer", "Device") for handle, key in _keys(store, label)}
    pair = [handle_of["c00003"], handle_of["c00004"]]
    found = store.edges_at([*pair, 10**9])
    assert found.capped.tolist() == []
    by_kind = {(c.type, c.start_label, c.end_label): c for c in found.columns}
    assert list(by_kind)[:2] == [("USES_DEVICE", "Customer", "Device"), ("HAS_ADDRESS", "Customer", "Address")]
    for (kind, start, end), columns in by_kind.items():
        whole = store.scan_edges(kind, start, end)
        mine = np.isin(whole.start, pair) | np.isin(whole.end, pair)
        for name in ("start", "end", "first_seen", "last_seen", "recorded_at"):
            assert getattr(columns, name).tolist() == getattr(whole, name)[mine].tolist()
        assert [columns.qualifiers[q] for q in columns.qualifier] == [
            whole.qualifiers[q] for q in whole.qualifier[mine]
        ]
    then = store.edges_at(pair, types=("HAS_ADDRESS",), as_of=AsOf.at(day(4)))
    assert [(c.type, c.qualifiers, c.last_seen.tolist()) for c in then.columns] == [("HAS_ADDRESS", ["home"], [ms(1)])]
    assert store.edges_at([]).columns == []


def test_of_a_hub_the_relationships_seen_last_are_read_and_the_rest_is_owned_to(store: GraphStore) -> None:
    store.upsert(device_farm(30))
    hub = store.handles([id_of(store, device("farm"))])
    newest = store.edges_at(hub, cap=5)
    assert newest.capped.tolist() == hub
    (columns,) = newest.columns
    whole = store.scan_edges("USES_DEVICE", "Customer", "Device")
    assert sorted(columns.last_seen.tolist()) == sorted(whole.last_seen.tolist())[-5:]
    all_of_it = store.edges_at(hub, cap=30)
    assert (all_of_it.capped.tolist(), len(all_of_it.columns[0].start)) == ([], 30)
    with pytest.raises(InvalidRequest):
        store.edges_at(hub, cap=0)


def test_what_some_nodes_have_is_what_a_scan_of_everything_says_of_them(store: GraphStore) -> None:
    told = [
        fact(application(f"x{i}"), kind, value, i + 1)
        for i in range(6)
        for kind, value in (("label", "good"), ("status", "refused"), ("status", "applied"))
    ]
    store.upsert(GraphBatch([node(application(f"x{i}"), i, amount=i / 3) for i in range(6)], facts=told))
    store.upsert(GraphBatch([node(customer("c1"), 1, name="张伟")]))
    whole = store.scan_nodes("Application", ["amount", "channel"])
    person = int(store.scan_nodes("Customer").handles[0])
    chosen = [int(whole.handles[4]), int(whole.handles[1]), person, int(whole.handles[4]), 10**9]
    some = store.scan_nodes("Application", ["amount", "channel"], among=chosen)
    assert some.handles.tolist() == sorted({*chosen[:2]})
    assert list(some.keys) == [whole.keys[1], whole.keys[4]]
    assert some.properties["amount"].tolist() == whole.properties["amount"][[1, 4]].tolist()
    assert some.properties["channel"].tolist() == [None, None]
    assert len(store.scan_nodes("Application", ["amount"], among=[]).handles) == 0
    assert store.scan_nodes("Application", among=chosen, as_of=AsOf.at(day(2))).keys == [whole.keys[1]]

    facts = store.scan_facts("status", among=chosen)
    assert facts.about.tolist() == [h for h in some.handles.tolist() for _ in range(2)]
    assert [facts.values[v] for v in facts.value] == ["applied", "refused"] * 2
    assert len(store.scan_facts("status", among=[]).at) == 0
    refused = store.scan_facts("status", values=["refused"])
    assert refused.values == ["refused"] and len(refused.at) == 6
    both = store.scan_facts("status", values=["refused", "drawn"], among=chosen, as_of=AsOf.at(day(3)))
    assert (both.about.tolist(), both.at.tolist()) == ([chosen[1]], [ms(2)])
    assert len(store.scan_facts("status", values=[]).at) == 0

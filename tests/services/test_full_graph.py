"""The full graph: a ring with what it shares, a component, and the map by community of what is too big to draw."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import AsOf, EdgeRecord, Fact, GraphBatch, NodeRecord, NodeRef
from graph_model.services import full_graph as module
from graph_model.services.full_graph import full_graph
from graph_model.services.views import NodeKind
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures.reference_case import ReferenceCase, id_number
from tests.services.conftest import INVESTIGATOR, START, fill_tangle

Reference = tuple[GraphStore, ReferenceCase]
Tangle = tuple[GraphStore, list[str]]


@pytest.fixture
def small_canvas(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "MAX_DRAWN", 400)
    yield


def test_a_ring_member_is_shown_with_the_ring_and_what_it_shares(reference: Reference) -> None:
    store, case = reference
    graph = full_graph(store, INVESTIGATOR, case.ids["c_user"])
    assert {node.id for node in graph.nodes} == {case.ids["c_user"], case.ids["d_user"], case.ids["d_device"]}
    assert not graph.aggregated


def test_a_ring_that_only_applications_hold_together_is_drawn_with_them(tmp_path: Path) -> None:
    """Three strangers who applied from one address of the net: nothing of their own is shared, and yet it is why they are a ring."""
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    people = [NodeRef("Customer", id_number(date(1990, 1, 1), 900 + n)) for n in range(3)]
    forms = [NodeRef("Application", f"X{n}") for n in range(3)]
    net, phone, lone = (
        NodeRef("IpAddress", "198.51.100.7"),
        NodeRef("Phone", "+8613800138000"),
        NodeRef("Device", "d-lone"),
    )
    links = [
        *(("APPLIED", person, form) for person, form in zip(people, forms, strict=True)),
        *(("USES_IP", form, net) for form in forms),
        *(("USES_PHONE", person, phone) for person in people[:2]),
        ("USES_PHONE", forms[0], phone),
        ("USES_DEVICE", people[2], lone),
    ]
    at = START
    store.upsert(
        GraphBatch(
            [NodeRecord(ref, at, at, "test") for ref in (*people, *forms, net, phone, lone)],
            [EdgeRecord(kind, start, end, at, at, at, "test") for kind, start, end in links],
        )
    )
    ids = {ref: node.node_id for ref in (*people, *forms, net, phone, lone) if (node := store.get(ref)) is not None}
    handles = store.handles([ids[person] for person in people])
    store.append_assessments(
        AssessmentColumns(np.array(handles), np.full(3, 0.9), np.full(3, 3, np.int8), np.zeros(3, np.int32), ["R1"], ["[]"] * 3),
        source="model",
        model_version="m",
        policy_version="p",
        as_of=at,
        scored_at=at,
    )  # fmt: skip
    graph = full_graph(store, INVESTIGATOR, ids[people[0]])
    assert {node.id for node in graph.nodes} == {ids[ref] for ref in (*people, *forms, net, phone)}
    assert len(graph.edges) == 3 + 3 + 2 + 1
    store.close()


def test_without_a_ring_it_is_the_component(reference: Reference) -> None:
    store, case = reference
    graph = full_graph(store, INVESTIGATOR, case.subject_id)
    assert graph.total == graph.overview.total == 73


def test_too_big_a_graph_is_drawn_by_community_and_counts_the_same(tangle: Tangle, small_canvas: None) -> None:
    store, ids = tangle
    graph = full_graph(store, INVESTIGATOR, ids[0])
    plain = store.component(ids[0], limit=5_000)
    assert graph.aggregated
    assert graph.total == len(plain.nodes) == sum(node.size for node in graph.nodes) == graph.overview.total
    assert {node.kind for node in graph.nodes} == {NodeKind.COMMUNITY}
    assert len(graph.nodes) < 20
    counted: Counter[tuple[object, str]] = Counter()
    for row in graph.overview.rows:
        for cell in row.cells:
            counted[row.grade, cell.type] += cell.count
    assert counted == Counter((node.grade, node.label) for node in plain.nodes)
    on_canvas = {node.id for node in graph.nodes}
    assert {i for row in graph.overview.rows for cell in row.cells for i in cell.node_ids} <= on_canvas
    assert sum(edge.weight for edge in graph.edges) < len(plain.edges)
    assert all({edge.source, edge.target} <= on_canvas for edge in graph.edges)
    (home,) = [node for node in graph.nodes if node.is_subject]
    assert (home.x, home.y) == (0.0, 0.0)


def test_a_community_of_the_map_is_opened_by_any_of_its_nodes(tangle: Tangle, small_canvas: None) -> None:
    store, ids = tangle
    whole = full_graph(store, INVESTIGATOR, ids[0])
    home = next(node for node in whole.nodes if node.is_subject)
    opened = full_graph(store, INVESTIGATOR, ids[0], community=ids[0])
    assert not opened.aggregated
    assert {node.kind for node in opened.nodes} == {NodeKind.NODE}
    assert opened.total == whole.total
    assert home.size <= len(opened.nodes) <= home.size + module.MAX_OUTSIDE
    (subject,) = [node for node in opened.nodes if node.is_subject]
    assert (subject.id, subject.x, subject.y) == (ids[0], 0.0, 0.0)
    other = next(node for node in whole.nodes if not node.is_subject)
    anchor = other.id.removeprefix("community~")
    elsewhere = full_graph(store, INVESTIGATOR, ids[0], community=anchor)
    members = {node.id for node in elsewhere.nodes}
    assert anchor in members
    assert other.size <= len(members) <= other.size + module.MAX_OUTSIDE
    again = full_graph(store, INVESTIGATOR, ids[0], community=anchor)
    assert [(node.id, node.x, node.y) for node in again.nodes] == [(n.id, n.x, n.y) for n in elsewhere.nodes]
    with pytest.raises(NotFound):
        full_graph(store, INVESTIGATOR, ids[0], community="nobody")


def test_circles_of_a_map_do_not_overlap_and_those_that_are_tied_lie_near(tangle: Tangle, small_canvas: None) -> None:
    store, ids = tangle
    graph = full_graph(store, INVESTIGATOR, ids[0])
    for place, one in enumerate(graph.nodes):
        for other in graph.nodes[:place]:
            apart = np.hypot(one.x - other.x, one.y - other.y)
            assert apart > (module.diameter(one.size) + module.diameter(other.size)) / 2


def test_who_is_blocklisted_is_marked_as_of_the_moment(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    ids = fill_tangle(store, seed=5, customers=3, identifiers=4)
    listed = store.get_by_id([ids[0]])[0]
    day = START + timedelta(days=30)
    fact = Fact(
        NodeRef(listed.label, listed.key), "blocklist", "listed", day, day, "user:ida", note="synthetic identity"
    )
    store.upsert(GraphBatch(facts=[fact]))
    later, before = day + timedelta(days=1), AsOf.at(day - timedelta(days=1))
    now = full_graph(store, INVESTIGATOR, ids[0], now=later)
    then = full_graph(store, INVESTIGATOR, ids[0], as_of=before, now=later)
    store.close()
    assert [node.id for node in now.nodes if node.blocklisted] == [ids[0]]
    assert len(then.nodes) > 1 and not any(node.blocklisted for node in then.nodes)


def test_edges_count_towards_the_limit_too(tangle: Tangle, monkeypatch: pytest.MonkeyPatch) -> None:
    store, ids = tangle
    assert not full_graph(store, INVESTIGATOR, ids[0]).aggregated
    nodes = len(store.component(ids[0], limit=5_000).nodes)
    monkeypatch.setattr(module, "MAX_DRAWN", nodes + 1)
    assert full_graph(store, INVESTIGATOR, ids[0]).aggregated


def test_a_limit_beyond_bounds_is_refused(reference: Reference) -> None:
    store, case = reference
    with pytest.raises(InvalidRequest):
        full_graph(store, INVESTIGATOR, case.subject_id, limit=20_001)


def test_the_ring_of_a_past_moment_holds_who_was_in_it_then(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    fill_tangle(store, seed=5, customers=3, identifiers=4)
    joined = START + timedelta(days=500)
    late = NodeRef("Customer", id_number(date(1999, 9, 9), 7))
    store.upsert(GraphBatch([NodeRecord(late, joined, joined, "test")]))
    late_node = store.get(late)
    assert late_node is not None
    handles = store.scan_nodes("Customer").handles
    for members, moment in ((handles[:2], START + timedelta(days=450)), (handles, joined)):
        store.append_assessments(
            AssessmentColumns(
                members,
                np.full(len(members), 0.5),
                np.full(len(members), 3, dtype=np.int8),
                np.zeros(len(members), dtype=np.int32),
                ["R1"],
                ["[]"] * len(members),
            ),
            source="model",
            model_version="m",
            policy_version="1",
            as_of=moment,
            scored_at=moment,
        )
    early = store.node_ids(handles[:2].tolist())
    subject = early[0]
    now = full_graph(store, INVESTIGATOR, subject)
    then = full_graph(store, INVESTIGATOR, subject, as_of=AsOf.at(START + timedelta(days=460)))
    store.close()
    assert late_node.node_id in {node.id for node in now.nodes}
    assert {node.id for node in then.nodes if node.type == "Customer"} == set(early)

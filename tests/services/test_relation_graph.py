"""The relation graph: the reference case, the overview that can't disagree with the canvas, expansions."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.services.relation_graph import expansion, relation_graph
from graph_model.services.views import RelationGraph
from graph_model.store import GraphStore
from tests.fixtures.reference_case import EXPECTED, ReferenceCase
from tests.services.conftest import INVESTIGATOR

Reference = tuple[GraphStore, ReferenceCase]
Tangle = tuple[GraphStore, list[str]]


def table(graph: RelationGraph) -> dict[str, dict[str, int]]:
    return {
        str(row.grade): {"main node" if cell.is_subject else cell.type: cell.count for cell in row.cells}
        for row in graph.overview.rows
    }


def test_the_reference_case_is_drawn_with_its_73_nodes(reference: Reference) -> None:
    store, case = reference
    graph = relation_graph(store, INVESTIGATOR, case.subject_id)
    assert graph.total == len(graph.nodes) == graph.overview.total == 73
    assert table(graph) == EXPECTED
    assert [row.count for row in graph.overview.rows] == [57, 12, 2, 2]
    assert list(graph.omissions) == []


def test_the_subject_is_in_the_middle_and_is_the_only_one(reference: Reference) -> None:
    store, case = reference
    graph = relation_graph(store, INVESTIGATOR, case.subject_id)
    (subject,) = [node for node in graph.nodes if node.is_subject]
    assert (subject.id, subject.x, subject.y, subject.hop) == (case.subject_id, 0.0, 0.0, 0)
    assert {node.hop for node in graph.nodes} == {0, 1, 2}
    assert subject.degree == len([e for e in graph.edges if case.subject_id in (e.source, e.target)])


@given(data=st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_overview_and_canvas_never_disagree(tangle: Tangle, data: st.DataObject) -> None:
    store, ids = tangle
    graph = relation_graph(
        store,
        INVESTIGATOR,
        data.draw(st.sampled_from(ids)),
        hops=data.draw(st.integers(1, 3)),
        limit=data.draw(st.integers(1, 300)),
        cap=data.draw(st.integers(1, 60)),
    )
    drawn = Counter((node.grade, node.type, node.is_subject) for node in graph.nodes)
    counted = {(row.grade, c.type, c.is_subject): c.count for row in graph.overview.rows for c in row.cells}
    assert counted == drawn
    listed = [node_id for row in graph.overview.rows for cell in row.cells for node_id in cell.node_ids]
    assert sorted(listed) == sorted(node.id for node in graph.nodes)
    on_canvas = {node.id for node in graph.nodes}
    assert all(edge.source in on_canvas and edge.target in on_canvas for edge in graph.edges)


def test_a_hub_says_what_it_leaves_out(tangle: Tangle) -> None:
    store, ids = tangle
    degrees = {node_id: sum(d.count for d in parts) for node_id, parts in store.degrees(ids).items()}
    hub = max(degrees, key=lambda node_id: degrees[node_id])
    graph = relation_graph(store, INVESTIGATOR, hub, hops=1, cap=20)
    (omission,) = [o for o in graph.omissions if o.node_id == hub]
    assert (omission.shown, omission.total) == (20, degrees[hub])


def test_a_role_without_risk_gets_no_grades_by_any_way(reference: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    from graph_model import principal

    graph_only = frozenset({principal.Right.SEE_GRAPH})
    monkeypatch.setitem(principal.RIGHTS, Role.OPERATOR, graph_only)
    store, case = reference
    graph = relation_graph(store, Principal("olga", Role.OPERATOR), case.subject_id)
    assert {(node.grade, node.score, node.ring_id) for node in graph.nodes} == {(None, None, None)}
    assert [row.grade for row in graph.overview.rows] == [None]


@pytest.mark.parametrize("role", [Role.MARKETER, Role.OPERATOR, Role.RISK_ENGINE])
def test_roles_without_the_graph_get_nothing(reference: Reference, role: Role) -> None:
    store, case = reference
    with pytest.raises(Forbidden):
        relation_graph(store, Principal("mia", role), case.subject_id)
    with pytest.raises(Forbidden):
        expansion(store, Principal("mia", role), case.subject_id)


def test_bounds_are_refused(reference: Reference) -> None:
    store, case = reference
    for wrong in ({"hops": 0}, {"hops": 5}, {"limit": 0}, {"limit": 1_501}, {"cap": 0}, {"cap": 201}):
        with pytest.raises(InvalidRequest):
            relation_graph(store, INVESTIGATOR, case.subject_id, **wrong)
    with pytest.raises(NotFound):
        relation_graph(store, INVESTIGATOR, "no-such-node")


def test_expanding_a_device_adds_those_who_share_it_and_their_ties(reference: Reference) -> None:
    store, case = reference
    known = [case.subject_id, case.ids["d_device"], case.ids["b_device"]]
    places = [0.0, 0.0, 200.0, 0.0, 0.0, 200.0]
    found = expansion(store, INVESTIGATOR, case.ids["d_device"], known=known, positions=places)
    assert {node.id for node in found.nodes} == {case.ids["c_user"], case.ids["d_user"]}
    pairs = {(edge.source, edge.target) for edge in found.edges}
    assert (case.ids["c_user"], case.ids["b_device"]) in pairs  # a tie to what was drawn before
    assert (case.subject_id, case.ids["d_device"]) not in pairs  # that one is drawn already
    assert all(node.x > 200 for node in found.nodes)
    assert list(found.omissions) == []


def test_expanding_a_hub_is_capped_and_says_so(tangle: Tangle) -> None:
    store, ids = tangle
    degrees = {node_id: sum(d.count for d in parts) for node_id, parts in store.degrees(ids).items()}
    hub = max(degrees, key=lambda node_id: degrees[node_id])
    first = expansion(store, INVESTIGATOR, hub, cap=25)
    assert len(first.nodes) == 25
    assert [(o.shown, o.total) for o in first.omissions] == [(25, degrees[hub])]
    second = expansion(store, INVESTIGATOR, hub, cap=25, known=[node.id for node in first.nodes])
    assert len(second.nodes) == 25
    assert not {node.id for node in first.nodes} & {node.id for node in second.nodes}
    assert [(o.shown, o.total) for o in second.omissions] == [(50, degrees[hub])]


def test_an_expansion_refuses_places_that_match_no_ids(reference: Reference) -> None:
    store, case = reference
    with pytest.raises(InvalidRequest):
        expansion(store, INVESTIGATOR, case.subject_id, known=[case.subject_id], positions=[1.0])

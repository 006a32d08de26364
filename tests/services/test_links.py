"""Links drawn by hand: an investigator ties two people whom no file ties, and what was said of the tie is never lost."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graph_model.errors import Forbidden, GuanxiError, InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import AsOf, LinkAction
from graph_model.services.full_graph import full_graph
from graph_model.services.links import annotate, draw, find, retract
from graph_model.services.relation_graph import expansion, relation_graph
from graph_model.services.views import CanvasEdge, RelationGraph
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures import reference_case
from tests.fixtures.reference_case import ReferenceCase

NOW = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
IDA = Principal("ida", Role.INVESTIGATOR)
IVO = Principal("ivo", Role.INVESTIGATOR)
SUE = Principal("sue", Role.SUPERVISOR)

Case = tuple[GraphStore, ReferenceCase]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    store = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    yield store, reference_case.load(store)
    store.close()


def drawn_by_hand(graph: RelationGraph) -> list[CanvasEdge]:
    return [edge for edge in graph.edges if edge.human]


def code_of(error: pytest.ExceptionInfo[GuanxiError]) -> str:
    return error.value.code


def test_two_borrowers_with_one_voice_are_tied_and_the_canvas_says_by_whom_and_why(case: Case) -> None:
    store, names = case
    link = draw(
        store,
        IDA,
        names.ids["user1"],
        names.ids["user2"],
        reason=" 同一 人接听 ",
        evidence=" call 7\u202e of\u200b 2026-06-30 \n\n transcript，page 2 ",
        now=NOW,
    )
    (edge,) = drawn_by_hand(relation_graph(store, IDA, names.subject_id))
    assert (edge.source, edge.target, edge.type, edge.qualifier) == (link.source, link.target, "HUMAN_LINK", "")
    assert edge.link is not None
    assert (edge.link.author, edge.link.reason) == ("ida", "同一 人接听")
    assert edge.link.evidence == "call 7 of 2026-06-30\n\ntranscript，page 2"
    assert [edit.action for edit in edge.link.edits] == [LinkAction.DRAW]


def test_a_switch_shows_only_what_the_sources_told(case: Case) -> None:
    store, names = case
    stranger = names.ids["user4"]
    before = {node.id: node.degree for node in relation_graph(store, IDA, stranger, hops=1).nodes}
    draw(store, IDA, stranger, names.ids["d_user"], reason="same handwriting", now=NOW)
    assert names.ids["d_user"] in {n.id for n in relation_graph(store, IDA, stranger, hops=1).nodes}
    sources = relation_graph(store, IDA, stranger, hops=1, source_only=True)
    assert {node.id: node.degree for node in sources.nodes} == before
    assert drawn_by_hand(sources) == []

    added = expansion(store, IDA, stranger, known=[], cap=50)
    assert [edge.link is not None for edge in added.edges if edge.human] == [True]
    assert names.ids["d_user"] not in {n.id for n in expansion(store, IDA, stranger, cap=50, source_only=True).nodes}
    assert expansion(store, IDA, stranger, type="HUMAN_LINK", source_only=True).nodes == ()


def test_the_full_graph_of_the_sources_leaves_out_whom_only_a_hand_drawn_link_ties_to_it(case: Case) -> None:
    store, names = case
    ring_member, outsider = names.ids["c_user"], names.ids["employer1"]
    lone = store.component(names.subject_id)
    draw(store, IDA, ring_member, names.ids["d_user"], reason="seen together", now=NOW)
    draw(store, IDA, ring_member, outsider, reason="works there, says he", now=NOW)
    assert len(drawn_by_hand(full_graph(store, IDA, ring_member))) == 1
    assert drawn_by_hand(full_graph(store, IDA, ring_member, source_only=True)) == []
    whole = full_graph(store, IDA, names.subject_id, source_only=True)
    assert {node.id for node in whole.nodes} == {node.node_id for node in lone.nodes}


def test_a_component_that_only_a_link_holds_together_falls_apart_without_it(tmp_path: Path) -> None:
    from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef

    store = open_store(f"sqlite:///{tmp_path / 'two.db'}", create=True)
    people = [NodeRef("Customer", reference_case.id_number(NOW.date().replace(year=1990), n)) for n in (1, 2)]
    phones = [NodeRef("Phone", f"+861380013900{n}") for n in (1, 2)]
    nodes = [NodeRecord(ref, NOW, NOW, "t") for ref in (*people, *phones)]
    uses = [EdgeRecord("USES_PHONE", a, b, NOW, NOW, NOW, "t") for a, b in zip(people, phones, strict=True)]
    store.upsert(GraphBatch(nodes, uses))
    first, second = (node.node_id for ref in people if (node := store.get(ref)) is not None)
    draw(store, IDA, first, second, reason="brothers, by their ID cards", now=NOW)
    assert full_graph(store, IDA, first).total == 4
    assert full_graph(store, IDA, first, source_only=True).total == 2
    store.close()


def test_annotating_says_it_anew_and_keeps_what_is_not_named(case: Case) -> None:
    store, names = case
    until = NOW + timedelta(days=30)
    link = draw(
        store,
        IDA,
        names.ids["user1"],
        names.ids["user2"],
        reason="same voice",
        evidence="call 7",
        expires_at=until,
        now=NOW,
    )
    later = annotate(store, IVO, link.id, reason="same voice and same address", now=NOW + timedelta(hours=1))
    assert (later.reason, later.evidence, later.expires_at, later.author) == (
        "same voice and same address", "call 7", until, "ida",
    )  # fmt: skip
    bare = annotate(
        store, IDA, link.id, reason="same address", evidence="", expires_at=None, now=NOW + timedelta(hours=2)
    )
    assert (bare.evidence, bare.expires_at) == ("", None)
    assert [(edit.action, edit.author) for edit in bare.edits] == [
        (LinkAction.DRAW, "ida"), (LinkAction.ANNOTATE, "ivo"), (LinkAction.ANNOTATE, "ida"),
    ]  # fmt: skip
    assert find(store, SUE, link.id, now=NOW + timedelta(hours=3)) == bare


def test_a_link_ends_by_its_author_or_a_supervisor_and_by_nobody_else(case: Case) -> None:
    store, names = case
    first = draw(store, IDA, names.ids["user1"], names.ids["user2"], reason="same voice", now=NOW)
    second = draw(store, IDA, names.ids["user1"], names.ids["user3"], reason="same voice", now=NOW)
    later = NOW + timedelta(hours=1)
    with pytest.raises(Forbidden):
        retract(store, IVO, first.id, reason="I don't think so", now=later)
    with pytest.raises(Forbidden):  # nor by the back door
        annotate(store, IVO, first.id, reason="I don't think so", expires_at=later + timedelta(seconds=1), now=later)
    assert retract(store, IDA, first.id, reason="another voice", now=later).ended_at == later
    gone = retract(store, SUE, second.id, reason="no evidence", now=later)
    assert (gone.reason, gone.edits[-1].reason, gone.edits[-1].author) == ("same voice", "no evidence", "sue")
    assert drawn_by_hand(relation_graph(store, IDA, names.subject_id)) == []
    with pytest.raises(InvalidRequest) as error:
        annotate(store, IDA, first.id, reason="it was she after all", now=later + timedelta(hours=1))
    assert code_of(error) == "link.ended"


def test_who_looks_back_sees_the_link_as_it_was_said_then(case: Case) -> None:
    store, names = case
    link = draw(store, IDA, names.ids["user1"], names.ids["user2"], reason="same voice", now=NOW)
    annotate(store, IDA, link.id, reason="same address", now=NOW + timedelta(days=2))
    retract(store, IDA, link.id, reason="moved out", now=NOW + timedelta(days=4))
    then = AsOf(event=NOW + timedelta(days=1), recorded=None)
    (edge,) = drawn_by_hand(relation_graph(store, IDA, names.subject_id, as_of=then))
    assert edge.link is not None
    assert (edge.link.reason, edge.link.ended_at, len(edge.link.edits)) == ("same voice", None, 1)


def test_what_makes_no_sense_is_refused_with_its_code(case: Case) -> None:
    store, names = case
    one, two = names.ids["user1"], names.ids["user2"]
    refusals: dict[str, dict[str, object]] = {
        "link.reason": {"reason": " x "},
        "link.evidence": {"reason": "same voice", "evidence": "e" * 2_001},
        "link.expiry": {"reason": "same voice", "expires_at": NOW},
    }
    for code, given in refusals.items():
        with pytest.raises(InvalidRequest) as error:
            draw(store, IDA, one, two, now=NOW, **given)  # type: ignore[arg-type]
        assert code_of(error) == code
    with pytest.raises(InvalidRequest) as error:
        draw(store, IDA, one, one, reason="same voice", now=NOW)
    assert code_of(error) == "link.self"
    with pytest.raises(NotFound):
        draw(store, IDA, one, "nobody", reason="same voice", now=NOW)
    with pytest.raises(NotFound):
        retract(store, IDA, "no-such-link", reason="same voice", now=NOW)
    with pytest.raises(Forbidden):
        draw(store, Principal("dora", Role.DATA_SCIENTIST), one, two, reason="same voice", now=NOW)

"""Whom an operation was about is in the chain whichever way it asked: by number, by search, by ring, by link; found or not."""

from inspect import getmembers

import pytest

from api.graphql.trail import MOST_SUBJECTS, UNSEEN, Trail, Witness
from graph_model.principal import Role
from graph_model.records import NodeRef
from graph_model.services.risk import MAX_SCORES
from graph_model.store import GraphStore
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.api.test_audit import hash_of, line_of

STRANGER = "11010519491231002X"


def ref_hash(served: Served, node_id: str) -> str:
    (node,) = served.runtime.store.get_by_id([node_id])
    return hash_of(served, node.label, node.key)


def test_every_verb_of_the_port_is_witnessed_or_excused_with_a_reason() -> None:
    verbs = {name for name, _ in getmembers(GraphStore) if not name.startswith("_")}
    own = {name for name in vars(Witness) if not name.startswith("_")}
    assert own | set(UNSEEN) == verbs
    assert own & set(UNSEEN) == set()
    assert all(len(reason.split()) >= 3 for reason in UNSEEN.values())


def test_what_is_neither_can_not_be_asked_through_the_witness(served: Served) -> None:
    witness = Witness(served.runtime.store, Trail(), b"key")
    with pytest.raises(AttributeError):
        _ = witness.path


def test_scores_name_everybody_who_was_asked_for_found_or_not(served: Served) -> None:
    engine = served.client(Role.RISK_ENGINE)
    answer = engine.post(queries.SCORES, {"idNumbers": [served.case.id_number, STRANGER.lower(), "no number"]})
    (line,) = line_of(served, answer)
    assert {hash_of(served, "Customer", key) for key in (served.case.id_number, STRANGER)} == set(line.subjects)
    assert STRANGER not in repr(line) and served.case.id_number not in repr(line)
    many = [f"PASSPORT:E{number:08}" for number in range(MAX_SCORES)]
    (line,) = line_of(served, engine.post(queries.SCORES, {"idNumbers": many}))
    assert set(line.subjects) == {hash_of(served, "Customer", key) for key in many}
    assert "subjects_left_out" not in line.detail


def test_who_was_beyond_the_bound_is_counted_once() -> None:
    trail = Trail()
    refs = [NodeRef("Phone", str(number)) for number in range(MOST_SUBJECTS + 3)]
    trail.about(b"key", refs)
    trail.about(b"key", refs)
    assert (len(trail.subjects), trail.left_out) == (MOST_SUBJECTS, 3)
    assert MOST_SUBJECTS >= 200 + MAX_SCORES


def test_whom_a_search_found_is_in_the_chain(investigator: Client, served: Served) -> None:
    (subject,) = served.runtime.store.get_by_id([served.case.subject_id])
    answer = investigator.post("query ($t: String!) { search(text: $t) { id } }", {"t": subject.properties["name"]})
    found = [hit["id"] for hit in answer.json()["data"]["search"]]
    (line,) = line_of(served, answer)
    assert served.case.subject_id in found
    assert {ref_hash(served, node_id) for node_id in found} <= set(line.subjects)


def test_whom_a_link_joins_is_in_the_chain_when_it_is_drawn_read_annotated_and_retracted(
    investigator: Client, served: Served
) -> None:
    ends = (served.case.subject_id, served.case.ids["d_user"])
    hashes = {ref_hash(served, node_id) for node_id in ends}
    drawn = investigator.post(queries.DRAW_LINK, {"from": ends[0], "to": ends[1], "reason": "same handset"})
    link = drawn.json()["data"]["drawLink"]["id"]
    for answer in (
        drawn,
        investigator.post(queries.LINK, {"id": link}),
        investigator.post(queries.ANNOTATE_LINK, {"id": link, "reason": "same handset and address"}),
        investigator.post(queries.RETRACT_LINK, {"id": link, "reason": "another handset"}),
    ):
        assert "errors" not in answer.json()
        assert hashes <= set(line_of(served, answer)[-1].subjects)

"""Masking and reveal: what an investigator sees of a person, and what it takes to see more."""

from datetime import UTC, date, datetime, timedelta

import pytest

from graph_model.audit import first_break
from graph_model.errors import Forbidden, InvalidRequest, NotFound, UnknownName
from graph_model.principal import Principal, Role
from graph_model.records import Node, NodeRef
from graph_model.schema import SCHEMA
from graph_model.services.masking import attributes, caption
from graph_model.services.reveal import reveal, subject_hash
from graph_model.services.subject import id_expired
from graph_model.store import GraphStore
from tests.fixtures.reference_case import ReferenceCase
from tests.services.conftest import INVESTIGATOR

Reference = tuple[GraphStore, ReferenceCase]
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SECRET = b"0123456789abcdef"


def the(store: GraphStore, node_id: str) -> Node:
    return store.get_by_id([node_id])[0]


def test_every_attribute_is_there_in_schema_order_and_personal_ones_are_masked(reference: Reference) -> None:
    store, case = reference
    views = attributes(the(store, case.subject_id), INVESTIGATOR)
    assert [v.name for v in views] == [
        "id_number", "name", "sex", "birth_date", "id_expiry_date", "education", "marital_status", "mobile_carrier",
    ]  # fmt: skip
    shown = {v.name: (v.value, v.masked) for v in views}
    assert shown["name"] == ("林**", True)
    assert shown["birth_date"] == ("1990-**-**", True)
    assert shown["id_number"] == (f"110{'*' * 11}{case.id_number[-4:]}", True)
    assert shown["id_expiry_date"] == ("2024-05-01", False)
    assert {v.name: v.display.zh for v in views if v.display}["education"] == "本科"
    assert {v.name: v.display.en for v in views if v.display}["sex"] == "female"


def test_a_missing_value_is_no_masked_value(reference: Reference) -> None:
    store, case = reference
    views = {v.name: v for v in attributes(the(store, case.ids["b_user2"]), INVESTIGATOR)}
    assert (views["education"].value, views["education"].masked, views["education"].display) == (None, False, None)


def test_a_long_term_document_reads_so_in_both_languages(reference: Reference) -> None:
    store, case = reference
    views = {v.name: v for v in attributes(the(store, case.ids["user1"]), INVESTIGATOR)}
    display = views["id_expiry_date"].display
    assert display is not None and (display.zh, display.en) == ("长期", "long-term")


def test_no_role_sees_personal_values_on_the_canvas(reference: Reference) -> None:
    store, case = reference
    for role in Role:
        for node in store.get_by_id(list(case.ids.values())):
            text = caption(node, Principal("x", role)) + "".join(
                f"{v.value}{v.display}" for v in attributes(node, Principal("x", role))
            )
            assert not any(value in text for value in case.personal), node.label


def test_every_caption_says_something(reference: Reference) -> None:
    store, case = reference
    captions = {node.label: caption(node, INVESTIGATOR) for node in store.get_by_id(list(case.ids.values()))}
    assert set(captions) <= set(SCHEMA.labels)
    assert all(any(c.isalnum() for c in text) for text in captions.values()), captions
    assert captions["Address"].startswith("广东省")


def test_a_document_has_expired_the_day_after_its_last(reference: Reference) -> None:
    store, case = reference
    node = the(store, case.subject_id)
    last_moment = datetime(2024, 5, 1, 15, 59, tzinfo=UTC)  # 23:59 in China
    assert not id_expired(node, last_moment)
    assert id_expired(node, last_moment + timedelta(minutes=2))
    assert not id_expired(the(store, case.ids["user1"]), NOW)  # long-term
    assert not id_expired(the(store, case.ids["phone1"]), NOW)  # has none


def test_a_reveal_is_in_the_audit_chain_before_anybody_reads_it(reference: Reference) -> None:
    store, case = reference
    before = len(store.audit())
    shown = reveal(store, INVESTIGATOR, case.subject_id, "id_number", reason="案件 4711 核实", secret=SECRET, now=NOW)
    assert (shown.value, shown.expires_at) == (case.id_number, NOW + timedelta(minutes=10))
    line = store.audit()[before]
    assert (line.actor, line.role, line.operation, line.result) == ("ida", "investigator", "reveal", "ok")
    assert line.detail["property"] == "id_number" and line.detail["reason"] == "案件 4711 核实"
    assert list(line.subjects) == [subject_hash(SECRET, NodeRef("Customer", case.id_number))]
    assert case.id_number not in repr(line)
    assert first_break(store.audit()) is None


def test_dates_and_names_can_be_revealed_too(reference: Reference) -> None:
    store, case = reference
    shown = reveal(store, INVESTIGATOR, case.subject_id, "birth_date", reason="case 12", secret=SECRET, now=NOW)
    assert shown.value == date(1990, 5, 12).isoformat()


@pytest.mark.parametrize("reason", ["", "abc", "   a   ", "x" * 501])
def test_a_reason_that_says_nothing_is_refused_and_nothing_is_shown(reference: Reference, reason: str) -> None:
    store, case = reference
    before = len(store.audit())
    with pytest.raises(InvalidRequest) as raised:
        reveal(store, INVESTIGATOR, case.subject_id, "name", reason=reason, secret=SECRET, now=NOW)
    assert raised.value.code == "reveal.reason"
    assert len(store.audit()) == before


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.INVESTIGATOR, Role.SUPERVISOR}))
def test_roles_without_the_right_reveal_nothing(reference: Reference, role: Role) -> None:
    store, case = reference
    with pytest.raises(Forbidden):
        reveal(store, Principal("x", role), case.subject_id, "name", reason="case 12", secret=SECRET, now=NOW)


def test_what_is_not_there_can_not_be_revealed(reference: Reference) -> None:
    store, case = reference
    with pytest.raises(NotFound):
        reveal(store, INVESTIGATOR, "nobody", "name", reason="case 12", secret=SECRET, now=NOW)
    with pytest.raises(NotFound):
        reveal(store, INVESTIGATOR, case.ids["b_user2"], "education", reason="case 12", secret=SECRET, now=NOW)
    with pytest.raises(UnknownName):
        reveal(store, INVESTIGATOR, case.subject_id, "salary", reason="case 12", secret=SECRET, now=NOW)

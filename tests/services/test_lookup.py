"""Look-up: what investigators type, as they type it."""

import pytest

from graph_model.errors import Forbidden, GuanxiError, InvalidRequest, InvalidValue, NotFound
from graph_model.principal import Principal, Role
from graph_model.services.lookup import search, subject_by_id_number
from graph_model.services.status import newest_model
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures.reference_case import ReferenceCase, id_number
from tests.services.conftest import INVESTIGATOR

Reference = tuple[GraphStore, ReferenceCase]


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text)


def code_of(error: GuanxiError) -> str:
    return error.reason if isinstance(error, InvalidValue) else error.code


@pytest.mark.parametrize("typed", [str, full_width, lambda t: f"  {t[:6]} {t[6:14]} {t[14:]}\n", str.lower])
def test_an_id_number_is_found_however_it_is_typed(reference: Reference, typed) -> None:
    store, case = reference
    assert subject_by_id_number(store, INVESTIGATOR, typed(case.id_number)).node_id == case.subject_id


def wrong_check_digit(number: str) -> str:
    return number[:-1] + ("0" if number[-1] != "0" else "1")


def test_each_kind_of_wrong_id_number_has_its_own_code(reference: Reference) -> None:
    from datetime import date

    store, case = reference
    wrong = {
        "": "id.length",
        "11010519": "id.length",
        case.id_number + "1": "id.length",
        "1101051990051202X1"[:17] + "?": "id.malformed",
        "林晓曼": "id.malformed",
        wrong_check_digit(case.id_number): "id.checksum",
        id_number(date(1990, 5, 12), 24, region="999999"): "id.component",
        "DRIVER:123456": "id.document_type",
        id_number(date(1971, 1, 1), 999): "not_found",
        "PASSPORT:E12345678": "not_found",
    }
    for text, code in wrong.items():
        with pytest.raises(GuanxiError) as raised:
            subject_by_id_number(store, INVESTIGATOR, text)
        assert code_of(raised.value) == code, text
        assert len(text) < 6 or text not in raised.value.message


def test_an_exact_identifier_comes_first_and_says_what_matched(reference: Reference) -> None:
    store, case = reference
    phone = store.get_by_id([case.ids["phone1"]])[0].key
    for typed in (phone, phone.removeprefix("+86"), full_width(phone.removeprefix("+86"))):
        (hit,) = search(store, INVESTIGATOR, typed)
        assert (hit.id, hit.matched) == (case.ids["phone1"], "number")
    card = store.get_by_id([case.ids["bank1"]])[0].key
    spaced = " ".join(card[i : i + 4] for i in range(0, len(card), 4))
    assert [h.id for h in search(store, INVESTIGATOR, spaced)] == [case.ids["bank1"]]
    assert [h.id for h in search(store, INVESTIGATOR, "REF-DEVICE-0001-D")] == [case.ids["d_device"]]
    assert [h.id for h in search(store, INVESTIGATOR, "APP-REF-0003")] == [case.ids["application3"]]


def test_two_characters_of_a_name_or_address_are_enough(reference: Reference) -> None:
    store, case = reference
    assert case.subject_id in [h.id for h in search(store, INVESTIGATOR, "晓曼")]
    assert case.ids["b_address"] in [h.id for h in search(store, INVESTIGATOR, "振安路88")]
    assert {h.type for h in search(store, INVESTIGATOR, "学苑大道")} == {"Address"}


def test_hits_are_masked(reference: Reference) -> None:
    store, case = reference
    shown = " ".join(h.caption for text in ("林晓", case.id_number, "学苑") for h in search(store, INVESTIGATOR, text))
    assert not any(value in shown for value in case.personal)


def test_one_character_is_too_short_and_an_unknown_name_is_just_nothing(reference: Reference) -> None:
    store, _ = reference
    for text in ("", " ", "林", "\u200b\u200b林"):
        with pytest.raises(InvalidRequest) as raised:
            search(store, INVESTIGATOR, text)
        assert raised.value.code == "search.too_short"
    assert search(store, INVESTIGATOR, "欧阳不存在") == ()
    with pytest.raises(InvalidRequest):
        search(store, INVESTIGATOR, "长" * 201)


def test_a_mistyped_id_number_is_told_rather_than_lost(reference: Reference) -> None:
    store, case = reference
    with pytest.raises(InvalidValue) as raised:
        search(store, INVESTIGATOR, wrong_check_digit(case.id_number))
    assert raised.value.reason == "id.checksum"


def test_only_roles_with_the_graph_may_search(reference: Reference) -> None:
    store, case = reference
    for role in (Role.MARKETER, Role.OPERATOR, Role.RISK_ENGINE):
        with pytest.raises(Forbidden):
            search(store, Principal("x", role), "林晓")
    with pytest.raises(Forbidden):
        subject_by_id_number(store, Principal("mia", Role.MARKETER), case.id_number)
    with pytest.raises(NotFound):
        subject_by_id_number(store, INVESTIGATOR, "PASSPORT:E99999999")


def test_the_model_is_known_with_rings_and_without(
    reference: Reference, tangle: tuple[GraphStore, list[str]], tmp_path
) -> None:
    assert newest_model(reference[0]) == "reference-case"
    assert newest_model(tangle[0]) == "tangle"
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}", create=True)
    assert newest_model(empty) is None
    empty.close()

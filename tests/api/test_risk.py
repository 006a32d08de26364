"""Scores over HTTP: by whatever identifier the risk engine has, many at once, and never with a number in an answer or a log."""

from datetime import timedelta

import pytest

from graph_model.principal import Role
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.fixtures import reference_case
from tests.fixtures.reference_case import RING_ID


@pytest.fixture
def engine(served: Served) -> Client:
    return served.client(Role.RISK_ENGINE)


def key_of(served: Served, name: str) -> str:
    return served.runtime.store.get_by_id([served.case.ids[name]])[0].key


def test_a_known_fraudster_is_answered_with_grade_reasons_and_ring(engine: Client, served: Served) -> None:
    answer = engine.data(queries.SCORE, idNumber=key_of(served, "d_user"))["score"]
    assert answer["subjectId"] == served.case.ids["d_user"] and answer["type"] == "Customer" and answer["found"]
    assert (answer["score"], answer["grade"], answer["source"], answer["tags"]) == (0.93, "D", "model", [])
    assert answer["modelVersion"] == reference_case.MODEL_VERSION and answer["policyVersion"] == "1"
    assert [reason["code"] for reason in answer["reasons"]] == ["CONFIRMED_FRAUD", "SHARED_DEVICE"]
    assert answer["reasons"][0]["text"] == "本人有 1 笔申请已确认欺诈"
    assert answer["english"][0]["text"].startswith("1 of the customer's own applications")
    assert answer["ring"]["id"] == RING_ID and answer["ring"]["knownFraudShare"] == 0.5


@pytest.mark.parametrize(
    ("argument", "name", "type"),
    [
        ("phone", "phone1", "Phone"),
        ("device", "d_device", "Device"),
        ("bankAccount", "bank1", "BankAccount"),
        ("application", "application1", "Application"),
    ],
)
def test_every_identifier_is_asked_for_by_its_own_name(
    engine: Client, served: Served, argument: str, name: str, type: str
) -> None:
    answer = engine.data(queries.SCORE, **{argument: key_of(served, name)})["score"]
    assert (answer["subjectId"], answer["type"]) == (served.case.ids[name], type)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "score.which"),
        ({"phone": "13800138001", "device": "abc-123456"}, "score.which"),
        ({"idNumber": ""}, "id.length"),
        ({"idNumber": "11010519900512002"}, "id.length"),
        ({"phone": "911"}, "phone.invalid"),
        ({"phone": "not a phone"}, "phone.malformed"),
        ({"device": "?"}, "device.malformed"),
        ({"bankAccount": "6222020000000000001"}, "account.luhn"),
        ({"bankAccount": "12"}, "account.malformed"),
        ({"application": "no spaces, please"}, "application.malformed"),
    ],
)
def test_what_is_wrong_with_an_identifier_is_told_by_its_code(engine: Client, asked: dict[str, str], code: str) -> None:
    assert engine.code(queries.SCORE, **asked) == code


def test_a_stranger_is_no_error_and_no_pass(engine: Client) -> None:
    answer = engine.data(queries.SCORE, idNumber="PASSPORT:E00000009")["score"]
    assert (answer["found"], answer["subjectId"], answer["score"], answer["freshness"]) == (False, None, None, None)
    assert answer["degraded"] and answer["degradedBecause"] == ["unknown_subject"]


def test_a_score_of_june_is_stale_by_november_and_fresh_as_of_july(engine: Client, served: Served) -> None:
    number = served.case.id_number
    assert "stale" in engine.data(queries.SCORE, idNumber=number)["score"]["degradedBecause"]
    next_day = reference_case.AS_OF + timedelta(days=1)
    then = engine.data(queries.SCORE, idNumber=number, asOf=next_day.isoformat())["score"]
    assert (then["degraded"], then["freshness"]) == (False, {"ageSeconds": 86_400, "changedSince": False})
    before = reference_case.AS_OF - timedelta(days=1)
    unscored = engine.data(queries.SCORE, idNumber=number, asOf=before.isoformat())["score"]
    assert unscored["found"] and unscored["score"] is None and unscored["degradedBecause"] == ["never_scored"]


def test_a_batch_is_answered_in_order_without_repeating_a_number(engine: Client, served: Served) -> None:
    numbers = [key_of(served, "d_user"), "11010519900512002", served.case.id_number, "PASSPORT:E00000009"]
    response = engine.post(queries.SCORES, {"idNumbers": numbers})
    items = response.json()["data"]["scores"]
    assert [item["index"] for item in items] == [0, 1, 2, 3]
    assert [item["answer"] and item["answer"]["grade"] for item in items] == ["D", None, "A", None]
    assert items[1]["error"]["code"] == "id.length" and items[0]["error"] is None
    assert items[3]["answer"]["found"] is False
    assert not [number for number in numbers if number in response.text or number in served.log.getvalue()]


def test_two_hundred_are_answered_and_one_more_is_not(engine: Client, served: Served) -> None:
    assert len(engine.data(queries.SCORES, idNumbers=[served.case.id_number] * 200)["scores"]) == 200
    assert engine.code(queries.SCORES, idNumbers=[served.case.id_number] * 201) == "scores.too_many"
    assert engine.code(queries.SCORES, idNumbers=[]) == "scores.none"


def test_a_marketer_can_tell_nobody_from_nobody(served: Served) -> None:
    """Known, unknown, malformed and too many: one and the same refusal."""
    marketer = served.client(Role.MARKETER)
    for query, asked in (
        (
            queries.SCORE,
            [{"idNumber": served.case.id_number}, {"idNumber": "PASSPORT:E00000009"}, {"idNumber": ""}, {}],
        ),
        (queries.SCORES, [{"idNumbers": [served.case.id_number]}, {"idNumbers": []}]),
        (queries.RINGS, [{}, {"filter": {"minKnownFraud": 1}}, {"order": "MEAN_SCORE"}, {"after": "x"}]),
    ):
        answers = {marketer.post(query, variables).text for variables in asked}
        assert len(answers) == 1 and '"forbidden"' in answers.pop()

"""The investigator's question: an ID number in, the subject, its graph and its overview out."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from api.reasons import sentence
from graph_model.records import Reason
from graph_model.services.layout import SPACING
from investigator_ui.columns import with_elements
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.fixtures import reference_case
from tests.fixtures.reference_case import EXPECTED, id_number


def table(overview: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        row["grade"]: {"main node" if c["isSubject"] else c["type"]: c["count"] for c in row["types"]}
        for row in overview["rows"]
    }


def test_an_id_number_opens_the_subject(investigator: Client, served: Served) -> None:
    subject = investigator.data(queries.SUBJECT_BY_NUMBER, idNumber=served.case.id_number)["subject"]
    assert subject["node"]["id"] == served.case.subject_id
    assert subject["node"]["caption"] == "林**"
    assert subject["idExpired"] is True
    assert subject["assessment"]["grade"] == "A"
    assert subject["assessment"]["modelVersion"] == reference_case.MODEL_VERSION
    assert subject["ring"] is None and subject["tags"] == []
    shown = {a["name"]: a for a in subject["attributes"]}
    assert shown["sex"]["displayZh"] == "女"
    assert shown["name"] == shown["name"] | {"value": "林**", "masked": True, "personal": True}
    assert len(subject["applications"]) == 6
    applied = [a["appliedAt"] for a in subject["applications"]]
    assert applied == sorted(applied, reverse=True)
    newest = subject["applications"][0]
    assert [s["status"] for s in newest["statuses"]] == ["registered", "applied", newest["outcome"]]
    assert newest["statuses"][0]["captionZh"] == "注册"


def test_full_width_digits_and_a_lower_case_x_are_daily_life(investigator: Client, served: Served) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in served.case.id_number)
    subject = investigator.data(queries.SUBJECT_BY_NUMBER, idNumber=f" {wide} ")["subject"]
    assert subject["node"]["id"] == served.case.subject_id


def test_the_reference_case_has_its_73_nodes_and_their_grades(investigator: Client, served: Served) -> None:
    graph = investigator.data(queries.RELATION_GRAPH, nodeId=served.case.subject_id)["subjectById"]["relationGraph"]
    assert graph["total"] == graph["overview"]["total"] == len(graph["nodes"]) == 73
    assert table(graph["overview"]) == EXPECTED
    assert [(row["grade"], row["count"]) for row in graph["overview"]["rows"]] == [
        ("A", 57), ("B", 12), ("C", 2), ("D", 2),
    ]  # fmt: skip
    main = graph["overview"]["rows"][0]["types"][0]
    assert (main["captionZh"], main["captionEn"], main["nodeIds"]) == ("主节点", "main node", [served.case.subject_id])
    assert graph["omissions"] == [] and graph["aggregated"] is False


def test_positions_have_the_subject_in_the_middle_and_no_overlap(investigator: Client, served: Served) -> None:
    graph = investigator.data(queries.RELATION_GRAPH, nodeId=served.case.subject_id)["subjectById"]["relationGraph"]
    places = [(n["x"], n["y"]) for n in graph["nodes"]]
    assert [(n["x"], n["y"]) for n in graph["nodes"] if n["isSubject"]] == [(0, 0)]
    for i, (x, y) in enumerate(places):
        assert all((x - a) ** 2 + (y - b) ** 2 >= SPACING**2 for a, b in places[:i])


def test_each_wrong_id_number_has_its_own_code(investigator: Client, served: Served) -> None:
    from datetime import date

    good = served.case.id_number
    wrong = {
        "": "id.length",
        "11010519": "id.length",
        good + "9": "id.length",
        good[:-1] + "?": "id.malformed",
        good[:-1] + ("3" if good[-1] != "3" else "4"): "id.checksum",
        id_number(date(1990, 5, 12), 24, region="999999"): "id.component",
        "LICENCE:12345": "id.document_type",
        id_number(date(1970, 6, 1), 77): "not_found",
    }
    for text, code in wrong.items():
        assert investigator.code(queries.SUBJECT_BY_NUMBER, idNumber=text) == code, text


def test_an_unknown_node_is_null_as_a_node_and_an_error_as_a_subject(investigator: Client) -> None:
    assert investigator.data(queries.NODE_BY_ID, id="nobody") == {"node": None}
    assert investigator.code(queries.RELATION_GRAPH, nodeId="nobody") == "not_found"


def test_any_node_can_be_a_subject(investigator: Client, served: Served) -> None:
    device = served.case.ids["d_device"]
    graph = investigator.data(queries.RELATION_GRAPH, nodeId=device, hops=1)["subjectById"]["relationGraph"]
    assert {n["type"] for n in graph["nodes"]} == {"Device", "Customer"}
    assert table(graph["overview"])["D"] == {"main node": 1, "Customer": 1}


def test_a_node_shows_its_degrees_and_reveals_nothing(investigator: Client, served: Served) -> None:
    node = investigator.data(queries.NODE_BY_ID, id=served.case.ids["d_device"])["node"]
    assert node["degrees"] == [{"type": "USES_DEVICE", "neighbourType": "Customer", "count": 3}]
    assert node["attributes"][0]["value"] == "ref***1-d"


def test_a_capped_graph_says_what_it_left_out(investigator: Client, served: Served) -> None:
    graph = investigator.data(queries.RELATION_GRAPH, nodeId=served.case.subject_id, hops=1, cap=3)
    omissions = graph["subjectById"]["relationGraph"]["omissions"]
    assert {"nodeId": served.case.subject_id, "type": "APPLIED", "shown": 3, "total": 6} in omissions


def test_relation_types_can_be_chosen(investigator: Client, served: Served) -> None:
    graph = investigator.data(queries.RELATION_GRAPH, nodeId=served.case.subject_id, types=["USES_DEVICE"])
    found = graph["subjectById"]["relationGraph"]
    assert {e["type"] for e in found["edges"]} == {"USES_DEVICE"}
    assert investigator.code(queries.RELATION_GRAPH, nodeId=served.case.subject_id, types=["NO_SUCH"]) == "unknown_name"


@pytest.mark.parametrize("wrong", [{"hops": 9}, {"limit": 6_000}, {"cap": 0}])
def test_bounds_are_refused_by_code(investigator: Client, served: Served, wrong: dict[str, int]) -> None:
    assert investigator.code(queries.RELATION_GRAPH, nodeId=served.case.subject_id, **wrong) == "invalid_request"


def test_as_of_shows_the_graph_and_the_score_of_that_day(investigator: Client, served: Served) -> None:
    number = served.case.id_number
    before_any_score = reference_case.AS_OF - timedelta(days=30)
    subject = investigator.data(queries.SUBJECT_BY_NUMBER, idNumber=number, asOf=before_any_score.isoformat())[
        "subject"
    ]
    assert subject["assessment"] is None
    graph = investigator.data(queries.RELATION_GRAPH, nodeId=served.case.subject_id, asOf=before_any_score.isoformat())[
        "subjectById"
    ]["relationGraph"]
    assert graph["total"] == 73
    assert [row["grade"] for row in graph["overview"]["rows"]] == [None]
    too_early = reference_case.START - timedelta(days=1)
    assert investigator.code(queries.SUBJECT_BY_NUMBER, idNumber=number, asOf=too_early.isoformat()) == "not_known_then"
    about = {"nodeId": served.case.subject_id, "asOf": too_early.isoformat()}
    assert investigator.code(queries.RELATION_GRAPH, **about) == "not_known_then"
    assert investigator.code(queries.RELATION_GRAPH, **about | {"nodeId": "nobody"}) == "not_found"


def test_as_of_moves_the_expiry_warning(investigator: Client, served: Served) -> None:
    query = "query ($id: ID!, $asOf: DateTime) { subjectById(nodeId: $id, asOf: $asOf) { idExpired } }"
    late = investigator.data(query, id=served.case.ids["user1"], asOf="2027-01-01T00:00:00+08:00")
    assert late["subjectById"]["idExpired"] is False  # long-term
    assert investigator.data(query, id=served.case.subject_id)["subjectById"]["idExpired"] is True


def test_moments_come_out_in_utc(investigator: Client, served: Served) -> None:
    subject = investigator.data(queries.SUBJECT_BY_NUMBER, idNumber=served.case.id_number)["subject"]
    moments = [subject["assessment"]["asOf"], subject["node"]["firstSeen"], subject["applications"][0]["appliedAt"]]
    assert all(datetime.fromisoformat(m).utcoffset() == timedelta(0) for m in moments)


def test_a_moment_that_is_none_is_refused(investigator: Client, served: Served) -> None:
    assert (
        investigator.code(queries.RELATION_GRAPH, nodeId=served.case.subject_id, asOf="yesterday") == "graphql.invalid"
    )


def test_a_ring_member_has_its_ring_and_its_full_graph(investigator: Client, served: Served) -> None:
    query = "query ($id: ID!) { subjectById(nodeId: $id) { ring { id size knownFraud knownFraudShare motif } } }"
    ring = investigator.data(query, id=served.case.ids["d_user"])["subjectById"]["ring"]
    assert ring == {"id": "ring-reference", "size": 2, "knownFraud": 1, "knownFraudShare": 0.5, "motif": "device_farm"}
    graph = investigator.data(queries.FULL_GRAPH, nodeId=served.case.ids["d_user"])["subjectById"]["fullGraph"]
    assert {n["id"] for n in graph["nodes"]} == {served.case.ids[name] for name in ("c_user", "d_user", "d_device")}


def test_reasons_are_sentences_with_their_numbers_in_both_languages(investigator: Client, served: Served) -> None:
    query = """query ($id: ID!) { node(id: $id) { assessment {
      zh: reasons { code text weight } en: reasons(language: EN) { text } } } }"""
    assessment = investigator.data(query, id=served.case.ids["c_user"])["node"]["assessment"]
    assert [reason["code"] for reason in assessment["zh"]] == ["RING", "SHARED_DEVICE"]
    assert "与 2 名其他客户共用设备" in assessment["zh"][1]["text"]
    assert "a device with 2 other customers: 1 refused" in assessment["en"][1]["text"]


def test_a_reason_of_another_model_is_shown_by_its_code() -> None:
    assert sentence(Reason("FROM_THE_FUTURE", 0.5, {}), "zh") == "FROM_THE_FUTURE"


def test_expanding_adds_new_nodes_with_places_of_their_own(investigator: Client, served: Served) -> None:
    ids = served.case.ids
    known, places = [served.case.subject_id, ids["d_device"]], [0.0, 0.0, 300.0, 0.0]
    found = investigator.data(queries.NEIGHBOURS, nodeId=ids["d_device"], known=known, positions=places)["neighbours"]
    assert {n["id"] for n in found["nodes"]} == {ids["c_user"], ids["d_user"]}
    assert all(n["x"] > 300 for n in found["nodes"])
    assert len(found["edges"]) == 2
    offsets = investigator.data(queries.NEIGHBOURS, nodeId=ids["d_device"], known=known)["neighbours"]["nodes"]
    assert all(abs(n["x"]) < 300 for n in offsets)


def test_the_legend_names_every_type_in_both_languages(investigator: Client) -> None:
    schema = investigator.data(queries.SCHEMA)["schema"]
    assert len(schema["nodeTypes"]) == 10 and len({t["shape"] for t in schema["nodeTypes"]}) == 10
    assert {t["captionZh"] for t in schema["nodeTypes"]} >= {"客户", "电话", "设备"}
    assert [g["grade"] for g in schema["grades"]] == ["A", "B", "C", "D"]
    assert [t["name"] for t in schema["relationshipTypes"] if t["human"]] == ["HUMAN_LINK"]
    words = {(v["type"], v["property"], v["value"]): (v["captionZh"], v["captionEn"]) for v in schema["values"]}
    assert words["Application", "product", "cash_loan"] == ("现金贷", "cash loan")
    assert words["Customer", "mobile_carrier", "China Mobile"] == ("中国移动", "China Mobile")
    assert words["Application", "channel", "store"] == ("门店", "store")
    assert words["Customer", "education", "bachelor"] == ("本科", "bachelor")


def test_status_counts_the_store(investigator: Client) -> None:
    status = investigator.data(queries.STATUS)["status"]
    assert (status["customers"], status["nodes"], status["edges"]) == (9, 73, 76)
    assert status["modelVersion"] == reference_case.MODEL_VERSION and status["version"]


def test_search_by_phone_name_and_nothing(investigator: Client, served: Served) -> None:
    phone = served.runtime.store.get_by_id([served.case.ids["phone1"]])[0].key
    (hit,) = investigator.data(queries.SEARCH, text=phone)["search"]
    assert hit == {
        "id": served.case.ids["phone1"],
        "type": "Phone",
        "caption": "138****8001",
        "matched": "number",
        "grade": "A",
    }
    assert investigator.data(queries.SEARCH, text="晓曼")["search"][0]["id"] == served.case.subject_id
    assert investigator.data(queries.SEARCH, text="查无此人")["search"] == []
    assert investigator.code(queries.SEARCH, text="林") == "search.too_short"


def test_columns_say_what_the_elements_say(investigator: Client, served: Served) -> None:
    ids = served.case.ids
    investigator.data(queries.DRAW_LINK, **{"from": ids["c_user"], "to": ids["d_user"], "reason": "same house"})
    answer = investigator.data(queries.FULL_GRAPH, nodeId=ids["d_user"])["subjectById"]["fullGraph"]
    rebuilt = with_elements(investigator.data(queries.FULL_COLUMNS, nodeId=ids["d_user"])["subjectById"]["fullGraph"])
    assert rebuilt["nodes"] == answer["nodes"]
    said_by_type = ("captionZh", "captionEn")
    edges = [{name: value for name, value in edge.items() if name not in said_by_type} for edge in answer["edges"]]
    assert [{"link": None} | edge for edge in rebuilt["edges"]] == edges
    assert any(edge["link"] for edge in edges)

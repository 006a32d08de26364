"""Who may read what: deny by default, a marketer who can't see risk by any way, and no personal value without a reveal."""

import json
import re
from datetime import UTC, datetime

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, parse

from api.graphql.permissions import RULES, check_operation, named_fields
from api.graphql.schema import build_schema
from api.job_records import PREFIX, Job, JobKind, JobStatus
from graph_model.errors import Forbidden
from graph_model.principal import Principal, Role
from tests.api import queries
from tests.api.conftest import Client, Served
from tests.fixtures.reference_case import RING_ID

SCHEMA = build_schema()._schema
TAG = {"nameZh": "标签", "nameEn": "tag", "category": "行为", "subcategory": "联系", "rule": "sex is known"}
TAG_EDITORS = (Role.SUPERVISOR, Role.MARKETER, Role.DATA_SCIENTIST, Role.OPERATOR)
TAGGERS = (*TAG_EDITORS, Role.INVESTIGATOR)
READERS = (Role.INVESTIGATOR, Role.SUPERVISOR, Role.DATA_SCIENTIST)


def coordinates() -> set[str]:
    return {
        f"{name}.{field}"
        for name, type_ in SCHEMA.type_map.items()
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__")
        for field in type_.fields
    }


def elsewhere(served: Served) -> None:
    """A job is at work on another machine, so none is started here."""
    store, now = served.runtime.store, datetime.now(UTC)
    busy = Job("job-elsewhere", JobKind.CHECK, JobStatus.RUNNING, "olaf", now, now, host="elsewhere", pid=1)
    store.put_state(f"{PREFIX}{busy.id}", busy.dump())
    store.put_state("jobs-current", busy.id)


def variables(served: Served) -> dict[str, dict[str, object]]:
    case = served.case
    elsewhere(served)
    return {
        queries.SUBJECT_BY_NUMBER: {"idNumber": case.id_number},
        queries.RELATION_GRAPH: {"nodeId": case.subject_id, "hops": 4, "limit": 500, "cap": 100},
        queries.FULL_GRAPH: {"nodeId": case.subject_id},
        queries.FULL_COLUMNS: {"nodeId": case.subject_id},
        queries.NODE_BY_ID: {"id": case.ids["address1"]},
        queries.SEARCH: {"text": case.id_number},
        queries.NEIGHBOURS: {"nodeId": case.subject_id, "cap": 100},
        queries.SCHEMA: {},
        queries.STATUS: {},
        queries.ME: {},
        queries.REVEAL: {"nodeId": case.subject_id, "property": "name", "reason": "case 4711"},
        queries.DRAW_LINK: {"from": case.subject_id, "to": case.subject_id, "reason": "same voice"},
        queries.ANNOTATE_LINK: {"id": "no-such-link", "reason": "same voice"},
        queries.RETRACT_LINK: {"id": "no-such-link", "reason": "another voice"},
        queries.LINK: {"id": "no-such-link"},
        queries.NODE_FACTS: {"id": case.ids["application1"]},
        queries.RECORD_LABEL: {"applicationId": case.subject_id, "label": "CONFIRMED_FRAUD"},
        queries.RECORD_DISPOSITION: {"subject": "nobody", "verdict": "CLEARED", "reason": "it was a mistake"},
        queries.ASSESS: {"input": {"applicationId": "APP-REF-0099", "customer": {"idNumber": "1"}}, "key": "a-key"},
        queries.START_JOB: {"kind": "CHECK"},
        queries.CANCEL_JOB: {"id": "no-such-job"},
        queries.JOBS: {},
        queries.ONE_JOB: {"id": "job-elsewhere"},
        queries.BLOCKLIST: {},
        queries.ADD_TO_BLOCKLIST: {"type": "Phone", "key": "12", "reason": "mule phone"},
        queries.REMOVE_FROM_BLOCKLIST: {"nodeId": case.ids["phone1"], "reason": "never listed"},
        queries.SCORE: {"idNumber": case.id_number},
        queries.SCORES: {"idNumbers": [case.id_number, "no number"]},
        queries.RING: {"id": RING_ID},
        queries.RINGS: {},
        queries.RING_MEMBERS: {"id": RING_ID},
        queries.EXPLANATION: {"nodeId": case.subject_id},
        queries.PATH: {"from": case.subject_id, "to": case.ids["d_user"]},
        queries.RECORD_CONSENTS: {"consents": []},
        queries.RECORD_CONTACTS: {"contacts": []},
        queries.CONSENT: {"nodeId": case.subject_id},
        queries.CIRCLE: {"id": "nobodys"},
        queries.CIRCLES: {},
        queries.CIRCLE_IN_FULL: {"id": "nobodys"},
        queries.AUDIENCE: {"id": "nobodys"},
        queries.AUDIENCES: {},
        queries.RECEIVERS: {},
        queries.AUDIENCE_MEMBERS: {"id": "nobodys"},
        queries.WATERFALL: {"id": "nobodys"},
        queries.DRAW_AUDIENCE: {"name": "", "channel": "SMS", "purpose": "offer", "recipe": {"spreaders": 10}},
        queries.REDRAW_AUDIENCE: {"id": "nobodys"},
        queries.WITHDRAW_AUDIENCE: {"id": "nobodys", "version": 1, "reason": "it was a mistake"},
        queries.MACRO_PORTRAIT: {"rows": "nobodys", "columns": "nobodys"},
        queries.TAGS: {},
        queries.ONE_TAG: {"code": "nobodys"},
        queries.TAG_COMPUTATIONS: {},
        queries.CHECK_TAG: {"rule": "sex is known"},
        queries.DEFINE_TAG: {"input": {**TAG, "code": "No Code"}},
        queries.CHANGE_TAG: {"input": {**TAG, "code": "nobodys"}},
        queries.DELETE_TAG: {"code": "nobodys"},
        queries.SET_TAG: {"nodeId": case.subject_id, "code": "nobodys"},
        queries.PORTRAIT: {"nodeId": case.subject_id},
        queries.TAG_HISTORY: {"nodeId": case.subject_id, "code": "nobodys"},
        queries.SEGMENTS: {},
        queries.RULE_VOCABULARY: {},
        queries.ONE_SEGMENT: {"code": "nobodys"},
        queries.COUNT_SEGMENT: {"rule": "sex is known"},
        queries.SEGMENT_DIFFERENCE: {"code": "nobodys"},
        queries.SEGMENT_REACH: {"code": "nobodys"},
        queries.SEGMENT_WATERFALL: {"code": "nobodys"},
        queries.SEGMENT_MEMBERS: {"code": "nobodys"},
        queries.DEFINE_SEGMENT: {"input": {"code": "No Code", "name": "用户群", "rule": "sex is known"}},
        queries.CHANGE_SEGMENT: {"input": {"code": "nobodys", "name": "用户群", "rule": "sex is known"}},
        queries.DELETE_SEGMENT: {"code": "nobodys"},
        queries.COMPUTE_SEGMENT: {"code": "nobodys"},
        queries.NODE_BY_KEY: {"type": "Customer", "key": case.id_number},
    }


# What `variables` ask for in vain, so that a document that writes can be sent by every role and leaves the case as it is.
IN_VAIN = {
    queries.DRAW_LINK: "link.self",
    queries.ANNOTATE_LINK: "not_found",
    queries.RETRACT_LINK: "not_found",
    queries.RECORD_LABEL: "label.subject",
    queries.RECORD_DISPOSITION: "not_found",
    queries.ADD_TO_BLOCKLIST: "phone.invalid",
    queries.ASSESS: "application.invalid",
    queries.START_JOB: "job.running",
    queries.RECORD_CONSENTS: "consent.none",
    queries.RECORD_CONTACTS: "consent.none",
    queries.DRAW_AUDIENCE: "audience.name",
    queries.REDRAW_AUDIENCE: "not_found",
    queries.WITHDRAW_AUDIENCE: "not_found",
    queries.DEFINE_TAG: "tag.code",
    queries.CHANGE_TAG: "not_found",
    queries.DELETE_TAG: "not_found",
    queries.SET_TAG: "not_found",
    queries.MACRO_PORTRAIT: "not_found",
    queries.TAG_HISTORY: "not_found",
    queries.DEFINE_SEGMENT: "segment.code",
    queries.CHANGE_SEGMENT: "not_found",
    queries.DELETE_SEGMENT: "not_found",
    queries.COMPUTE_SEGMENT: "not_found",
    queries.CANCEL_JOB: "not_found",
    queries.REMOVE_FROM_BLOCKLIST: "blocklist.not_listed",
}


def test_every_field_of_the_schema_has_a_rule_and_no_rule_is_stale() -> None:
    assert coordinates() == set(RULES)


def test_the_tests_ask_for_every_field() -> None:
    asked = {name for query in queries.EVERYTHING for name in named_fields(SCHEMA, parse(query))}
    assert asked == coordinates()


def test_a_field_without_a_rule_is_closed_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.graphql import permissions

    monkeypatch.setattr(permissions, "RULES", {k: v for k, v in RULES.items() if k != "Me.name"})
    for role in Role:
        with pytest.raises(Forbidden):
            check_operation(SCHEMA, parse("{ me { name } }"), Principal("x", role))


def test_a_field_hidden_in_a_fragment_is_checked_too(served: Served) -> None:
    query = """query ($id: ID!) { subjectById(nodeId: $id) { ...a } }
      fragment a on Subject { ... on Subject { ...b } } fragment b on Subject { risk: assessment { score } }"""
    assert served.client(Role.MARKETER).code(query, id=served.case.subject_id) == "forbidden"


@pytest.mark.parametrize("role", list(Role))
def test_what_each_role_may_ask(served: Served, role: Role) -> None:
    """Rows: documents; the roles that get an answer. Everybody else gets `forbidden` and not a byte of data."""
    open_to = {
        queries.SUBJECT_BY_NUMBER: READERS,
        queries.RELATION_GRAPH: READERS,
        queries.FULL_GRAPH: READERS,
        queries.FULL_COLUMNS: READERS,
        queries.NODE_BY_ID: READERS,
        queries.SEARCH: READERS,
        queries.NEIGHBOURS: READERS,
        queries.SCHEMA: tuple(Role),
        queries.STATUS: (*READERS, Role.RISK_ENGINE),
        queries.ME: tuple(Role),
        queries.REVEAL: (Role.INVESTIGATOR, Role.SUPERVISOR),
        queries.DRAW_LINK: (Role.INVESTIGATOR, Role.SUPERVISOR),
        queries.ANNOTATE_LINK: (Role.INVESTIGATOR, Role.SUPERVISOR),
        queries.RETRACT_LINK: (Role.INVESTIGATOR, Role.SUPERVISOR),
        queries.LINK: READERS,
        queries.NODE_FACTS: READERS,
        queries.RECORD_LABEL: (Role.INVESTIGATOR, Role.SUPERVISOR),
        queries.RECORD_DISPOSITION: (Role.INVESTIGATOR, Role.SUPERVISOR),
        queries.BLOCKLIST: READERS,
        queries.ASSESS: (Role.RISK_ENGINE,),
        queries.START_JOB: (Role.DATA_SCIENTIST, Role.OPERATOR),
        queries.CANCEL_JOB: TAG_EDITORS,
        queries.JOBS: TAG_EDITORS,
        queries.ONE_JOB: TAG_EDITORS,
        queries.ADD_TO_BLOCKLIST: (Role.SUPERVISOR,),
        queries.REMOVE_FROM_BLOCKLIST: (Role.SUPERVISOR,),
        queries.SCORE: (*READERS, Role.RISK_ENGINE),
        queries.SCORES: (*READERS, Role.RISK_ENGINE),
        queries.RING: (*READERS, Role.RISK_ENGINE),
        queries.RINGS: (*READERS, Role.RISK_ENGINE),
        queries.RING_MEMBERS: READERS,
        queries.EXPLANATION: READERS,
        queries.PATH: READERS,
        queries.RECORD_CONSENTS: (Role.SUPERVISOR, Role.OPERATOR),
        queries.RECORD_CONTACTS: (Role.SUPERVISOR, Role.OPERATOR),
        queries.CONSENT: (Role.SUPERVISOR,),
        queries.CIRCLE: (*READERS, Role.MARKETER),
        queries.CIRCLES: (*READERS, Role.MARKETER),
        queries.CIRCLE_IN_FULL: READERS,
        queries.AUDIENCE: (Role.MARKETER, Role.SUPERVISOR),
        queries.AUDIENCES: (Role.MARKETER, Role.SUPERVISOR),
        queries.RECEIVERS: (Role.MARKETER, Role.SUPERVISOR),
        queries.AUDIENCE_MEMBERS: (Role.MARKETER, Role.SUPERVISOR),
        queries.WATERFALL: (Role.SUPERVISOR,),
        queries.DRAW_AUDIENCE: (Role.MARKETER, Role.SUPERVISOR),
        queries.REDRAW_AUDIENCE: (Role.MARKETER, Role.SUPERVISOR),
        queries.WITHDRAW_AUDIENCE: (Role.SUPERVISOR,),
        queries.TAGS: TAGGERS,
        queries.ONE_TAG: TAGGERS,
        queries.TAG_COMPUTATIONS: TAGGERS,
        queries.CHECK_TAG: TAGGERS,
        queries.DEFINE_TAG: TAG_EDITORS,
        queries.CHANGE_TAG: TAG_EDITORS,
        queries.DELETE_TAG: TAG_EDITORS,
        queries.SET_TAG: (Role.INVESTIGATOR, Role.SUPERVISOR),
        queries.PORTRAIT: READERS,
        queries.TAG_HISTORY: READERS,
        queries.MACRO_PORTRAIT: TAGGERS,
        queries.SEGMENTS: TAGGERS,
        queries.RULE_VOCABULARY: TAGGERS,
        queries.ONE_SEGMENT: TAGGERS,
        queries.COUNT_SEGMENT: TAGGERS,
        queries.SEGMENT_DIFFERENCE: TAGGERS,
        queries.SEGMENT_REACH: (Role.MARKETER, Role.SUPERVISOR),
        queries.SEGMENT_WATERFALL: (Role.SUPERVISOR,),
        queries.SEGMENT_MEMBERS: (Role.MARKETER, Role.SUPERVISOR),
        queries.DEFINE_SEGMENT: TAG_EDITORS,
        queries.CHANGE_SEGMENT: TAG_EDITORS,
        queries.DELETE_SEGMENT: TAG_EDITORS,
        queries.COMPUTE_SEGMENT: TAG_EDITORS,
        queries.NODE_BY_KEY: READERS,
    }
    assert set(open_to) == set(queries.EVERYTHING)
    client = served.client(role)
    for query, roles in open_to.items():
        body = client.post(query, variables(served)[query]).json()
        if role in roles:
            codes = [error["extensions"]["code"] for error in body.get("errors", [])]
            assert codes == ([IN_VAIN[query]] if query in IN_VAIN else []), body
        else:
            assert body["data"] is None
            assert {e["extensions"]["code"] for e in body["errors"]} == {"forbidden"}


def test_a_risk_engine_reads_score_and_ring_but_not_the_graph(served: Served) -> None:
    engine = served.client(Role.RISK_ENGINE)
    query = "query ($n: String!) { subject(idNumber: $n) { assessment { score grade } ring { id } } }"
    assert engine.data(query, n=served.case.id_number)["subject"]["assessment"]["grade"] == "A"
    assert engine.code("query ($n: String!) { subject(idNumber: $n) { tags } }", n=served.case.id_number) == "forbidden"


def test_a_marketer_learns_nothing_of_risk_from_any_field(served: Served) -> None:
    """Every field outside the legend and the log-in, asked for one at a time, is refused before anything is looked up."""
    marketer = Principal("mia", Role.MARKETER)
    open_fields = {c for c in coordinates() if not _refused(c, marketer)}
    assert {c.partition(".")[0] for c in open_fields} == {
        "Tag", "TagVersion", "TagFigures", "TagRun", "TagComputation", "TagShare", "TagCheck",
        "Segment", "SegmentCount", "SegmentStep", "SegmentVersion", "SegmentEdition", "SegmentRun", "SegmentDifference", "SegmentReach",
        "RuleVocabulary", "RuleTarget", "RuleField", "RuleChoice", "RuleTie", "SegmentMember", "SegmentMemberEdge", "SegmentMemberConnection",
        "ReferralCircle", "ReferralCircleConnection", "ReferralCircleEdge", "CircleLevel",
        "Job", "AudienceView", "AudienceVersion", "AudienceDelivery", "AudienceMember", "AudienceMemberConnection", "AudienceMemberEdge", "PageInfo",
        "MacroPortrait", "PortraitCategory", "PortraitCell", "PortraitSource", "TagLikeness", "LikenessTrait",
        "Mutation", "Query", "Me", "Status", "GraphSchema", "NodeTypeView", "RelationshipTypeView", "GradeView", "ValueView",
    }  # fmt: skip
    assert {c for c in open_fields if c.startswith(("Query", "Status", "Mutation"))} == {
        "Query.referralCircles", "Query.referralCircle", "Query.audiences", "Query.audience", "Query.receivers",
        "Query.jobs", "Query.job", "Mutation.startJob", "Mutation.cancelJob",
        "Mutation.drawAudience", "Mutation.redrawAudience",
        "Query.tags", "Query.tag", "Query.tagComputations", "Query.checkTag", "Mutation.defineTag", "Mutation.changeTag", "Mutation.deleteTag",
        "Query.macroPortrait", "Query.ruleVocabulary", "Query.segments", "Query.segment", "Query.countSegment",
        "Mutation.defineSegment", "Mutation.changeSegment", "Mutation.deleteSegment", "Mutation.computeSegment",
        "Query.me", "Query.schema", "Query.status", "Status.customers", "Status.changedAt", "Status.version",
    }  # fmt: skip
    client = served.client(Role.MARKETER)
    query = "query ($n: String!) { subject(idNumber: $n) { assessment { grade } } }"
    known = client.post(query, {"n": served.case.id_number}).json()
    unknown = client.post(query, {"n": "PASSPORT:E00000001"}).json()
    assert known == unknown  # not even whether somebody is a customer


def _refused(coordinate: str, principal: Principal) -> bool:
    from api.graphql import permissions

    rule = permissions.RULES[coordinate]
    return len(rule) > 0 and not any(principal.may(right) for right in rule)


@pytest.mark.parametrize("role", list(Role))
def test_no_answer_of_any_query_holds_a_personal_value(served: Served, role: Role) -> None:
    client = served.client(role)
    for query, values in variables(served).items():
        if query != queries.REVEAL:
            text = client.post(query, values).text
            assert not [v for v in served.case.personal if v in text]
            assert not re.search(r"(?<![0-9a-f\-.])\d{15,19}[\dX]?(?![0-9a-f])", json.loads(text) and text)


def test_every_personal_property_of_every_node_is_masked(investigator: Client, served: Served) -> None:
    for node_id in served.case.ids.values():
        for attribute in investigator.data(queries.NODE_BY_ID, id=node_id)["node"]["attributes"]:
            if attribute["personal"] and attribute["value"] is not None:
                assert (
                    attribute["masked"] and "*" in attribute["value"] and attribute["displayZh"] == attribute["value"]
                )


def test_a_reveal_shows_one_value_and_is_in_the_audit_chain(investigator: Client, served: Served) -> None:
    before = served.last_line()
    values = {"nodeId": served.case.subject_id, "property": "id_number", "reason": "案件 4711 核实"}
    revealed = investigator.data(queries.REVEAL, **values)["reveal"]
    assert revealed["value"] == served.case.id_number
    (line,) = served.runtime.store.audit(after=before)
    assert (line.actor, line.operation, line.detail["property"]) == ("investigator", "reveal", "id_number")
    assert served.case.id_number not in repr(line)


def test_a_reveal_needs_a_reason_a_known_property_and_a_value(investigator: Client, served: Served) -> None:
    subject = served.case.subject_id
    assert investigator.code(queries.REVEAL, nodeId=subject, property="name", reason="  x ") == "reveal.reason"
    assert investigator.code(queries.REVEAL, nodeId=subject, property="salary", reason="case 1") == "unknown_name"
    assert investigator.code(queries.REVEAL, nodeId="nobody", property="name", reason="case 1") == "not_found"


def test_without_a_session_nothing_is_answered(served: Served) -> None:
    nobody = served.client(None)
    for query, values in variables(served).items():
        response = nobody.post(query, values)
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "unauthenticated"
        assert response.headers["www-authenticate"] == "Bearer"

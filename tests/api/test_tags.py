"""Tags over the API: a marketer makes one, the operator's job computes it, an investigator reads a portrait; and nobody's risk is in any of it."""

from datetime import timedelta
from typing import Any

import pytest

from api.job_records import JobKind
from api.job_worker import WORK
from graph_model.principal import Role
from tests.api import queries
from tests.api.conftest import Served

NAMES = {"nameZh": "共用电话", "nameEn": "shares a phone", "category": "社交", "subcategory": "联系"}
RULE = "shared(Phone) >= 1"


def tag(code: str, rule: str = RULE, **more: object) -> dict[str, object]:
    return {"code": code, "rule": rule, **NAMES, **more}


def computed(served: Served) -> str:
    """What the job TAGS says when it has ended; its process is tests/api/test_jobs.py's affair."""
    runtime = served.runtime
    return WORK[JobKind.TAGS](runtime.store, runtime.settings, runtime.clock(), lambda *_: None)


def test_from_a_rule_to_a_portrait(served: Served) -> None:
    mei, ida = served.client(Role.MARKETER), served.client(Role.INVESTIGATOR)
    checked = mei.data(queries.CHECK_TAG, rule=RULE)["checkTag"]
    assert (checked["valueType"], checked["reads"], checked["risk"]) == ("BOOL", ["Phone"], False)
    made = mei.data(queries.DEFINE_TAG, input=tag("shares_phone"))["defineTag"]
    assert (made["version"], made["owner"], made["figures"]) == (1, "marketer", None)
    mei.data(queries.DEFINE_TAG, input=tag("lives_apart", "not tag(shares_phone)"))
    assert computed(served).startswith("2 tags of ")
    shown: dict[str, Any] = {each["code"]: each for each in mei.data(queries.TAGS)["tags"]}
    assert shown["shares_phone"]["dependants"] == ["lives_apart"]
    figures = shown["shares_phone"]["figures"]
    assert (figures["status"], figures["error"], figures["stale"], figures["by"]) == (
        "DONE",
        None,
        False,
        "a job (tags)",
    )
    assert figures["population"] % 5 == 0 and all((s["count"] or 0) % 5 == 0 for s in figures["distribution"])
    subject = ida.data(queries.PORTRAIT, nodeId=served.case.ids["subject"])["subjectById"]
    (entry,) = subject["portrait"]
    assert subject["tags"] == [entry["code"]] and entry["value"] == "true" and entry["version"] == 1
    assert (
        ida.data(queries.PORTRAIT, nodeId=served.case.ids["subject"], on="2001-01-01")["subjectById"]["portrait"] == []
    )
    of, before = served.case.ids["subject"], (served.runtime.clock() - timedelta(days=3)).isoformat()
    assert ida.data(queries.PORTRAIT, nodeId=of, asOf=before)["subjectById"]["tags"] == []  # computed since
    number = served.case.id_number
    assert ida.data(queries.SCORE, idNumber=number)["score"]["tags"] == [entry["code"]]
    assert ida.data(queries.SCORE, idNumber=number, asOf=before)["score"]["tags"] == []
    assert mei.code(queries.PORTRAIT, nodeId=served.case.ids["subject"]) == "forbidden"
    (span,) = ida.data(queries.TAG_HISTORY, nodeId=of, code=entry["code"])["subjectById"]["tagHistory"]
    assert span == {name: entry[name] for name in ("value", "since", "version", "computedAt", "source")}
    assert ida.data(queries.TAG_HISTORY, nodeId=of, code=entry["code"], asOf=before)["subjectById"]["tagHistory"] == []
    assert ida.code(queries.TAG_HISTORY, nodeId=of, code="unheard") == "not_found"
    changed = mei.data(queries.CHANGE_TAG, input=tag("shares_phone", "shared(Phone) >= 2"))["changeTag"]
    assert [each["version"] for each in changed["versions"]] == [2, 1]
    assert mei.code(queries.DELETE_TAG, code="shares_phone") == "tag.in_use"
    for code in ("lives_apart", "shares_phone"):
        assert mei.data(queries.DELETE_TAG, code=code)["deleteTag"] == code
    assert mei.data(queries.ONE_TAG, code="shares_phone")["tag"] is None
    assert computed(served).startswith("0 tags of ")
    assert ida.data(queries.PORTRAIT, nodeId=served.case.ids["subject"])["subjectById"]["tags"] == []


def test_what_says_something_of_risk_is_not_there_for_a_marketer(served: Served) -> None:
    mei, wu = served.client(Role.MARKETER), served.client(Role.SUPERVISOR)
    assert wu.code(queries.DEFINE_TAG, input=tag("bad", "grade = 'D'")) == "tag.risk"
    wu.data(queries.DEFINE_TAG, input=tag("risk_d", "grade = 'D'", consent="RISK"))
    assert mei.data(queries.ONE_TAG, code="risk_d")["tag"] is None
    assert "risk_d" not in {each["code"] for each in mei.data(queries.TAGS)["tags"]}
    assert mei.code(queries.CHECK_TAG, rule="tag(risk_d)") == "tag.rule"
    assert mei.code(queries.DELETE_TAG, code="risk_d") == "not_found"
    assert wu.data(queries.DELETE_TAG, code="risk_d")["deleteTag"] == "risk_d"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("grade = 'D'", "forbidden"),
        ("near(Customer within 2 where blocklisted)", "forbidden"),
        ("degree(APPLIED to Application where outcome = 'refused') >= 1", "forbidden"),
        ("id_number = '11010119900307123X'", "tag.personal"),
        ("educatoin is known", "tag.rule"),
        ("degree(", "tag.syntax"),
    ],
)
def test_refusals_repeat_nothing_of_the_rule(served: Served, rule: str, code: str) -> None:
    answer = served.client(Role.MARKETER).post(queries.CHECK_TAG, {"rule": rule}).json()
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    assert "11010119900307123X" not in error["message"]


def test_a_colleague_s_own_word_on_a_customer(served: Served) -> None:
    wu, ida, mei = served.client(Role.SUPERVISOR), served.client(Role.INVESTIGATOR), served.client(Role.MARKETER)
    subject = served.case.ids["subject"]
    given = {"code": "contact_by", "kind": "MANUAL", "valueType": "TEXT", **NAMES}
    assert wu.code(queries.DEFINE_TAG, input={**given, "rule": "sex is known"}) == "tag.kind"
    made = wu.data(queries.DEFINE_TAG, input=given)["defineTag"]
    assert (made["kind"], made["schedule"], made["rule"], made["reads"]) == ("MANUAL", "MANUAL", "", [])
    assert mei.code(queries.SET_TAG, nodeId=subject, code="contact_by", value="letter") == "forbidden"
    entry = ida.data(queries.SET_TAG, nodeId=subject, code="contact_by", value="letter")["setTag"]
    assert (entry["value"], entry["source"]) == ("letter", "user:investigator")
    wu.data(queries.DEFINE_TAG, input=tag("by_letter", "tag(contact_by) = 'letter'"))
    assert computed(served).startswith("1 tags of ")  # those with a rule, and what is given is read by them
    figures = wu.data(queries.ONE_TAG, code="contact_by")["tag"]["figures"]
    assert (figures["coverage"], figures["distribution"]) == (1, [{"value": "letter", "count": 1}])
    assert wu.data(queries.ONE_TAG, code="by_letter")["tag"]["figures"]["coverage"] == 1
    assert ida.code(queries.SET_TAG, nodeId=subject, code="by_letter", value="true") == "tag.kind"
    assert ida.code(queries.SET_TAG, nodeId=subject, code="contact_by", value="call 13800138000") == "text.personal"
    assert (
        ida.code(queries.SET_TAG, nodeId=served.case.ids["phone1"], code="contact_by", value="letter") == "tag.subject"
    )
    ida.data(queries.SET_TAG, nodeId=served.case.ids["d_user"], code="contact_by", value="letter")
    assert ida.data(queries.SET_TAG, nodeId=subject, code="contact_by")["setTag"] is None
    assert wu.data(queries.ONE_TAG, code="contact_by")["tag"]["figures"]["coverage"] == 1
    for code in ("by_letter", "contact_by"):
        wu.data(queries.DELETE_TAG, code=code)
    computed(served)


def test_a_tag_that_a_job_computes_and_every_run_of_it(served: Served) -> None:
    mei, wu = served.client(Role.MARKETER), served.client(Role.SUPERVISOR)
    known = {each["name"]: each for each in mei.data(queries.TAG_COMPUTATIONS)["tagComputations"]}
    assert not any(each["risk"] for each in known.values())
    everything = {each["name"]: each for each in wu.data(queries.TAG_COMPUTATIONS)["tagComputations"]}
    risky = everything.keys() - known.keys()
    assert len(risky) > 0 and all(everything[name]["risk"] for name in risky)
    months = {"code": "months", "kind": "COMPUTED", "computation": "activity.months_since_application", **NAMES}
    made = mei.data(queries.DEFINE_TAG, input=months)["defineTag"]
    assert (made["valueType"], made["reads"], made["rule"], made["runs"]) == ("NUMBER", ["APPLIED"], "", [])
    for name in (*risky, "activity.nothing"):
        assert mei.code(queries.DEFINE_TAG, input={**months, "code": "bad", "computation": name}) == "tag.computation"
    assert wu.code(queries.DEFINE_TAG, input={**months, "code": "bad", "computation": min(risky)}) == "tag.risk"
    mei.data(queries.DEFINE_TAG, input=tag("lately", "tag(months) <= 12"))
    assert computed(served).startswith("2 tags of ")
    shown = wu.data(queries.ONE_TAG, code="months")["tag"]
    (run,) = shown["runs"]
    assert run == {name: shown["figures"][name] for name in run} and run["status"] == "DONE"
    assert run["coverage"] == run["changed"] > 0
    mei.data(queries.CHANGE_TAG, input={**months, "nameEn": "months ago"})
    assert computed(served).startswith("2 tags of ")
    assert [run["version"] for run in wu.data(queries.ONE_TAG, code="months")["tag"]["runs"]] == [2, 1]
    assert mei.code('{ tag(code: "months") { runs(first: 31) { version } } }') == "invalid_request"
    for code in ("lately", "months"):
        mei.data(queries.DELETE_TAG, code=code)
    computed(served)

"""Segments over the API and at the shell: a marketer's filter from rule to file, what the supervisor sees of it, and what nobody does."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.job_records import JobKind
from api.job_worker import WORK
from graph_model.principal import Role
from graph_model.records import GraphBatch, NodeRecord
from graph_model.store import utc_now
from tests.api import queries
from tests.api.conftest import Served
from tests.api.serving import serving
from tests.services.people import START, marketing, said, score

DAY = timedelta(days=1)
RULE = "education = 'doctor' and degree(REFERRED in) >= 1"


@pytest.fixture(scope="module")
def site(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Forty doctors who were referred; six opted out, one is of grade D."""
    with serving(home, tmp_path_factory.mktemp("segments")) as served:
        store = served.runtime.store
        people = marketing(store, scored=False)
        store.upsert(GraphBatch([NodeRecord(ref, START, START, "crm", {"education": "doctor"}) for ref in people]))
        store.upsert(GraphBatch(facts=[said(ref, "consent", "no", START + DAY, topic="sms") for ref in people[20:26]]))
        score(store, dict.fromkeys(people, "A") | {people[3]: "D"}, at=utc_now() - DAY)
        yield served


def segment(code: str, rule: str = RULE, **more: object) -> dict[str, object]:
    return {"code": code, "name": "被推荐的博士", "rule": rule, **more}


def made(site: Served, code: str, **more: object) -> dict[str, Any]:
    marketer = site.client(Role.MARKETER)
    marketer.data(queries.DEFINE_SEGMENT, input=segment(code, **more))
    found: dict[str, Any] = marketer.data(queries.COMPUTE_SEGMENT, code=code)["computeSegment"]
    return found


def members(site: Served, code: str) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = site.client(Role.MARKETER).data(queries.SEGMENT_MEMBERS, code=code, first=9, after=after)
        listed = page["segment"]["members"]
        found += [edge["node"]["nodeId"] for edge in listed["edges"]]
        after = listed["pageInfo"]["endCursor"]
        if not listed["pageInfo"]["hasNextPage"]:
            return found


def fetch(site: Served, code: str, role: Role = Role.MARKETER, **options: str) -> httpx.Response:
    client = site.client(role)
    headers = {"Authorization": f"Bearer {client.token}"}
    return client.http.get(f"/exports/segments/{code}", params=options, headers=headers)


def test_a_marketer_builds_a_segment_counts_it_computes_it_and_takes_it_home(site: Served) -> None:
    marketer = site.client(Role.MARKETER)
    doctors = {"of": {"property": "education"}, "is": "=", "value": "doctor"}
    tree = {"all": [doctors, {"of": {"degree": "REFERRED", "direction": "in"}, "is": ">=", "value": 1}]}
    counted = marketer.data(queries.COUNT_SEGMENT, tree=tree)["countSegment"]
    assert (counted["rule"], counted["count"], counted["tree"]) == (RULE.replace("'", '"'), 40, tree)
    assert [(step["kept"], step["dropped"]) for step in counted["steps"]] == [(40, 10), (40, 0)]
    found = made(site, "referred")
    assert (found["newest"]["number"], found["newest"]["members"], found["newest"]["open"]) == (1, 40, True)
    handed = members(site, "referred")
    reach = marketer.data(queries.SEGMENT_REACH, code="referred")["segment"]["reach"]
    assert len(set(handed)) == len(handed) >= 20 and reach["members"] % 5 == 0
    response = fetch(site, "referred", channel="sms", format="parquet")
    table = pl.read_parquet(io.BytesIO(response.content))
    assert (response.status_code, table["node_id"].to_list()) == (200, handed)
    assert table.row(0, named=True) | {
        "segment": "referred",
        "version": 1,
        "edition": 1,
        "channel": "sms",
    } == table.row(0, named=True)
    lines = [line for line in site.runtime.store.audit(limit=20_000) if line.operation == "segment.export"]
    assert lines[-1].detail["rows"] == len(handed) and lines[-1].detail["segment"] == "referred"
    one = marketer.data(queries.ONE_SEGMENT, code="referred")["segment"]
    assert (one["count"]["count"], len(one["versions"]), len(one["editions"])) == (40, 1, 1)
    assert "referred" in [each["code"] for each in marketer.data(queries.SEGMENTS)["segments"]]


def test_the_exact_waterfall_is_the_supervisors(site: Served) -> None:
    made(site, "exact")
    assert site.client(Role.MARKETER).code(queries.SEGMENT_WATERFALL, code="exact") == "forbidden"
    told = site.client(Role.SUPERVISOR).data(queries.SEGMENT_WATERFALL, code="exact")["segment"]["reach"]
    steps = {step["reason"]: step["count"] for step in told["waterfall"]}
    assert steps["no_consent"] == 6 and steps["grade"] == 1
    assert told["candidates"] == 40 == told["members"] + sum(steps.values())


def test_versions_and_editions_follow_each_other_and_are_compared(site: Served) -> None:
    marketer, supervisor = site.client(Role.MARKETER), site.client(Role.SUPERVISOR)
    made(site, "changing")
    changed = marketer.data(
        queries.CHANGE_SEGMENT, input=segment("changing", "education = 'doctor' and degree(REFERRED out) >= 1")
    )
    assert changed["changeSegment"]["version"] == 2
    assert marketer.data(queries.COMPUTE_SEGMENT, code="changing")["computeSegment"]["newest"]["number"] == 2
    told = supervisor.data(queries.SEGMENT_DIFFERENCE, code="changing")["segment"]["difference"]
    assert told == {"stayed": 2, "left": 38, "joined": 0}
    rough = marketer.data(queries.SEGMENT_DIFFERENCE, code="changing")["segment"]["difference"]
    assert rough == {"stayed": None, "left": 40, "joined": None}
    assert marketer.code(queries.SEGMENT_DIFFERENCE, code="changing", before=2, after=1) == "segment.order"
    assert marketer.code(queries.SEGMENT_MEMBERS, code="changing") == "segment.too_small"
    page = marketer.data(queries.SEGMENT_MEMBERS, code="changing", edition=1)["segment"]["members"]
    after = page["pageInfo"]["endCursor"]
    assert marketer.code(queries.SEGMENT_MEMBERS, code="changing", edition=2, after=after) == "cursor.invalid"


def test_the_job_computes_daily_segments_after_the_tags(site: Served) -> None:
    site.client(Role.MARKETER).data(queries.DEFINE_SEGMENT, input=segment("daily", schedule="DAILY"))
    runtime = site.runtime
    done = WORK[JobKind.TAGS](runtime.store, runtime.settings, runtime.clock(), lambda *_: None)
    assert done.endswith("1 segments computed, 0 were current.")
    assert site.client(Role.MARKETER).data(queries.ONE_SEGMENT, code="daily")["segment"]["newest"]["members"] == 40


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"rule": "grade = 'D'"}, "forbidden"),
        ({"tree": {"blocklisted": True}}, "forbidden"),
        ({"tree": {"of": {"property": "id_number"}, "is": "=", "value": "11010119900307123X"}}, "tag.personal"),
        ({"tree": {"of": "11010119900307123X"}}, "segment.tree"),
        ({"rule": "segment(nobodys)"}, "tag.rule"),
        ({"rule": "segment("}, "tag.syntax"),
        ({"rule": "when sex is known then 'x'"}, "segment.cases"),
        ({}, "segment.which"),
        ({"rule": "sex is known", "tree": {"tag": "x"}}, "segment.which"),
    ],
)
def test_refusals_say_what_is_wrong_and_repeat_nothing(site: Served, asked: dict[str, object], code: str) -> None:
    (error,) = site.client(Role.MARKETER).post(queries.COUNT_SEGMENT, asked).json()["errors"]
    assert error["extensions"]["code"] == code and "11010119900307123X" not in error["message"]


def test_a_builder_offers_a_marketer_nothing_of_risk_and_nobodys_own_data(site: Served) -> None:
    mine = site.client(Role.MARKETER).data(queries.RULE_VOCABULARY)["ruleVocabulary"]
    theirs = site.client(Role.SUPERVISOR).data(queries.RULE_VOCABULARY)["ruleVocabulary"]
    assert mine["targets"][0]["type"] == "Customer" and (mine["blocklist"], theirs["blocklist"]) == (False, True)
    fields = {field["name"]: field["kind"] for field in mine["targets"][0]["fields"]}
    assert (
        fields["birth_date"] == "AGE"
        and fields["education"] == "TEXT"
        and {"name", "id_number", "grade"} & set(fields) == set()
    )
    assert {"grade", "score"} <= {field["name"] for field in theirs["targets"][0]["fields"]}
    assert [tie["to"] for tie in mine["ties"] if tie["type"] == "REFERRED"] == [["Customer"]] and "Phone" in mine[
        "shared"
    ]
    for target in mine["targets"]:
        for field in target["fields"]:
            of = {"yearsSince": field["name"]} if field["kind"] == "AGE" else {"property": field["name"]}
            known: object = {"of": of, "is": ">", "value": 3} if field["kind"] == "AGE" else {"of": of, "is": "known"}
            near = {"near": {"type": target["type"], "within": 1, "where": known}}
            assert site.client(Role.MARKETER).data(queries.COUNT_SEGMENT, tree=near)["countSegment"]["risk"] is False


def test_an_export_without_a_channel_or_right_is_refused(site: Served) -> None:
    made(site, "closed")
    for answer, refusal in (
        (fetch(site, "closed"), "segment.channel"),
        (fetch(site, "closed", channel="pigeon"), "segment.channel"),
        (fetch(site, "closed", Role.INVESTIGATOR, channel="sms"), "forbidden"),
        (fetch(site, "nobodys", channel="sms"), "not_found"),
        (fetch(site, "closed", channel="email"), "segment.too_small"),
    ):
        assert answer.json()["error"]["code"] == refusal


def test_the_shell_defines_computes_compares_and_exports(site: Served, tmp_path: Path) -> None:
    home = str(site.runtime.settings.home)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["segments", *words, "--home", home])
        assert done.exit_code == 0, done.output + str(done.exception)
        return done.output

    made(site, "doctors", rule="education = 'doctor'")
    tree = tmp_path / "tree.json"
    tree.write_text(json.dumps({"any": [{"of": {"property": "education"}, "in": ["doctor"]}, {"segment": "doctors"}]}))
    checked = run("check", "--tree", str(tree))
    assert 'rule: education in ("doctor") or segment(doctors)' in checked and "40" in checked
    assert "version 1: segment(doctors)" in run(
        "define", "shell", "--name", "shell", "--rule", "segment(doctors)", "--daily"
    )
    assert "edition 1, 40 of" in run("compute", "shell") and "current" in run("compute", "shell")
    assert "40" in run("count", "shell") and "no_consent" in run("members", "shell", "--channel", "sms", "--first", "3")
    assert "shell" in run("list")
    run("define", "shell", "--name", "shell", "--rule", "education is missing and segment(doctors)")
    run("compute", "shell", "--again")
    told = run("diff", "shell", "1", "2")
    assert "stayed 0, left 40, joined" in told and "and became: education is missing and segment(doctors)" in told
    shown = run("show", "shell")
    assert "version 2" in shown and "edition 1" in shown and "named by: none" in shown
    out = tmp_path / "people.csv"
    assert "edition 1" in run("export", "shell", "--channel", "sms", "--edition", "1", "--out", str(out))
    assert set(pl.read_csv(out)["node_id"]) == set(members(site, "doctors"))
    assert "gone" in run("delete", "shell")

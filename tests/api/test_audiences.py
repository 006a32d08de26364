"""Circles and audiences by API and command line: a marketer's afternoon, what the supervisor sees of it, and what nobody else does."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.doctor.findings import Level
from api.doctor.graph import gate_age
from graph_model.principal import Role
from graph_model.records import GraphBatch
from graph_model.store import utc_now
from tests.api.conftest import Served
from tests.api.queries import (
    AUDIENCE,
    AUDIENCE_MEMBERS,
    AUDIENCES,
    CIRCLE,
    CIRCLE_IN_FULL,
    CIRCLES,
    DRAW_AUDIENCE,
    REDRAW_AUDIENCE,
    WATERFALL,
    WITHDRAW_AUDIENCE,
)
from tests.api.serving import serving
from tests.services.people import START, circle, marketing, said, score

DAY = timedelta(days=1)
NOT_TOLD = {"applied": None, "approved": None, "drawn": None}


@pytest.fixture(scope="module")
def site(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Forty who hang together by referrals; twelve opted out."""
    with serving(home, tmp_path_factory.mktemp("audiences")) as served:
        people = marketing(served.runtime.store)
        refused = [said(ref, "consent", "no", START + DAY, topic="sms") for ref in people[20:32]]
        served.runtime.store.upsert(GraphBatch(facts=refused))
        score(served.runtime.store, dict.fromkeys(people, "A"), at=utc_now() - DAY)
        yield served


def draw(site: Served, name: str, role: Role = Role.MARKETER) -> dict[str, Any]:
    made: dict[str, Any] = site.client(role).data(
        DRAW_AUDIENCE,
        name=name,
        channel="SMS",
        purpose="friends of friends",
        recipe={"circles": [circle(site.runtime.store, site.runtime.gate.secret)]},
    )["drawAudience"]
    return made


def members(site: Served, audience_id: str) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = site.client(Role.MARKETER).data(AUDIENCE_MEMBERS, id=audience_id, first=9, after=after)
        listed = page["audience"]["members"]
        found += [edge["node"]["nodeId"] for edge in listed["edges"]]
        after = listed["pageInfo"]["endCursor"]
        if not listed["pageInfo"]["hasNextPage"]:
            return found


def test_a_marketer_finds_a_circle_draws_it_and_pages_its_members(site: Served) -> None:
    marketer = site.client(Role.MARKETER)
    listed = marketer.data(CIRCLES)["referralCircles"]
    assert listed["totalCount"] == 1
    found = listed["edges"][0]["node"]
    assert (found["size"], found["brought"], found["applied"], found["levels"]) == (40, 40, None, [None, 40])
    one = marketer.data(CIRCLE, id=found["id"])["referralCircle"]
    assert one["size"] == 40 and one["levelTable"][1] == {"depth": 1, "people": 40} | NOT_TOLD
    assert marketer.data(CIRCLES, filter={"minSize": 41})["referralCircles"]["edges"] == []
    for asked in ({"minSize": 40}, {"minDepth": 1}):
        assert marketer.data(CIRCLES, filter=asked)["referralCircles"]["totalCount"] == 1
    made = draw(site, "spring")
    (version,) = made["versions"]
    assert version["excluded"] in (10, 15, 20) and version["members"] >= 20
    handed = members(site, made["id"])
    assert len(handed) == len(set(handed)) == version["members"]
    assert made["id"] in [each["id"] for each in marketer.data(AUDIENCES)["audiences"]]


def test_the_supervisor_sees_the_waterfall_and_the_marketer_does_not(site: Served) -> None:
    made = draw(site, "summer")
    assert site.client(Role.MARKETER).code(WATERFALL, id=made["id"]) == "forbidden"
    (told,) = site.client(Role.SUPERVISOR).data(WATERFALL, id=made["id"])["audience"]["versions"]
    steps = {step["reason"]: step["count"] for step in told["waterfall"]}
    assert steps["no_consent"] == 12 and told["candidates"] == 40 == told["members"] + sum(steps.values())


def test_people_quality_and_abuse_are_for_who_may_see_them(site: Served) -> None:
    found = circle(site.runtime.store, site.runtime.gate.secret)
    assert site.client(Role.MARKETER).code(CIRCLE_IN_FULL, id=found) == "forbidden"
    full = site.client(Role.INVESTIGATOR).data(CIRCLE_IN_FULL, id=found)["referralCircle"]
    assert full["quality"] | {"a": 39} == full["quality"]
    assert (full["quality"]["circularReferrals"], full["quality"]["selfReferrals"]) == (2, 2)
    shared = [each for each in full["graph"]["referrals"] if each["shared"]]
    assert {each["circular"] for each in shared} == {True} and shared[0]["shared"] == [{"type": "Phone", "count": 1}]
    assert full["keyMembers"][0]["reach"] == 39 and full["graph"]["omitted"] == 0
    some = site.client(Role.INVESTIGATOR).data(CIRCLE_IN_FULL, id=found, limit=10, first=3)["referralCircle"]
    assert (len(some["graph"]["members"]), some["graph"]["omitted"], len(some["keyMembers"])) == (10, 30, 3)


def test_members_page_by_cursors_of_their_own_audience_only(site: Served) -> None:
    one, other = draw(site, "one"), draw(site, "other")
    marketer = site.client(Role.MARKETER)
    page = marketer.data(AUDIENCE_MEMBERS, id=one["id"], first=2)["audience"]["members"]
    after = page["pageInfo"]["endCursor"]
    assert marketer.code(AUDIENCE_MEMBERS, id=other["id"], after=after) == "cursor.invalid"
    assert marketer.code(AUDIENCE_MEMBERS, id=one["id"], version=7) == "not_found"
    assert marketer.data(AUDIENCE, id="nobody")["audience"] is None


def test_an_audience_is_drawn_anew_and_withdrawn(site: Served) -> None:
    made = draw(site, "autumn")
    marketer, supervisor = site.client(Role.MARKETER), site.client(Role.SUPERVISOR)
    again = marketer.data(REDRAW_AUDIENCE, id=made["id"])["redrawAudience"]
    assert [version["number"] for version in again["versions"]] == [2, 1]
    assert marketer.code(WITHDRAW_AUDIENCE, id=made["id"], version=2, reason="not mine") == "forbidden"
    gone = supervisor.data(WITHDRAW_AUDIENCE, id=made["id"], version=2, reason="a farm was found in it")
    assert [version["withdrawn"] for version in gone["withdrawAudience"]["versions"]] == [True, False]
    assert marketer.code(AUDIENCE_MEMBERS, id=made["id"]) == "audience.withdrawn"
    assert len(marketer.data(AUDIENCE_MEMBERS, id=made["id"], version=1)["audience"]["members"]["edges"]) == 20


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.RISK_ENGINE, Role.DATA_SCIENTIST, Role.OPERATOR])
def test_nobody_else_draws_or_reads_an_audience(site: Served, role: Role) -> None:
    client = site.client(role)
    assert client.code(AUDIENCES) == "forbidden"
    recipe = {"circles": [circle(site.runtime.store, site.runtime.gate.secret)]}
    asked = {"name": "winter", "channel": "SMS", "purpose": "friends of friends", "recipe": recipe}
    assert client.code(DRAW_AUDIENCE, **asked) == "forbidden"


def test_pages_and_draws_are_in_the_audit_chain_with_those_who_were_shown(site: Served) -> None:
    made = draw(site, "audited")
    before = site.last_line()
    handed = members(site, made["id"])
    lines = site.runtime.store.audit(after=before)
    assert {line.operation for line in lines} == {"query audience"}
    assert sum(len(line.subjects) for line in lines) == len(handed)


def test_the_doctor_says_when_the_last_scoring_is_too_old_to_draw(site: Served) -> None:
    draw(site, "looked at")
    store, policy = site.runtime.store, site.runtime.gate.policy
    (today,) = gate_age(store, policy, now=utc_now())
    (later,) = gate_age(store, policy, now=utc_now() + 30 * DAY)
    assert (today.level, later.level) == (Level.OK, Level.WARNING)
    assert "guanxi score" in later.advice


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_the_command_line_draws_shows_exports_and_withdraws(site: Served, tmp_path: Path, ending: str) -> None:
    home = str(site.runtime.settings.home)

    def run(*words: str) -> str:
        ran = CliRunner().invoke(app, [*words, "--home", home])
        assert ran.exit_code == 0, ran.output
        return ran.output

    found = circle(site.runtime.store, site.runtime.gate.secret)
    assert found in run("referrals", "list") and "confirmed fraud" in run("referrals", "show", found)
    told = run(
        "audience", "draw", "--name", ending, "--channel", "sms", "--purpose", "friends of friends", "--circle", found
    )
    assert "no_consent" in told and "12" in told
    made = next(line.split()[0] for line in run("audience", "list").splitlines() if f" {ending} " in line)
    file = tmp_path / f"people.{ending}"
    assert "members of" in run("audience", "export", made, "--out", str(file))
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}[ending](file)
    assert read.columns == ["node_id", "audience", "version", "channel"] and read.height >= 20
    assert read["node_id"].to_list() == members(site, made)
    assert file.stat().st_mode & 0o777 == 0o600
    named = tmp_path / f"named.{ending}"
    run("audience", "export", made, "--out", str(named), "--captions")
    again = CliRunner().invoke(app, ["audience", "export", made, "--out", str(file), "--home", home])
    assert again.exit_code != 0
    assert "withdrawn" in run("audience", "withdraw", made, "--version", "1", "--reason", "a farm was found in it")
    assert "withdrawn" in run("audience", "show", made)
    assert "version 2" in run("audience", "redraw", made)
    exports = [line for line in site.runtime.store.audit(limit=10_000) if line.operation == "audience.export"]
    assert exports[-1].detail["format"] == ending and json.dumps(dict(exports[-1].detail))


def test_circles_as_of_before_they_began_are_not_there(site: Served) -> None:
    before = (START - DAY).isoformat()
    assert site.client(Role.MARKETER).data(CIRCLES, asOf=before)["referralCircles"]["totalCount"] == 0
    later = (utc_now() + 9 * DAY).isoformat()
    assert site.client(Role.MARKETER).data(CIRCLES, asOf=later)["referralCircles"]["totalCount"] == 1

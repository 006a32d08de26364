"""Files of people over HTTP: a marketer takes an audience home; what is in the file, who else gets it, and what is left in the audit chain."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import polars as pl
import pytest

from graph_model.principal import Role
from graph_model.records import GraphBatch
from graph_model.store import utc_now
from tests.api.conftest import Served
from tests.api.queries import DRAW_AUDIENCE, WITHDRAW_AUDIENCE
from tests.api.serving import serving
from tests.services.people import circle, marketing, person, said, score

DAY = timedelta(days=1)
READERS: dict[str, Any] = {"csv": pl.read_csv, "parquet": pl.read_parquet, "jsonl": pl.read_ndjson}


@pytest.fixture(scope="module")
def site(home: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Forty who hang together by referrals, all consented, one of grade D."""
    with serving(home, tmp_path_factory.mktemp("exports")) as served:
        people = marketing(served.runtime.store, scored=False)
        score(served.runtime.store, dict.fromkeys(people, "A") | {people[3]: "D"}, at=utc_now() - DAY)
        yield served


def draw(site: Served, name: str) -> str:
    recipe = {"circles": [circle(site.runtime.store, site.runtime.gate.secret)]}
    asked = {"name": name, "channel": "SMS", "purpose": "friends of friends", "recipe": recipe}
    return str(site.client(Role.MARKETER).data(DRAW_AUDIENCE, **asked)["drawAudience"]["id"])


def fetch(site: Served, audience: str, role: Role | None = Role.MARKETER, **options: str) -> httpx.Response:
    client = site.client(role)
    headers = {} if client.token is None else {"Authorization": f"Bearer {client.token}"}
    return client.http.get(f"/exports/audiences/{audience}", params=options, headers=headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def customers(site: Served) -> dict[str, str]:
    """Everybody's node id, by key."""
    found = site.runtime.store.scan_nodes("Customer")
    return dict(zip(found.keys, site.runtime.store.node_ids(found.handles.tolist()), strict=True))


@pytest.mark.parametrize("form", list(READERS))
def test_a_marketer_downloads_an_audience_without_who_opted_out_since(site: Served, form: str) -> None:
    audience = draw(site, f"=春天 {form}")  # a name that a spreadsheet would compute
    whole = fetch(site, audience, format=form)
    assert whole.headers["content-disposition"].startswith(f'attachment; filename="audiences-{audience}.{form}"')
    assert "%E6%98%A5" in whole.headers["content-disposition"] and whole.headers["cache-control"] == "no-store"
    assert int(whole.headers["content-length"]) == len(whole.content)
    before = READERS[form](io.BytesIO(whole.content))
    assert before.columns == ["node_id", "audience", "version", "channel"]
    assert before["audience"][0] == (f"'=春天 {form}" if form == "csv" else f"=春天 {form}")
    gone = before["node_id"][0]
    ref = site.runtime.store.get_by_id([gone])[0].ref
    site.runtime.store.upsert(GraphBatch(facts=[said(ref, "consent", "no", utc_now() - DAY / 24, topic="sms")]))
    after = READERS[form](io.BytesIO(fetch(site, audience, format=form).content))
    assert set(before["node_id"]) - set(after["node_id"]) == {gone}


def test_the_file_holds_nobody_of_grade_d(site: Served) -> None:
    audience = draw(site, "without the fourth")
    rows = READERS["csv"](io.BytesIO(fetch(site, audience).content))
    risky = customers(site)[person(3).key]
    assert rows.height >= 20 and risky not in set(rows["node_id"])


def test_masked_captions_are_for_who_may_see_the_graph(site: Served) -> None:
    audience = draw(site, "with names")
    assert code(fetch(site, audience, captions="true")) == (403, "forbidden")
    plain = READERS["csv"](io.BytesIO(fetch(site, audience, Role.SUPERVISOR).content))
    named = READERS["csv"](io.BytesIO(fetch(site, audience, Role.SUPERVISOR, captions="true").content))
    assert plain.columns == named.columns[:-1] and named.columns[-1] == "caption"
    keys = {node_id: key for key, node_id in customers(site).items()}
    assert not any(keys[row["node_id"]] in row["caption"] for row in named.iter_rows(named=True))


def test_each_file_is_one_line_of_the_audit_chain(site: Served) -> None:
    audience = draw(site, "audited")
    before = site.last_line()
    rows = READERS["jsonl"](io.BytesIO(fetch(site, audience, format="jsonl").content)).height
    (line,) = site.runtime.store.audit(after=before)
    assert (line.actor, line.operation) == ("marketer", "audience.export")
    assert (line.detail["rows"], line.detail["format"], line.detail["audience"]) == (rows, "jsonl", audience)


@pytest.mark.parametrize("role", [Role.INVESTIGATOR, Role.RISK_ENGINE, Role.DATA_SCIENTIST, Role.OPERATOR])
def test_nobody_else_gets_a_file_and_the_refusal_is_in_the_chain(site: Served, role: Role) -> None:
    audience = draw(site, f"not for the {role}")
    before = site.last_line()
    assert code(fetch(site, audience, role)) == (403, "forbidden")
    site.runtime.audit.close()  # what waits is committed
    assert [(line.actor, line.result) for line in site.runtime.store.audit(after=before)] == [(role.value, "forbidden")]


def test_what_is_withdrawn_or_unknown_or_asked_wrongly_is_refused_whole(site: Served) -> None:
    audience = draw(site, "refusals")
    assert code(fetch(site, audience, None)) == (401, "unauthenticated")
    assert code(fetch(site, "nobody")) == (404, "not_found")
    assert code(fetch(site, audience, version="2")) == (404, "not_found")
    assert code(fetch(site, audience, channel="push")) == (422, "audience.channel")
    for options in ({"format": "xlsx"}, {"version": "newest"}, {"captions": "yes"}, {"fromat": "csv"}):
        assert code(fetch(site, audience, **options)) == (400, "invalid_request")
    marketer = site.client(Role.MARKETER)
    other = marketer.http.get(f"/exports/people/{audience}", headers={"Authorization": f"Bearer {marketer.token}"})
    assert code(other) == (404, "route.not_found")
    site.client(Role.SUPERVISOR).data(WITHDRAW_AUDIENCE, id=audience, version=1, reason="a farm was found in it")
    assert code(fetch(site, audience)) == (409, "audience.withdrawn")

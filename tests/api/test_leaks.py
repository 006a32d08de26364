"""What must not get out by the side door: aliases into the log, paths of the server to strangers, names that exist by how a refusal ends."""

from pathlib import Path

import httpx
import pytest
import structlog

from api.audit_trail import AuditTrail, AuditUnavailable
from api.errors import CODES, describe, describe_locally
from graph_model.errors import GuanxiError, StoreUnavailable, UnknownName
from graph_model.principal import Role
from graph_model.records import AuditRecord, Node, NodeRef
from graph_model.schema import SCHEMA
from tests.api import queries
from tests.api.conftest import Client, Served, ServerThread
from tests.api.serving import serving
from tests.api.test_http import _KeepOpen, served_copy

NUMBER = "13800138001"
# Nobody's mistake, and yet in words that the one who asked needs: what a receiver answered, which tag failed. They name nothing of the server.
OPEN = {"webhook.refused", "webhook.unreachable", "tag.failed"}


class Down(_KeepOpen):
    """A store that does not answer."""

    def get(self, ref: NodeRef, **_: object) -> Node | None:
        raise StoreUnavailable("nothing listens at /srv/graph")


def test_an_alias_with_somebody_s_number_stays_out_of_the_log(served: Served) -> None:
    with ServerThread(served.runtime.settings, served_copy(served, store=Down(served.runtime.store))) as url:
        before = len(served.log.getvalue())
        client = Client(httpx.Client(base_url=url), served.tokens[Role.INVESTIGATOR])
        query = f"query ($n: String!) {{ p{NUMBER}: subject(idNumber: $n) {{ idExpired }} }}"
        assert client.code(query, n=served.case.id_number) == "store_unavailable"
    logged = served.log.getvalue()[before:]
    assert NUMBER not in logged and "/srv/graph" not in logged
    assert '"fields": ["subject"]' in logged and "graphql.failed" in logged


@pytest.mark.parametrize(
    "wrong",
    [
        {"foo": 1},  # a field that there is not
        {"applicationID": "A1"},  # one that GraphQL has a suggestion for
        {"customer": {"name": "王小丽"}},  # one that is missing
        {"amount": "王小丽"},  # no number
    ],
)
def test_a_form_that_is_no_form_is_refused_without_what_is_in_it(served: Served, wrong: dict[str, object]) -> None:
    """Forgotten and misspelt fields are the commonest mistakes, and GraphQL's own words repeat all that was sent beside them."""
    person = {"idNumber": "PASSPORT:E12345", "name": "王小丽"}
    form = {
        "applicationId": "A1",
        "appliedAt": "2026-06-01T10:00:00+08:00",
        "email": "wang@example.com",
        "customer": person,
    }
    query = 'mutation ($i: ApplicationInput!) { assessApplication(input: $i, idempotencyKey: "k1") { decision } }'
    client = Client(httpx.Client(base_url=served.url), served.tokens[Role.RISK_ENGINE])
    answer = client.post(query, {"i": {**form, **wrong}}).json()
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "graphql.invalid"
    assert not [value for value in ("王小丽", "wang@", "E12345", "A1") if value in str(answer)]
    for field in {"customer", "amount"} & wrong.keys():
        assert field in error["message"]


@pytest.mark.parametrize("file", ["keys.json", "users.json"])
def test_a_damaged_file_is_told_to_strangers_without_its_place(home: Path, tmp_path: Path, file: str) -> None:
    with serving(home, tmp_path / "own") as own, structlog.testing.capture_logs() as logs:
        damaged = own.runtime.settings.home / file
        damaged.write_text("{")
        answers = [
            httpx.post(
                f"{own.url}/graphql", json={"query": "{ me { name } }"}, headers={"Authorization": "Bearer gx_a_b"}
            ),
            httpx.get(f"{own.url}/metrics", headers={"Authorization": "Bearer gx_a_b"}),
            httpx.post(f"{own.url}/auth/login", json={"username": "ida", "password": "correct horse"}),
        ]
        faults = [answer for answer in answers if answer.status_code == 500]
        assert len(faults) == (2 if file == "keys.json" else 1)
        for answer in faults:
            assert f"{file.partition('.')[0]}.damaged" in answer.text
            assert "The server can't do this at the moment." in answer.text
            assert str(damaged.parent) not in answer.text and file not in answer.text
        assert str(damaged) in repr(logs)  # who runs it learns which file


@pytest.mark.parametrize("code", [code for code, outcome in CODES.items() if outcome.http >= 500 and code not in OPEN])
def test_no_fault_of_the_server_is_told_outside_in_its_own_words(code: str) -> None:
    error = GuanxiError("/srv/guanxi/home is damaged", code=code)
    assert "/srv" not in describe(error).message
    assert describe(error).code == code
    assert describe_locally(error).message == "/srv/guanxi/home is damaged"


def test_only_faults_that_name_nothing_of_the_server_keep_their_words() -> None:
    assert {code for code, outcome in CODES.items() if outcome.open} == OPEN


def test_a_wrong_password_is_refused_alike_for_every_name_when_the_chain_takes_nothing(served: Served) -> None:
    class Full(AuditTrail):
        def submit(self, record: AuditRecord) -> object:  # type: ignore[override]
            raise AuditUnavailable

    trail = Full(served.runtime.store, None, served.runtime.metrics)
    with ServerThread(served.runtime.settings, served_copy(served, audit=trail)) as url:
        before = served.runtime.metrics.text()
        answers = [
            httpx.post(f"{url}/auth/login", json={"username": name, "password": "not the password"})
            for name in ("data_scientist", "nobody")
        ]
    assert [(answer.status_code, answer.text) for answer in answers] == [(401, answers[0].text)] * 2
    assert failures(served.runtime.metrics.text()) == failures(before) + 1


def failures(metrics: bytes | str) -> float:
    text = metrics if isinstance(metrics, str) else metrics.decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("guanxi_audit_failures_total "))


def test_a_number_where_a_type_belongs_is_not_repeated(investigator: Client, served: Served) -> None:
    swapped = {"type": served.case.id_number, "key": "Customer"}
    answer = investigator.post(queries.NODE_BY_KEY, swapped)
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "unknown_name"
    assert served.case.id_number not in answer.text
    assert error["message"].startswith("There is no such node type. There are: ")


@pytest.mark.parametrize("name", [NUMBER, "zhang@example.com", "张三", "PASSPORT:E12345678", "a" * 41, ""])
def test_only_what_is_like_a_name_is_repeated(name: str) -> None:
    for look_up in (SCHEMA.node, SCHEMA.relationship, SCHEMA.fact, SCHEMA.node("Customer").declared):
        with pytest.raises(UnknownName) as refused:
            look_up(name)
        assert name not in refused.value.message or name == ""
        with pytest.raises(UnknownName, match="Custmer"):
            look_up("Custmer")

"""Consent and contacts by API and command line: kept as dated facts, shown to supervisors, and to no marketer."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from graph_model.principal import Role
from graph_model.services.consent_facts import CHANNELS
from tests.api.conftest import Served
from tests.api.queries import CONSENT, RECORD_CONSENTS, RECORD_CONTACTS
from tests.api.serving import serving
from tests.fixtures.reference_case import AS_OF

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
MAY, JUNE = "2026-05-01T10:00:00+08:00", "2026-06-20T10:00:00+08:00"


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[Served]:
    with serving(home, tmp_path / "consent", clock=lambda: NOW) as served:
        yield served


def standing(site: Served, channel: str) -> dict[str, object]:
    found = site.client(Role.SUPERVISOR).data(CONSENT, nodeId=site.case.ids["subject"])["consent"]
    return next(each for each in found if each["channel"] == channel)


def test_a_connector_reports_an_opt_out_and_the_supervisor_sees_it(site: Served) -> None:
    connector = site.client(Role.OPERATOR)
    said = {"idNumber": site.case.id_number, "channel": "SMS"}
    done = connector.data(RECORD_CONSENTS, consents=[{**said, "granted": True, "at": MAY}])["recordConsents"]
    assert done == {"new": 1, "known": 0, "refused": []}
    assert standing(site, "SMS")["granted"] is True and standing(site, "CALL")["granted"] is None
    again = connector.data(
        RECORD_CONSENTS,
        consents=[{**said, "granted": True, "at": MAY}, {**said, "granted": False, "at": JUNE}],
    )["recordConsents"]
    assert (again["new"], again["known"]) == (1, 1)
    assert standing(site, "SMS")["granted"] is False and standing(site, "SMS")["source"] == "user:operator"


def test_a_bad_statement_is_told_by_its_place_without_its_number_and_stops_no_other(site: Served) -> None:
    good = {"idNumber": site.case.id_number, "channel": "SMS", "at": JUNE}
    stranger = "110101199003075517"
    sent = [{**good, "idNumber": "4711"}, good, {**good, "at": "2030-01-01T00:00:00Z"}, {**good, "idNumber": stranger}]
    done = site.client(Role.OPERATOR).data(RECORD_CONTACTS, contacts=sent)["recordContacts"]
    assert done["new"] == 1
    assert [(each["index"], each["code"]) for each in done["refused"][:2]] == [(0, "id.length"), (2, "consent.at")]
    assert done["refused"][2]["index"] == 3 and stranger not in str(done)
    assert (standing(site, "SMS")["sent"], standing(site, "SMS")["tooOften"]) == (1, False)
    more = [{**good, "at": "2026-06-25T10:00:00+08:00"}, {**good, "at": "2026-06-26T10:00:00+08:00", "sent": False}]
    site.client(Role.OPERATOR).data(RECORD_CONTACTS, contacts=more)
    assert (standing(site, "SMS")["sent"], standing(site, "SMS")["tooOften"]) == (2, True)
    assert standing(site, "PUSH")["tooOften"] is False


@pytest.mark.parametrize("role", [Role.MARKETER, Role.INVESTIGATOR, Role.RISK_ENGINE, Role.DATA_SCIENTIST])
def test_nobody_else_states_consent_or_reads_it_person_by_person(site: Served, role: Role) -> None:
    client = site.client(role)
    one = {"idNumber": site.case.id_number, "channel": "SMS", "at": MAY}
    assert client.code(RECORD_CONSENTS, consents=[{**one, "granted": True}]) == "forbidden"
    assert client.code(RECORD_CONTACTS, contacts=[one]) == "forbidden"
    assert client.code(CONSENT, nodeId=site.case.ids["subject"]) == "forbidden"


def test_too_many_none_and_what_is_no_customer_are_refused(site: Served) -> None:
    supervisor = site.client(Role.SUPERVISOR)
    one = {"idNumber": site.case.id_number, "channel": "SMS", "at": MAY}
    assert supervisor.code(RECORD_CONTACTS, contacts=[]) == "consent.none"
    assert supervisor.code(RECORD_CONTACTS, contacts=[one] * 501) == "consent.too_many"
    assert supervisor.code(CONSENT, nodeId=site.case.ids["d_device"]) == "consent.subject"


def test_the_command_line_states_and_shows_consent(site: Served) -> None:
    home = str(site.runtime.settings.home)

    def run(*words: str) -> str:
        ran = CliRunner().invoke(app, ["consent", *words, "--home", home], input=f"{site.case.id_number}\n")
        assert ran.exit_code == 0, ran.output
        return ran.output

    assert "sms: yes." in run("grant", "-", "--channel", "sms", "--at", AS_OF.isoformat())
    assert "push: no." in run("refuse", "-", "--channel", "push")
    told = run("refuse", "-", "--channel", "all")
    assert [f"{each}: no." in told for each in CHANNELS] == [True] * 4
    shown = run("show", "-")
    stands = {words[0]: words[1] for line in shown.splitlines() if len(words := re.findall(r"\w+", line)) > 1}
    assert [stands[each] for each in CHANNELS] == ["no"] * 4
    assert "sms" in shown and "never asked" not in shown and site.case.id_number not in shown
    operations = [entry.operation for entry in site.runtime.store.audit(limit=1_000)]
    assert {"cli consent.state", "cli consent.show"} <= set(operations)

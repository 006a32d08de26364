"""An application sent over the API and the same one in files end in the same graph; and all that is wrong with one is told at once."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType

from api.application_form import Applicant, ApplicationForm, ApplicationInvalid, Kinded, clean
from api.assess import EVIDENCE_UNAVAILABLE, RING_UNAVAILABLE, SCORING_FAILED, SCORING_TIMEOUT
from api.graphql.schema import build_schema
from gnn.decision_policy import load_decision_policy
from gnn.online import Degraded
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from tests.fixtures.reference_case import id_number
from tests.stores.portrait import of_everything

NOW = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
ME = id_number(NOW.date().replace(year=1991), 11)
FRIEND = id_number(NOW.date().replace(year=1985), 12)
UNCLE = id_number(NOW.date().replace(year=1960), 13)
CARD, OTHER_CARD = "6222020000000000000", "6222021000000000009"

FULL = ApplicationForm(
    application_id="APP-2026-1",
    applied_at="2026-07-01 10:30",
    product="cash loan",
    channel="app",
    amount=5000.0,
    term_months=12,
    customer=Applicant(
        id_number=ME.lower(),
        name="李雷",
        id_expiry_date="长期",
        education="本科",
        marital_status="single",
        mobile_carrier="CMCC",
        registered_at="2026-06-30 09:00",
    ),
    phones=["138 0013 8001", "+86 13800138002"],
    devices=["Device-AA-0001"],
    addresses=[
        Kinded("home", "杭州市西湖区某路 1 号"),
        Kinded("delivery", "杭州市西湖区某路 2 号"),
        Kinded("work", "杭州市滨江区某路 3 号"),
        Kinded("delivery", "杭州市西湖区某路 4 号"),
    ],
    bank_accounts=[Kinded("pay_out", CARD), Kinded("pay_in", OTHER_CARD)],
    employer="某某科技有限公司",
    email="Lei.Li@Example.com",
    ip="203.0.113.7",
    social_accounts=["wechat:lilei", "qq:123456"],
    emergency_contacts=["13800138003"],
    referrer=FRIEND,
    guarantors=[UNCLE],
)

PERSON = "id_number,name,id_expiry_date,education,marital_status,mobile_carrier,registered_at"
CUSTOMERS = """{person},email,home_address,work_address,employer,bank_account,social_account
{me},李雷,长期,本科,single,CMCC,2026-06-30 09:00,lei.li@example.com,杭州市西湖区某路 1 号,杭州市滨江区某路 3 号,某某科技有限公司,{other},wechat:lilei
{me},李雷,长期,本科,single,CMCC,2026-06-30 09:00,,,,,,qq:123456
"""
APPLICATIONS = """application_id,id_number,product,channel,amount,term_months,applied_at,phone,device_id,ip,delivery_address,payout_account
APP-2026-1,{me},cash loan,app,5000,12,2026-07-01T10:30:00+08:00,13800138001,device-aa-0001,203.0.113.7,杭州市西湖区某路 2 号,{card}
APP-2026-1,{me},cash loan,app,5000,12,2026-07-01T10:30:00+08:00,13800138002,,,杭州市西湖区某路 4 号,
"""
RELATIONS = """id_number,relation,target,at
{me},EMERGENCY_CONTACT,13800138003,2026-07-01 10:30
{friend},REFERRED,{me},2026-07-01 10:30
{uncle},GUARANTEES,{me},2026-07-01 10:30
"""


def fresh(folder: Path, name: str) -> GraphStore:
    return open_store(f"sqlite:///{folder / name}", create=True)


def by_files(store: GraphStore, folder: Path) -> None:
    for name, text in (("customers", CUSTOMERS), ("applications", APPLICATIONS), ("relations", RELATIONS)):
        filled = text.format(person=PERSON, me=ME, friend=FRIEND, uncle=UNCLE, card=CARD, other=OTHER_CARD)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as target:
            rows = list(csv.reader(filled.splitlines()))
            csv.writer(target).writerows([[*rows[0], "source"], *([*row, "key:core"] for row in rows[1:])])
    report = ingest(store, [folder], quarantine_dir=folder / "quarantine", now=NOW)
    assert sum(file.quarantined for file in report.files) == 0


def by_api(store: GraphStore, form: ApplicationForm) -> None:
    store.upsert(clean(form, now=NOW).records(now=NOW, source="key:core"))


def test_the_same_application_by_file_and_by_api_gives_the_same_graph(tmp_path: Path) -> None:
    filed, sent = fresh(tmp_path, "filed.db"), fresh(tmp_path, "sent.db")
    files = tmp_path / "files"
    files.mkdir()
    by_files(filed, files)
    by_api(sent, FULL)
    one, two = of_everything(filed), of_everything(sent)
    assert one["edges"] == two["edges"]
    assert one["nodes"] == two["nodes"]
    assert len(two["nodes"]) == 19
    by_api(sent, FULL)
    assert of_everything(sent)["edges"] == two["edges"]
    filed.close()
    sent.close()


def test_an_application_with_nothing_but_a_document_makes_a_customer_and_an_application(tmp_path: Path) -> None:
    store = fresh(tmp_path, "graph.db")
    by_api(store, ApplicationForm("APP-2", Applicant(ME)))
    portrait = of_everything(store)
    assert {ref.label for ref in portrait["nodes"]} == {"Customer", "Application"}
    (person,) = [node for ref, node in portrait["nodes"].items() if ref.label == "Customer"]
    assert person.properties["birth_date"] == NOW.date().replace(year=1991)
    assert person.first_seen == NOW  # sent without a moment: now
    store.close()


def test_all_that_is_wrong_is_told_by_field_and_code_and_no_value_is_repeated() -> None:
    form = ApplicationForm(
        application_id="APP 2026/1",
        customer=Applicant(id_number="110105199001011234", education="wizard", id_expiry_date="2026-13-01"),
        applied_at="2031-01-01",
        amount=-1.0,
        phones=["13800138001", "1380013", "13800138002"],
        addresses=[Kinded("home", "杭州市西湖区某路 1 号"), Kinded("delivery", "x")],
        bank_accounts=[Kinded("pay_in", "6222020000000000001")],
        emergency_contacts=["nobody"],
        referrer="110105199001011234",
    )
    with pytest.raises(ApplicationInvalid) as caught:
        clean(form, now=NOW)
    found = {(one["path"], one["code"]) for one in caught.value.fields}
    assert found == {
        ("applicationId", "application.malformed"),
        ("customer.idNumber", "id.checksum"),
        ("customer.education", "choice.unknown"),
        ("customer.idExpiryDate", "date.malformed"),
        ("amount", "number.out_of_range"),
        ("phones[1]", "phone.invalid"),
        ("addresses[1].text", "text.too_short"),
        ("bankAccounts[0].number", "account.luhn"),
        ("emergencyContacts[0]", "phone.malformed"),
        ("referrer", "id.checksum"),
    }
    told = str(caught.value) + repr(caught.value.fields)
    for value in ("110105199001011234", "1380013", "6222020000000000001", "wizard", "nobody", "APP 2026/1"):
        assert value not in told


@pytest.mark.parametrize(
    ("form", "path", "code"),
    [
        (ApplicationForm("A", Applicant(ME), applied_at="2031-01-01"), "appliedAt", "time.event_in_future"),
        (ApplicationForm("A", Applicant(" ")), "customer.idNumber", "required.missing"),
        (ApplicationForm(" ", Applicant(ME)), "applicationId", "required.missing"),
        (ApplicationForm("A", Applicant(ME), referrer=ME), "referrer", "relation.self"),
        (ApplicationForm("A", Applicant(ME, sex="female")), "customer.sex", "customer.sex_contradicts_id"),
        (ApplicationForm("A", Applicant(ME), phones=["1"] * 21), "phones", "application.too_many"),
    ],
)
def test_what_only_the_whole_tells_is_told_of_the_field_to_look_at(form: ApplicationForm, path: str, code: str) -> None:
    with pytest.raises(ApplicationInvalid) as caught:
        clean(form, now=NOW)
    assert [(one["path"], one["code"]) for one in caught.value.fields] == [(path, code)]


# --- docs/risk-engine.md -------------------------------------------------------------------------------------------


def test_the_risk_engines_page_tells_of_every_field_and_of_every_way_to_be_degraded() -> None:
    page = (Path(__file__).parents[2] / "docs" / "risk-engine.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(\w+)`", page))
    types = build_schema()._schema.type_map
    for name in ("ApplicationInput", "ApplicantInput"):
        declared = types[name]
        assert isinstance(declared, GraphQLInputObjectType)
        assert set(declared.fields) <= told
    codes = {
        SCORING_FAILED,
        SCORING_TIMEOUT,
        EVIDENCE_UNAVAILABLE,
        RING_UNAVAILABLE,
        *(code.value for code in Degraded),
    }
    table = page.partition("## Degraded answers")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == codes
    limiting = set(re.findall(r"^\| `(\w+)` .* a review at best \|$", table, re.MULTILINE))
    assert limiting == {SCORING_FAILED, SCORING_TIMEOUT} | load_decision_policy().review_degraded
    answer = types["DecisionAnswer"]
    assert isinstance(answer, GraphQLObjectType)
    assert all(code in str(answer.fields["degradedBecause"].description) for code in codes)

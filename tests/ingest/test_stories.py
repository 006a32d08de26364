"""From files to a graph, as the people who bring the files see it."""

import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from graph_model.predicates import Compare, Operator
from graph_model.principal import Principal, Role
from graph_model.records import Node, NodeRef
from graph_model.services.segments.vocabulary import vocabulary
from graph_model.store import GraphStore
from tests.ingest.conftest import Load
from tests.ingest.files import (
    APPLICATION,
    CONSENT,
    CUSTOMER,
    EMERGENCY,
    FANG,
    JUN,
    LABEL,
    NOW,
    REFERRAL,
    STATUS,
    WEI,
    made_up_id,
    read,
    write,
)


def node(store: GraphStore, label: str, key: str) -> Node:
    found = store.get(NodeRef(label, key))
    assert found is not None, f"{label} {key} is not in the graph"
    return found


def triples(store: GraphStore, subject: Node) -> set[tuple[str, str, str, str]]:
    """(start key, type and qualifier, end label, end key) of the relationships around a node."""
    around = store.neighbourhood(subject.node_id, hops=1)
    by_id = {n.node_id: n for n in around.nodes}
    return {
        (by_id[e.start].key, f"{e.type} {e.qualifier}".strip(), by_id[e.end].label, by_id[e.end].key)
        for e in around.edges
        if subject.node_id in (e.start, e.end)
    }


def test_a_customer_row_becomes_a_customer_and_what_he_is_known_by(
    tmp_path: Path, store: GraphStore, load: Load
) -> None:
    full = {
        **CUSTOMER,
        "id_expiry_date": "长期",
        "education": "本科",
        "marital_status": "married",
        "mobile_carrier": "China Mobile",
        "email": "Zhang.Wei@Example.com",
        "home_address": "广东省 广州市天河区，天河路１号",
        "work_address": "广东省广州市黄埔区科学城2号",
        "employer": "广州（华信）有限公司",
        "bank_account": "4111 1111 1111 1111",
        "social_account": "WeChat:wei88",
        "source": "crm",
        "recorded_at": "2025-05-02T10:00:00+08:00",
    }
    report = load(write(tmp_path / "customers.csv", [full]))
    assert (report.read, report.loaded, report.merged, report.quarantined) == (1, 1, 0, 0)
    wei = node(store, "Customer", WEI)
    assert dict(wei.properties) == {
        "name": "张伟",
        "sex": "male",
        "birth_date": date(1990, 1, 7),
        "id_expiry_date": date(9999, 12, 31),
        "education": "bachelor",
        "marital_status": "married",
        "mobile_carrier": "China Mobile",
    }
    assert (wei.first_seen, wei.recorded_at, wei.source) == (
        datetime(2025, 5, 1, 2, tzinfo=UTC),
        datetime(2025, 5, 2, 2, tzinfo=UTC),
        "crm",
    )
    assert triples(store, wei) == {
        (WEI, "USES_PHONE", "Phone", "+8613800138000"),
        (WEI, "HAS_EMAIL", "Email", "zhang.wei@example.com"),
        (WEI, "HAS_ADDRESS home", "Address", "广东省广州市天河区天河路1号"),
        (WEI, "HAS_ADDRESS work", "Address", "广东省广州市黄埔区科学城2号"),
        (WEI, "WORKS_AT", "Employer", "广州华信有限公司"),
        (WEI, "HAS_ACCOUNT pay_in", "BankAccount", "4111111111111111"),
        (WEI, "HAS_SOCIAL", "SocialAccount", "wechat:wei88"),
    }
    assert node(store, "Address", "广东省广州市天河区天河路1号").properties["text"] == "广东省 广州市天河区,天河路1号"
    assert node(store, "Employer", "广州华信有限公司").properties["name"] == "广州(华信)有限公司"


def test_whom_a_lender_wrote_down_in_words_is_found_by_what_a_segment_offers_to_tick(
    tmp_path: Path, store: GraphStore, load: Load
) -> None:
    load(write(tmp_path / "customers.csv", [{**CUSTOMER, "mobile_carrier": "中国移动"}]))
    load(write(tmp_path / "applications.csv", [{**APPLICATION, "product": "现金贷", "channel": "手机应用"}]))
    told = vocabulary(Principal("mia", Role.MARKETER))
    for label, name, word in (
        ("Customer", "mobile_carrier", "中国移动"),
        ("Application", "product", "现金贷"),
        ("Application", "channel", "手机应用"),
    ):
        (target,) = [target for target in told.targets if target.label == label]
        (field,) = [field for field in target.fields if field.name == name]
        (offered,) = [value for value, zh, _ in field.choices if zh == word]
        assert store.count(label, Compare(name, Operator.EQ, offered)) == 1


def test_an_application_joins_customer_and_application_to_what_they_used(
    tmp_path: Path, store: GraphStore, load: Load
) -> None:
    report = load(write(tmp_path / "applications.csv", [APPLICATION]))
    application = node(store, "Application", "A1")
    assert dict(application.properties) == {
        "product": "cash",
        "channel": "app",
        "amount": 4400.0,
        "term_months": 12,
        "applied_at": datetime(2025, 6, 1, 2, tzinfo=UTC),
        "outcome": "approved",
    }
    shared = {
        ("USES_PHONE", "+8613800138000"),
        ("USES_DEVICE", "and-259d3e31167a5ad9"),
        ("HAS_ACCOUNT pay_out", "4111111111111111"),
    }
    alone = {("USES_IP", "100.91.233.235"), ("HAS_ADDRESS delivery", "广东省广州市天河区天河路1号")}
    assert {(t, key) for start, t, _, key in triples(store, application) if start == "A1"} == shared | alone
    wei = node(store, "Customer", WEI)
    assert {(t, key) for _, t, _, key in triples(store, wei)} == shared | {("APPLIED", "A1")}
    assert dict(report.created) == {
        "Application": 1, "Customer": 1, "Phone": 1, "Device": 1, "IpAddress": 1, "Address": 1, "BankAccount": 1,
        "APPLIED": 1, "USES_PHONE": 2, "USES_DEVICE": 2, "USES_IP": 1, "HAS_ADDRESS": 1, "HAS_ACCOUNT": 2,
    }  # fmt: skip


def test_someone_whom_only_an_application_names_is_known_by_what_the_id_says(
    tmp_path: Path, store: GraphStore, load: Load
) -> None:
    load(write(tmp_path / "applications.csv", [{**APPLICATION, "id_number": FANG}]))
    assert dict(node(store, "Customer", FANG).properties) == {"sex": "female", "birth_date": date(1990, 1, 7)}


def test_naming_a_known_customer_again_tells_nothing_new_of_him(tmp_path: Path, store: GraphStore, load: Load) -> None:
    """A later application must not pass for newer knowledge of the customer: the corrected customer file still counts."""
    load(write(tmp_path / "customers.csv", [CUSTOMER]))
    load(write(tmp_path / "applications.csv", [APPLICATION]))
    load(
        write(tmp_path / "customers.csv", [{**CUSTOMER, "name": "张韦", "registered_at": "2025-05-02T10:00:00+08:00"}])
    )
    assert node(store, "Customer", WEI).properties["name"] == "张韦"


def test_the_holder_of_a_passport_is_described_by_the_file(tmp_path: Path, store: GraphStore, load: Load) -> None:
    row = {**CUSTOMER, "id_number": "passport:e1234567", "sex": "女", "birth_date": "1985/3/2"}
    load(write(tmp_path / "customers.csv", [row]))
    properties = node(store, "Customer", "PASSPORT:E1234567").properties
    assert (properties["sex"], properties["birth_date"]) == ("female", date(1985, 3, 2))


def test_relations_join_people_and_phones(tmp_path: Path, store: GraphStore, load: Load) -> None:
    guarantee = {**REFERRAL, "relation": "guarantees", "target": JUN}
    report = load(write(tmp_path / "relations.csv", [REFERRAL, EMERGENCY, guarantee]))
    assert report.loaded == 3
    assert triples(store, node(store, "Customer", WEI)) == {
        (WEI, "REFERRED", "Customer", FANG),
        (WEI, "EMERGENCY_CONTACT", "Phone", "+8613900139000"),
        (WEI, "GUARANTEES", "Customer", JUN),
    }
    assert node(store, "Customer", JUN).properties["sex"] == "male"


def test_facts_are_kept_with_their_moments(tmp_path: Path, store: GraphStore, load: Load) -> None:
    report = load(
        write(tmp_path / "labels.csv", [LABEL]),
        write(tmp_path / "statuses.csv", [STATUS, {**STATUS, "status": "审批拒绝"}, {**STATUS, "status": "drawn"}]),
        write(tmp_path / "consents.csv", [CONSENT]),
        write(tmp_path / "applications.csv", [APPLICATION]),
        write(tmp_path / "customers.csv", [CUSTOMER]),
    )
    assert [(f.kind, f.loaded, f.quarantined) for f in report.files] == [
        ("customers", 1, 0),
        ("applications", 1, 0),
        ("statuses", 2, 1),
        ("labels", 1, 0),
        ("consents", 1, 0),
    ]
    facts = store.facts(node(store, "Application", "A1").node_id)
    assert [(f.kind, f.value, f.at) for f in facts] == [
        ("status", "applied", datetime(2025, 6, 1, 2, tzinfo=UTC)),
        ("status", "drawn", datetime(2025, 6, 1, 2, tzinfo=UTC)),
        ("label", "confirmed_fraud", datetime(2025, 12, 1, 2, tzinfo=UTC)),
    ]
    [consent] = store.facts(node(store, "Customer", WEI).node_id)
    assert (consent.kind, consent.topic, consent.value, consent.recorded_at) == ("consent", "sms", "yes", NOW)


def test_the_same_files_again_change_nothing(tmp_path: Path, store: GraphStore, load: Load) -> None:
    write(tmp_path / "customers.csv", [CUSTOMER])
    write(tmp_path / "applications.csv", [APPLICATION])
    write(tmp_path / "relations.csv", [REFERRAL, EMERGENCY])
    write(tmp_path / "labels.csv", [LABEL])
    load(tmp_path)
    before = store.statistics(), node(store, "Customer", WEI), store.induced([node(store, "Customer", WEI).node_id])
    again = load(tmp_path, now=NOW + timedelta(days=30))
    assert (again.read, again.loaded, again.merged, again.quarantined) == (5, 0, 5, 0)
    assert again.created == {}
    after = store.statistics(), node(store, "Customer", WEI), store.induced([node(store, "Customer", WEI).node_id])
    assert (after[0].nodes, after[0].edges, after[0].facts) == (before[0].nodes, before[0].edges, before[0].facts)
    assert after[1:] == before[1:]


def test_a_label_of_an_unknown_application_waits_in_quarantine_until_it_is_known(
    tmp_path: Path, store: GraphStore, load: Load, quarantine: Path
) -> None:
    report = load(write(tmp_path / "labels.csv", [LABEL]))
    assert (report.loaded, report.quarantined) == (0, 1)
    [refused] = quarantine.iterdir()
    [row] = read(refused)
    assert (row["_column"], row["_reason"], row["_line"]) == ("application_id", "reference.unknown_application", "2")
    load(write(tmp_path / "applications.csv", [APPLICATION]))
    assert load(refused).loaded == 1
    assert [f.value for f in store.facts(node(store, "Application", "A1").node_id)] == ["confirmed_fraud"]


def test_a_consent_of_nobody_we_know_is_refused(tmp_path: Path, load: Load) -> None:
    report = load(write(tmp_path / "consents.csv", [CONSENT]))
    assert [r.reason for r in report.files[0].reasons] == ["reference.unknown_customer"]


def test_bad_rows_can_be_corrected_in_the_quarantine_file_and_loaded(
    tmp_path: Path, store: GraphStore, load: Load, quarantine: Path
) -> None:
    mistyped = f"{WEI[:5]}{9 - int(WEI[5])}{WEI[6:]}"
    rows = [{**CUSTOMER, "id_number": FANG}, {**CUSTOMER, "id_number": mistyped, "phone": "12", "branch": "南沙"}]
    report = load(write(tmp_path / "customers.csv", rows))
    assert (report.read, report.loaded, report.quarantined) == (2, 1, 1)
    assert report.files[0].unknown_columns == ("branch",)
    [file] = quarantine.iterdir()
    assert report.files[0].quarantine_file == str(file)
    [row] = read(file)
    assert {name: row[name] for name in rows[1]} == rows[1]
    assert row["_file"], row["_line"] == ("customers.csv", "3")
    assert (row["_column"], row["_reason"], row["_others"]) == ("id_number", "id.checksum", "phone: phone.invalid")
    assert row["_value"] == f"{mistyped[:3]}{'*' * 12}{mistyped[-3:]}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    corrected = file.read_text(encoding="utf-8").replace(mistyped, WEI).replace(",12,", ",13800138000,")
    file.write_text(corrected, encoding="utf-8")
    again = load(file)
    assert (again.loaded, again.quarantined) == (1, 0)
    assert node(store, "Customer", WEI).properties["name"] == "张伟"


def test_a_row_that_could_not_be_split_keeps_its_text_until_it_is_mended(
    tmp_path: Path, load: Load, quarantine: Path
) -> None:
    file = write(tmp_path / "labels.csv", [LABEL])
    file.write_bytes(file.read_bytes() + b'A2,"good,2025-12-01\nA3,good\n')
    report = load(file)
    assert (report.read, report.quarantined) == (3, 3)
    [first] = quarantine.iterdir()
    raws = [("3", "csv.unclosed_quote", 'A2,"good,2025-12-01'), ("4", "csv.columns", "A3,good")]
    assert [(r["_line"], r["_reason"], r["_raw"]) for r in read(first)[1:]] == raws
    load(first, now=NOW + timedelta(minutes=1))
    [second] = set(quarantine.iterdir()) - {first}
    kept = [(r["_reason"], r["_raw"]) for r in read(second)[1:]]
    assert kept == [("required.missing", raw) for _, _, raw in raws]


CONTRADICTIONS = [
    ("customers", {"sex": "female"}, "sex", "customer.sex_contradicts_id"),
    ("customers", {"birth_date": "1990-01-08"}, "birth_date", "customer.birth_contradicts_id"),
    ("customers", {"id_expiry_date": "1989-01-01"}, "id_expiry_date", "customer.expiry_before_birth"),
    ("customers", {"registered_at": "1989-01-01"}, "registered_at", "time.before_birth"),
    ("customers", {"registered_at": "2026-04-02"}, "registered_at", "time.event_in_future"),
    ("customers", {"registered_at": ""}, "registered_at", "required.missing"),
    ("customers", {"id_number": ""}, "id_number", "required.missing"),
    ("customers", {"recorded_at": "2027-01-01"}, "recorded_at", "time.recorded_in_future"),
    ("customers", {"id_number": made_up_id(1, born="20300101")}, "id_number", "customer.birth_in_future"),
    ("customers", {"id_number": made_up_id(1, born="18900101")}, "id_number", "customer.birth_implausible"),
    ("customers", {"id_number": "PASSPORT:E123", "birth_date": "2030-01-01"}, "birth_date", "customer.birth_in_future"),
    ("applications", {"id_number": made_up_id(1, born="20300101")}, "id_number", "customer.birth_in_future"),
    ("applications", {"amount": "-5"}, "amount", "number.out_of_range"),
    ("applications", {"outcome": "confirmed_fraud"}, "outcome", "choice.unknown"),
    ("relations", {"target": WEI}, "target", "relation.self"),
    ("relations", {"target": "13800138000"}, "target", "id.length"),
    ("relations", {"relation": "EMERGENCY_CONTACT"}, "target", "phone.malformed"),
    ("relations", {"relation": "MARRIED_TO"}, "relation", "choice.unknown"),
]
ROWS = {"customers": CUSTOMER, "applications": APPLICATION, "relations": REFERRAL}


@pytest.mark.parametrize(("kind", "change", "column", "reason"), CONTRADICTIONS, ids=lambda v: str(v)[:40])
def test_a_row_that_contradicts_itself_is_refused_whole(
    tmp_path: Path, store: GraphStore, load: Load, kind: str, change: dict[str, str], column: str, reason: str
) -> None:
    report = load(write(tmp_path / f"{kind}.csv", [{**ROWS[kind], **change}]))
    assert (report.loaded, report.quarantined) == (0, 1)
    [found] = report.files[0].reasons
    assert (found.column, found.reason, found.count, found.line) == (column, reason, 1, 2)
    assert sum(store.statistics().nodes.values()) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_come_in_the_encodings_of_the_country(
    tmp_path: Path, store: GraphStore, load: Load, encoding: str
) -> None:
    file = write(
        tmp_path / "customers.csv", [CUSTOMER, {**CUSTOMER, "id_number": FANG, "name": "李,“芳”"}], encoding=encoding
    )
    report = load(file)
    assert report.files[0].encoding == encoding.removesuffix("-sig")
    assert node(store, "Customer", WEI).properties["name"] == "张伟"
    assert node(store, "Customer", FANG).properties["name"] == "李,“芳”"


def test_a_row_in_another_encoding_costs_that_row(tmp_path: Path, load: Load) -> None:
    rows = [{**CUSTOMER, "id_number": made_up_id(n), "name": "王芳"} for n in range(1, 6)]
    file = write(tmp_path / "customers.csv", rows)
    lines = file.read_bytes().split(b"\n")
    lines[3] = lines[3].decode().encode("gb18030")
    file.write_bytes(b"\n".join(lines))
    report = load(file)
    assert (report.loaded, report.quarantined) == (4, 1)
    assert [(r.reason, r.line) for r in report.files[0].reasons] == [("csv.encoding", 4)]


def test_a_line_that_is_no_row_is_kept_as_it_was_in_whatever_encoding(
    tmp_path: Path, load: Load, quarantine: Path
) -> None:
    file = write(tmp_path / "customers.csv", [CUSTOMER], encoding="gb18030")
    broken = "少,列\n" + "长" * 5_000 + ",列\n"
    file.write_bytes(file.read_bytes() + broken.encode("gb18030"))
    report = load(file)
    assert (report.loaded, report.quarantined) == (1, 2)
    short, long = (row["_raw"] for kept in quarantine.glob("*.csv") for row in read(kept))
    assert short == "少,列"
    assert long.startswith("长" * 2_000) and long.endswith(" ... and 6003 bytes more")


def test_a_customer_of_two_source_records_is_one_customer(tmp_path: Path, store: GraphStore, load: Load) -> None:
    rows = [CUSTOMER, {**CUSTOMER, "phone": "13900139000", "source": "partner"}]
    report = load(write(tmp_path / "customers.csv", rows))
    assert (report.loaded, report.merged) == (1, 1)
    assert {key for _, _, _, key in triples(store, node(store, "Customer", WEI))} == {
        "+8613800138000",
        "+8613900139000",
    }


def test_the_truth_beside_the_files_is_never_read(tmp_path: Path, store: GraphStore, load: Load) -> None:
    (tmp_path / "truth").mkdir()
    write(tmp_path / "truth" / "customers.csv", [{**CUSTOMER, "id_number": FANG}])
    write(tmp_path / "customers.csv", [CUSTOMER])
    (tmp_path / "notes.csv").write_text("a,b\n")
    assert [f.file for f in load(tmp_path).files] == ["customers.csv"]
    assert store.get(NodeRef("Customer", FANG)) is None

"""Decisions: hard rules, grades and scores as fraud stories; what is not known; what a policy file may say."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.decision import (
    DEFAULT_DECISION_POLICY,
    RULES,
    Decision,
    Evidence,
    Outcome,
    age_on,
    decide,
    evidence_of,
    load_decision_policy,
    render_rule,
)
from gnn.online import Degraded
from graph_model.errors import InvalidRequest, NotFound, UnknownName
from graph_model.records import EdgeRecord, Fact, Grade, GraphBatch, NodeRecord, NodeRef
from graph_model.schema import SCHEMA
from graph_model.schema.property_types import LONG_TERM, Choice
from graph_model.store import GraphStore

TODAY = date(2026, 6, 15)
HONEST = Evidence(
    today=TODAY,
    customer_known=True,
    birth_date=date(1990, 1, 1),
    id_expiry_date=date(2030, 1, 1),
    listed={},
    applications=1,
)


def decided(
    evidence: Evidence = HONEST,
    *,
    score: float | None = 0.01,
    grade: Grade | None = Grade.A,
    degraded: tuple[str, ...] = (),
) -> Decision:
    return decide(evidence, score=score, grade=grade, degraded=degraded)


def codes(decision: Decision) -> list[str]:
    return [hit.code for hit in decision.rules]


def test_an_honest_applicant_is_approved_and_nothing_is_held_against_them():
    decision = decided()
    assert (decision.decision, codes(decision)) == (Outcome.APPROVE, [])
    assert decision.policy_version == load_decision_policy().version


STORIES: list[tuple[str, dict[str, object], Outcome, str, Mapping[str, object]]] = [
    (
        "the document expired yesterday",
        {"id_expiry_date": date(2026, 6, 14)},
        Outcome.DECLINE,
        "ID_EXPIRED",
        {"days": 1},
    ),
    ("eighteen tomorrow", {"birth_date": date(2008, 6, 16)}, Outcome.DECLINE, "UNDER_AGE", {"age": 17, "least": 18}),
    (
        "born tomorrow, says the form",
        {"birth_date": date(2026, 6, 16)},
        Outcome.DECLINE,
        "UNDER_AGE",
        {"age": 0, "least": 18},
    ),
    (
        "the person is on the blocklist",
        {"listed": {"Customer": 1}},
        Outcome.DECLINE,
        "BLOCKLISTED",
        {"listed": 1, "persons": 1},
    ),
    (
        "the device and a phone are",
        {"listed": {"Device": 1, "Phone": 1}},
        Outcome.DECLINE,
        "BLOCKLISTED",
        {"listed": 2, "persons": 0},
    ),
    (
        "a sixth application this month",
        {"applications": 6},
        Outcome.REVIEW,
        "TOO_MANY_APPLICATIONS",
        {"applications": 6, "days": 30, "most": 5},
    ),
    ("nobody asked for the birthday", {"birth_date": None}, Outcome.REVIEW, "BIRTH_DATE_UNKNOWN", {}),
    ("nobody looked when it expires", {"id_expiry_date": None}, Outcome.REVIEW, "ID_EXPIRY_UNKNOWN", {}),
    ("nobody knows who applied", {"customer_known": False}, Outcome.REVIEW, "CUSTOMER_UNKNOWN", {}),
]


@pytest.mark.parametrize(
    ("change", "outcome", "code", "values"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES]
)
def test_one_thing_wrong_is_one_rule(
    change: dict[str, object], outcome: Outcome, code: str, values: Mapping[str, object]
):
    decision = decided(replace(HONEST, **change))  # type: ignore[arg-type]
    assert decision.decision is outcome
    assert [(hit.code, dict(hit.values)) for hit in decision.rules] == [(code, values)]


@pytest.mark.parametrize(
    "change",
    [
        {"id_expiry_date": TODAY},
        {"id_expiry_date": LONG_TERM},
        {"birth_date": date(2008, 6, 15)},
        {"applications": 5},
        {"listed": {"Device": 0}},
    ],
    ids=["expires tonight", "never expires", "eighteen today", "a fifth application", "nothing listed"],
)
def test_just_within_a_rule_is_within_it(change: dict[str, object]):
    assert decided(replace(HONEST, **change)).decision is Outcome.APPROVE  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "grade", "outcome", "told"),
    [
        (0.01, Grade.A, Outcome.APPROVE, []),
        (0.05, Grade.B, Outcome.APPROVE, []),
        (0.20, Grade.C, Outcome.REVIEW, ["GRADE"]),
        (0.50, Grade.D, Outcome.REVIEW, ["GRADE"]),
        (0.80, Grade.D, Outcome.DECLINE, ["SCORE", "GRADE"]),
        (None, Grade.A, Outcome.REVIEW, ["NOT_SCORED"]),
        (0.01, None, Outcome.REVIEW, ["NOT_SCORED"]),
    ],
)
def test_score_and_grade_decide_where_no_rule_says_worse(
    score: float | None, grade: Grade | None, outcome: Outcome, told: list[str]
):
    decision = decided(score=score, grade=grade)
    assert (decision.decision, codes(decision)) == (outcome, told)


def test_a_score_that_could_not_see_all_of_a_hub_is_looked_at_but_missing_rings_are_only_told():
    limited = decided(degraded=(Degraded.HUB_TRUNCATED, Degraded.RULES_ONLY))
    assert (limited.decision, codes(limited)) == (Outcome.REVIEW, ["DEGRADED"])
    assert limited.rules[0].values == {"reasons": "hub_truncated"}
    assert decided(degraded=(Degraded.RING_SNAPSHOT_OLD,)).decision is Outcome.APPROVE
    assert load_decision_policy().review_degraded <= set(Degraded)


@given(
    expires=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    born=st.none() | st.dates(date(1950, 1, 1), date(2020, 1, 1)),
    listed=st.dictionaries(st.sampled_from(["Customer", "Device"]), st.integers(0, 2)),
    applications=st.integers(0, 12),
    score=st.none() | st.floats(0, 1),
    grade=st.none() | st.sampled_from(Grade),
)
def test_the_worst_stands_and_an_approval_has_nothing_against_it(
    expires: date | None,
    born: date | None,
    listed: dict[str, int],
    applications: int,
    score: float | None,
    grade: Grade | None,
):
    decision = decided(Evidence(TODAY, True, born, expires, listed, applications), score=score, grade=grade)
    order = list(Outcome)
    assert decision.decision is max((hit.outcome for hit in decision.rules), key=order.index, default=Outcome.APPROVE)
    assert [order.index(hit.outcome) for hit in decision.rules] == sorted(
        (order.index(hit.outcome) for hit in decision.rules), reverse=True
    )
    if decision.decision is Outcome.APPROVE:
        assert decision.rules == ()
        assert None not in (expires, born, score, grade)
    for hit in decision.rules:
        for language in ("zh", "en"):
            assert "{" not in render_rule(hit, language)


def test_who_was_born_on_a_leap_day_comes_of_age_on_the_first_of_march():
    assert age_on(date(2026, 2, 28), date(2008, 2, 29)) == 17
    assert age_on(date(2026, 3, 1), date(2008, 2, 29)) == 18
    assert age_on(date(2028, 2, 29), date(2008, 2, 29)) == 20


# --- evidence from a graph -------------------------------------------------------------------------------------------

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
BIRTH_IN_ID = "11010119900307109X"  # made up; the birthday is in it
PERSON, PHONE, DEVICE = (
    NodeRef("Customer", BIRTH_IN_ID),
    NodeRef("Phone", "+8613800000001"),
    NodeRef("Device", "handset"),
)
OTHER, HOME = NodeRef("Customer", "P:OTHER"), NodeRef("Address", "home")


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def application(number: int) -> NodeRef:
    return NodeRef("Application", f"F{number}")


def story(store: GraphStore, *, applied: tuple[float, ...] = (0,), person: Mapping[str, date] | None = None) -> str:
    """A customer with a home, who applied so many days ago, every time from one handset that somebody else uses too. The first's node id."""
    known = person if person is not None else {"birth_date": date(1990, 3, 7), "id_expiry_date": date(2030, 1, 1)}
    nodes = [NodeRecord(PERSON, ago(900), ago(900), "test", dict(known))]
    nodes += [NodeRecord(ref, ago(900), ago(900), "test") for ref in (PHONE, DEVICE, OTHER, HOME)]
    edges = [EdgeRecord("HAS_ADDRESS", PERSON, HOME, ago(900), ago(900), ago(900), "test", "home")]
    edges += [EdgeRecord("USES_DEVICE", OTHER, DEVICE, ago(900), ago(900), ago(900), "test")]
    for number, days in enumerate(applied):
        nodes.append(NodeRecord(application(number), ago(days), ago(days), "test", {"applied_at": ago(days)}))
        edges.append(EdgeRecord("APPLIED", PERSON, application(number), ago(days), ago(days), ago(days), "test"))
        edges.append(EdgeRecord("USES_DEVICE", application(number), DEVICE, ago(days), ago(days), ago(days), "test"))
        edges.append(EdgeRecord("USES_PHONE", application(number), PHONE, ago(days), ago(days), ago(days), "test"))
    store.upsert(GraphBatch(nodes, edges))
    found = store.get(application(0))
    assert found is not None
    return found.node_id


def block(store: GraphStore, ref: NodeRef, value: str, at: datetime, recorded: datetime | None = None) -> None:
    store.upsert(GraphBatch(facts=[Fact(ref, "blocklist", value, at, recorded or min(at, NOW), "user:sun")]))


def test_an_ordinary_form_gives_ordinary_evidence(empty_store: GraphStore):
    evidence = evidence_of(empty_store, story(empty_store), now=NOW)
    assert evidence == Evidence(TODAY, True, date(1990, 3, 7), date(2030, 1, 1), {}, 1)
    assert decided(evidence).decision is Outcome.APPROVE


def test_today_is_the_lenders_day(empty_store: GraphStore):
    evidence = evidence_of(empty_store, story(empty_store, applied=(1,)), now=datetime(2026, 6, 14, 16, 30, tzinfo=UTC))
    assert evidence.today == TODAY


def test_a_birthday_that_nobody_gave_is_read_from_the_resident_id(empty_store: GraphStore):
    evidence = evidence_of(empty_store, story(empty_store, person={}), now=NOW)
    assert (evidence.birth_date, evidence.id_expiry_date) == (date(1990, 3, 7), None)
    assert codes(decided(evidence)) == ["ID_EXPIRY_UNKNOWN"]


def test_of_a_passport_no_birthday_is_guessed(empty_store: GraphStore):
    at = ago(1)
    form, person = application(9), NodeRef("Customer", "passport:X123456")
    nodes = [NodeRecord(form, at, at, "test", {"applied_at": at}), NodeRecord(person, at, at, "test")]
    empty_store.upsert(GraphBatch(nodes, [EdgeRecord("APPLIED", person, form, at, at, at, "test")]))
    found = empty_store.get(form)
    assert found is not None
    evidence = evidence_of(empty_store, found.node_id, now=NOW)
    assert evidence.birth_date is None
    assert decided(evidence).decision is Outcome.REVIEW


@pytest.mark.parametrize("ref", [PERSON, PHONE, DEVICE, HOME, application(0)], ids=lambda ref: ref.label)
def test_whatever_of_the_application_or_its_customer_is_blocklisted_is_found(empty_store: GraphStore, ref: NodeRef):
    asked = story(empty_store)
    block(empty_store, ref, "listed", ago(2))
    evidence = evidence_of(empty_store, asked, now=NOW)
    assert evidence.listed == {ref.label: 1}
    assert decided(evidence).decision is Outcome.DECLINE


def test_a_blocklisted_stranger_on_the_same_handset_is_not_the_applicant(empty_store: GraphStore):
    asked = story(empty_store)
    block(empty_store, OTHER, "listed", ago(2))
    assert evidence_of(empty_store, asked, now=NOW).listed == {}


def test_the_newest_entry_of_the_blocklist_by_now_decides(empty_store: GraphStore):
    asked = story(empty_store)
    block(empty_store, DEVICE, "listed", ago(10))
    block(empty_store, DEVICE, "removed", ago(5))
    assert evidence_of(empty_store, asked, now=NOW).listed == {}
    block(empty_store, DEVICE, "listed", ago(3))
    block(empty_store, DEVICE, "removed", NOW + timedelta(days=7), recorded=ago(3))  # the entry expires in a week
    assert evidence_of(empty_store, asked, now=NOW).listed == {"Device": 1}
    assert evidence_of(empty_store, asked, now=NOW + timedelta(days=8)).listed == {}


def test_an_entry_that_is_listed_and_removed_at_one_moment_is_listed(empty_store: GraphStore):
    asked = story(empty_store)
    for value in ("listed", "removed"):
        block(empty_store, PHONE, value, ago(1))
    assert evidence_of(empty_store, asked, now=NOW).listed == {"Phone": 1}


def test_applications_are_counted_within_the_window_and_not_from_the_future(empty_store: GraphStore):
    asked = story(empty_store, applied=(0, 1, 2, 3, 29.9, 30, 31, 400, -1))
    evidence = evidence_of(empty_store, asked, now=NOW)
    assert evidence.applications == 5
    assert decided(evidence).decision is Outcome.APPROVE
    empty_store.upsert(
        GraphBatch(
            [NodeRecord(application(50), ago(4), ago(4), "test", {"applied_at": ago(4)})],
            [EdgeRecord("APPLIED", PERSON, application(50), ago(4), ago(4), ago(4), "test")],
        )
    )
    assert codes(decided(evidence_of(empty_store, asked, now=NOW))) == ["TOO_MANY_APPLICATIONS"]


def test_an_application_without_an_applicant_is_reviewed(empty_store: GraphStore):
    form = application(1)
    empty_store.upsert(GraphBatch([NodeRecord(form, ago(1), ago(1), "test")]))
    found = empty_store.get(form)
    assert found is not None
    evidence = evidence_of(empty_store, found.node_id, now=NOW)
    assert not evidence.customer_known
    assert set(codes(decided(evidence))) == {"CUSTOMER_UNKNOWN", "BIRTH_DATE_UNKNOWN", "ID_EXPIRY_UNKNOWN"}


def test_what_is_no_application_has_no_evidence(empty_store: GraphStore):
    story(empty_store)
    device = empty_store.get(DEVICE)
    assert device is not None
    for node_id in (device.node_id, "no-such-id"):
        with pytest.raises(NotFound):
            evidence_of(empty_store, node_id, now=NOW)


# --- the policy file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('version = "2026-11.1"', "", "version"),
        ('version = "2026-11.1"', "version = 3", "version"),
        ("[grades]", "[graces]", "graces is unknown"),
        ('A = "approve"', 'A = "decline"', "worse grade"),
        ('C = "review"', 'C = "perhaps"', "grades.C must be one of approve, review, decline"),
        ('UNDER_AGE = "decline"', "", "rules.UNDER_AGE must be one of review, decline"),
        ('UNDER_AGE = "decline"', 'UNDER_AGE = "approve"', "rules.UNDER_AGE"),
        ('UNDER_AGE = "decline"', 'UNDER_AGE = "decline"\nTOO_TALL = "decline"', "rules.TOO_TALL is unknown"),
        ("decline = 0.80", "decline = 80", "score.decline must be a number above 0"),
        ("applications = 5 ", "applications = 0", "limits.applications must be a whole number from 1"),
        ("window_days = 30", "window_days = true", "limits.window_days"),
        ('["hub_truncated", "ego_truncated"]', '"hub_truncated"', "degraded.review must be a list"),
        ("[limits]", "[limits", "TOML"),
    ],
)
def test_a_policy_that_is_wrong_is_refused_with_the_entry_that_is(tmp_path: Path, old: str, new: str, complaint: str):
    text = DEFAULT_DECISION_POLICY.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidRequest) as refused:
        load_decision_policy(path)
    assert complaint in refused.value.message
    assert refused.value.code == "decision.policy"


def test_a_policy_of_ones_own_decides(tmp_path: Path):
    path = tmp_path / "strict.toml"
    text = DEFAULT_DECISION_POLICY.read_text(encoding="utf-8")
    path.write_text(text.replace('B = "approve"', 'B = "review"').replace("2026-11.1", "strict-1"), encoding="utf-8")
    decision = decide(HONEST, score=0.05, grade=Grade.B, policy=load_decision_policy(path))
    assert (decision.decision, decision.policy_version) == (Outcome.REVIEW, "strict-1")
    with pytest.raises(InvalidRequest):
        load_decision_policy(tmp_path / "none.toml")


# --- what is documented ----------------------------------------------------------------------------------------------


def test_the_documented_rules_are_the_rules():
    listed = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
    for code, sentence in RULES.items():
        assert f"| `{code}` | {sentence.en} | {sentence.zh} |" in listed
    for code in Degraded:
        assert f"| `{code}` |" in listed


def test_decisions_are_those_of_the_schema_and_unknown_rules_have_no_sentence():
    kinds = SCHEMA.fact("decision").value
    assert isinstance(kinds, Choice)
    assert set(kinds.codes()) == set(Outcome)
    hit = decided(score=0.2, grade=Grade.C).rules[0]
    with pytest.raises(UnknownName):
        render_rule(replace(hit, code="OF_OLD"), "en")

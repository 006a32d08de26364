"""The gate: whoever may not be contacted, or is a risk, is in nobody's audience; and whoever is missing is missing for a reason that nobody can tell."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef
from graph_model.services.gate import EXCLUSIONS, Passed, pass_gate, risk_moment, told
from graph_model.services.gate_policy import DEFAULT_POLICY, Gate, load_gate_policy
from graph_model.services.withheld import held_out, withheld
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import GATE, NOW, START, arrive, assess, consent, handles_of, person, said, score

MARKETER, SUPERVISOR = Principal("mia", Role.MARKETER), Principal("sun", Role.SUPERVISOR)
# Nobody is withheld by chance, so that a story has one reason only.
PLAIN = Gate(replace(GATE.policy, holdout=0.0, resting=0.0, most_days=92), GATE.secret)
PEOPLE = [person(number) for number in range(40)]
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """Forty people, all consenting to messages, all of grade A."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    arrive(opened, PEOPLE)
    consent(opened, PEOPLE)
    score(opened, dict.fromkeys(PEOPLE, "A"))
    yield opened
    opened.close()


def passed(store: GraphStore, gate: Gate = PLAIN, *, channel: str = "sms", at: timedelta = timedelta(0)) -> Passed:
    moment = NOW + at
    handles = np.array(handles_of(store, PEOPLE), dtype=np.int64)
    return pass_gate(
        store, gate, handles, channel=channel, moment=moment, risk=risk_moment(store, gate.policy, now=moment)
    )


def left_out(store: GraphStore, **options: object) -> dict[str, int]:
    found = passed(store, **options)  # type: ignore[arg-type]
    assert found.candidates == len(PEOPLE) == len(found.handles) + sum(found.excluded.values())
    return {reason: number for reason, number in found.excluded.items() if number > 0}


def test_whoever_consented_and_is_no_risk_passes(store: GraphStore) -> None:
    assert left_out(store) == {}
    assert passed(store).node_ids == store.node_ids(passed(store).handles.tolist())


def test_an_opt_out_is_final_until_a_later_opt_in(store: GraphStore) -> None:
    store.upsert(GraphBatch(facts=[said(PEOPLE[0], "consent", "no", START + DAY, topic="sms")]))
    assert left_out(store) == {"no_consent": 1}
    # A consent that is older than the refusal, and arrives later, changes nothing.
    late = said(PEOPLE[0], "consent", "yes", START + DAY / 2, topic="sms", recorded=START + 3 * DAY)
    store.upsert(GraphBatch(facts=[late]))
    assert left_out(store) == {"no_consent": 1}
    store.upsert(GraphBatch(facts=[said(PEOPLE[0], "consent", "yes", START + 4 * DAY, topic="sms")]))
    assert left_out(store) == {}
    # And of two statements at one moment the refusal holds.
    store.upsert(GraphBatch(facts=[said(PEOPLE[0], "consent", "no", START + 4 * DAY, topic="sms")]))
    assert left_out(store) == {"no_consent": 1}


def test_consent_to_one_channel_is_none_to_another_and_silence_is_none(store: GraphStore) -> None:
    consent(store, PEOPLE[:3], "call")
    assert left_out(store, channel="call") == {"no_consent": len(PEOPLE) - 3}


def test_a_refusal_that_nobody_could_know_yet_is_not_known(store: GraphStore) -> None:
    store.upsert(GraphBatch(facts=[said(PEOPLE[0], "consent", "no", START, topic="sms", recorded=NOW + DAY)]))
    assert left_out(store) == {}
    assert left_out(store, at=2 * DAY) == {"no_consent": 1}


def test_nobody_hears_from_us_more_often_than_the_policy_says(store: GraphStore) -> None:
    sms = next(limit for limit in PLAIN.policy.limits if limit.channel == "sms")
    often, failed, past, other = PEOPLE[:4]
    within = [NOW - DAY * (number + 1) for number in range(sms.most)]
    facts = [said(often, "contact", "sent", at, topic="sms") for at in within]
    facts += [said(failed, "contact", "failed", at, topic="sms") for at in within]
    facts += [said(past, "contact", "sent", at - DAY * sms.days, topic="sms") for at in within]
    facts += [said(other, "contact", "sent", at, topic="push") for at in within]
    store.upsert(GraphBatch(facts=facts))
    assert left_out(store) == {"contacted": 1}
    assert left_out(store, at=DAY * (sms.days + 1)) == {}


def test_contacts_through_all_channels_count_together(store: GraphStore) -> None:
    every = next(limit for limit in PLAIN.policy.limits if limit.channel == "any")
    channels = ("sms", "call", "push", "email")
    times = [NOW - DAY * 2 - timedelta(hours=number) for number in range(every.most)]
    store.upsert(
        GraphBatch(
            facts=[said(PEOPLE[0], "contact", "sent", at, topic=channels[place % 4]) for place, at in enumerate(times)]
        )
    )
    assert left_out(store) == {"contacted": 1}


def test_grades_rings_the_blocklist_and_confirmed_fraud_stay_out(store: GraphStore) -> None:
    c, d, ring, listed, cleared, labelled, concluded, new = PEOPLE[:8]
    then = NOW - 2 * DAY
    application = NodeRef("Application", "X1")
    store.upsert(
        GraphBatch(
            [NodeRecord(application, START, START, "crm")],
            [EdgeRecord("APPLIED", labelled, application, START, START, START, "crm")],
            [
                said(listed, "blocklist", "listed", then),
                said(cleared, "blocklist", "listed", then),
                said(cleared, "blocklist", "removed", then + DAY / 2),
                said(application, "label", "confirmed_fraud", then),
                said(concluded, "disposition", "confirmed_fraud", then),
            ],
        )
    )
    grades = dict.fromkeys(PEOPLE, "B") | {c: "C", d: "D"}
    score(store, grades, rings={ring: "ring-1", d: "ring-1"}, at=NOW - DAY / 2)
    newcomer = person(99)
    arrive(store, [newcomer])
    consent(store, [newcomer])
    assert left_out(store) == {"grade": 2, "ring": 1, "blocklisted": 1, "confirmed_fraud": 2}
    handles = np.array(handles_of(store, [newcomer, new]), dtype=np.int64)
    asked = {"channel": "sms", "moment": NOW, "risk": risk_moment(store, GATE.policy, now=NOW)}
    assert pass_gate(store, PLAIN, handles, **asked).excluded["unscored"] == 1  # type: ignore[arg-type]


def test_before_anybody_was_scored_nobody_passes(store: GraphStore) -> None:
    assert risk_moment(store, GATE.policy, now=START) is None
    handles = np.array(handles_of(store, PEOPLE), dtype=np.int64)
    found = pass_gate(store, PLAIN, handles, channel="sms", moment=START, risk=None)
    assert (len(found.handles), found.excluded["unscored"]) == (0, len(PEOPLE))


def test_a_scoring_that_is_too_old_lets_nobody_pass(store: GraphStore) -> None:
    """The nightly scoring died a week ago: who became a risk since is not known, so nobody is handed out until it runs again."""
    days = GATE.policy.most_days
    last = NOW + DAY * (days - 1) + timedelta(hours=14)  # midnight of Shanghai: until then it is good
    assert risk_moment(store, GATE.policy, now=last - timedelta(milliseconds=1)) == NOW - DAY
    assert risk_moment(store, GATE.policy, now=last) is None
    assert len(passed(store, GATE, at=DAY * days).handles) == 0
    score(store, dict.fromkeys(PEOPLE, "A"), at=NOW + DAY * days)
    assert len(passed(store, GATE, at=DAY * days).handles) > 20


def test_what_is_no_customer_is_nobody_to_hand_out(store: GraphStore) -> None:
    found = pass_gate(store, PLAIN, np.array([10**9, 10**9]), channel="sms", moment=NOW, risk=NOW)
    assert (found.candidates, found.excluded["unknown"], list(found.node_ids)) == (1, 1, [])


def test_nothing_that_happens_to_one_customer_between_two_scorings_shows(store: GraphStore) -> None:
    """A marketer who asks before and after an investigator listed somebody gets the same people; after the next scoring all changes come at once."""
    before = passed(store)
    store.upsert(GraphBatch(facts=[said(PEOPLE[0], "blocklist", "listed", NOW - DAY / 4)]))
    assess(store, {PEOPLE[1]: "D"}, at=NOW - DAY / 4, rings={})
    assert passed(store).node_ids == before.node_ids
    score(store, dict.fromkeys(PEOPLE, "A") | {PEOPLE[1]: "D"}, at=NOW - DAY / 8)
    assert passed(store).node_ids == before.node_ids  # nor before and after a scoring, on one day
    assert left_out(store, at=DAY * 0.5) == {}
    assert left_out(store, at=DAY * 0.6) == {"grade": 1, "blocklisted": 1}


def test_on_the_first_day_the_first_scoring_is_the_days_whatever_follows(tmp_path: Path) -> None:
    """A fresh installation can hand out as soon as everybody was scored; somebody found out the same afternoon leaves with the next day."""
    store = open_store(f"sqlite:///{tmp_path}/fresh.db", create=True)
    arrive(store, PEOPLE)
    consent(store, PEOPLE)
    assert risk_moment(store, GATE.policy, now=NOW) is None
    for hours, risky in ((0, []), (1, PEOPLE[:1]), (3, PEOPLE[:2])):
        score(store, dict.fromkeys(PEOPLE, "A") | dict.fromkeys(risky, "D"), at=NOW + timedelta(hours=hours))
        assert left_out(store, at=timedelta(hours=hours)) == {}
    assert risk_moment(store, GATE.policy, now=NOW + DAY / 2) == NOW
    assert left_out(store, at=DAY) == {"grade": 2}
    store.close()


def test_a_scoring_that_midnight_interrupts_waits_for_the_next_one(store: GraphStore) -> None:
    """Begun ten minutes before the day, it is complete somewhere in it: who asks on both sides of that must not see it."""
    midnight = NOW - timedelta(hours=10)
    score(store, dict.fromkeys(PEOPLE, "A") | {PEOPLE[1]: "D"}, at=midnight - timedelta(minutes=10))
    assert left_out(store) == {}
    assert left_out(store, at=DAY) == {"grade": 1}


# --- chance --------------------------------------------------------------------------------------------------------


def test_chance_withholds_its_share_the_same_people_always_and_only_the_secret_tells_whom() -> None:
    ids = [f"node-{number}" for number in range(20_000)]
    out = held_out(GATE, ids)
    assert 0.045 < out.mean() < 0.055
    assert np.array_equal(out, held_out(GATE, ids))
    other = held_out(Gate(GATE.policy, b"another home"), ids)
    assert 0.001 < (out & other).mean() < 0.005  # as two independent draws agree
    today = withheld(GATE, ids, "sms", NOW.date())
    assert np.all(today[out])
    assert 0.095 < today.mean() < 0.12


def test_somebody_comes_and_goes_by_chance_every_day_so_that_a_change_proves_nothing() -> None:
    ids = [f"node-{number}" for number in range(20_000)]
    days = [withheld(GATE, ids, "sms", (NOW + DAY * number).date()) for number in range(40)]
    gone = [int((after & ~before).sum()) for before, after in pairwise(days)]
    assert min(gone) >= 5  # of 20,000, every day
    held = held_out(GATE, ids)
    assert all(np.all(day[held]) for day in days)


def test_who_is_missing_from_one_channel_alone_may_be_missing_by_chance() -> None:
    """Without that, the list for messages less the list for letters were those who refused letters or had too many, to the last person."""
    ids = [f"node-{number}" for number in range(20_000)]
    sms, email = (withheld(GATE, ids, channel, NOW.date()) for channel in ("sms", "email"))
    assert 0.02 < (sms & ~email).mean() < 0.035 and 0.02 < (email & ~sms).mean() < 0.035
    assert np.all((sms & email)[held_out(GATE, ids)])


# --- what is told --------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(EXCLUSIONS), st.integers(0, 500)))
def test_a_marketer_is_told_one_rounded_number_and_a_supervisor_everything(excluded: dict[str, int]) -> None:
    total = sum(excluded.values())
    seen, exact = told(MARKETER, excluded), told(SUPERVISOR, excluded)
    assert seen.steps is None
    assert seen.excluded is None if total < 10 else (seen.excluded % 5 == 0 and abs(seen.excluded - total) <= 2)
    assert exact.excluded == total == sum(number for _, number in exact.steps or ())
    assert [reason for reason, _ in exact.steps or ()] == list(EXCLUSIONS)


def test_a_marketer_can_not_tell_for_what_people_were_left_out() -> None:
    """Twelve without consent, or twelve of grade D: the same words."""
    assert len({told(MARKETER, {reason: number}) for reason in EXCLUSIONS for number in (10, 11, 12)}) == 1


# --- properties ----------------------------------------------------------------------------------------------------

FATES = st.fixed_dictionaries(
    {
        "consents": st.lists(
            st.tuples(st.integers(0, 90), st.booleans(), st.sampled_from(["sms", "call"])), max_size=4
        ),
        "contacts": st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["sms", "call", "push"])), max_size=6),
        "grade": st.sampled_from(["A", "B", "C", "D", None]),
        "ring": st.booleans(),
        "listed": st.none() | st.booleans(),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FATES, min_size=1, max_size=12), st.sampled_from(["sms", "call"]))
def test_no_unconsented_tired_or_suppressed_person_ever_passes(
    tmp_path_factory: pytest.TempPathFactory, fates: list[dict[str, object]], channel: str
) -> None:
    """Beside a rule that is written person by person, as a lawyer would."""
    people = [person(200 + number) for number in range(len(fates))]
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('gate')}/graph.db", create=True)
    arrive(store, people)
    scored_at = NOW - DAY
    facts = []
    for ref, fate in zip(people, fates, strict=True):
        for ago, granted, topic in fate["consents"]:  # type: ignore[attr-defined]
            facts.append(said(ref, "consent", "yes" if granted else "no", NOW - DAY * ago, topic=topic))
        for ago, topic in fate["contacts"]:  # type: ignore[attr-defined]
            facts.append(said(ref, "contact", "sent", NOW - DAY * ago, topic=topic))
        if fate["listed"] is not None:
            facts.append(said(ref, "blocklist", "listed", NOW - 5 * DAY))
            if not fate["listed"]:
                facts.append(said(ref, "blocklist", "removed", NOW - 4 * DAY))
    if len(facts) > 0:
        store.upsert(GraphBatch(facts=facts))
    grades = {ref: str(fate["grade"]) for ref, fate in zip(people, fates, strict=True) if fate["grade"] is not None}
    rings = {ref: "ring-1" for ref, fate in zip(people, fates, strict=True) if fate["ring"] and ref in grades}
    score(store, grades, rings=rings, at=scored_at)
    handles = np.array(handles_of(store, people), dtype=np.int64)
    found = pass_gate(store, PLAIN, handles, channel=channel, moment=NOW, risk=risk_moment(store, GATE.policy, now=NOW))
    allowed = {ref for ref, fate in zip(people, fates, strict=True) if may_be_contacted(fate, channel)}
    assert {node.ref for node in store.get_by_id(found.node_ids)} == allowed
    assert len(found.handles) + sum(found.excluded.values()) == len(people) == found.candidates
    store.close()


def may_be_contacted(fate: dict[str, object], channel: str) -> bool:
    consents: list[tuple[int, bool, str]] = [said for said in fate["consents"] if said[2] == channel]  # type: ignore[attr-defined]
    last = min((ago for ago, _, _ in consents), default=None)
    agreed = last is not None and all(granted for ago, granted, _ in consents if ago == last)
    sent: Counter[tuple[int, str]] = Counter(set(fate["contacts"]))  # type: ignore[call-overload]
    tired = any(
        sum(1 for ago, topic in sent if limit.channel in ("any", topic) and ago < limit.days) >= limit.most
        for limit in load_gate_policy().limits
        if limit.channel in ("any", channel)
    )
    risky = fate["grade"] not in ("A", "B") or bool(fate["ring"]) or bool(fate["listed"])
    return agreed and not tired and not risky


def test_a_policy_that_makes_no_sense_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    good = DEFAULT_POLICY.read_text(encoding="utf-8")
    for wrong, words in (
        (good.replace('channel = "any"', 'channel = "pigeon"'), "a limit names a channel"),
        (good.replace("holdout = 0.05", "holdout = 0"), "a holdout is"),
        (good.replace("valid_days = 7", "valid_days = 365"), "valid for 1 to 31 days"),
        (good.replace("most_days = 7", "most_days = 0"), "good for 1 to 92 days"),
        (good.replace("least_members = 20", ""), "'least_members' is missing"),
        ("version = ", "Invalid value"),
    ):
        file = tmp_path / f"gate-{abs(hash(wrong))}.toml"
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(InvalidRequest, match=words) as refused:
            load_gate_policy(file)
        assert refused.value.code == "gate.policy"

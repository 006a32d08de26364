"""Seed audiences: drawn from circles through the gate, frozen, handed out through it again; and what a marketer tries, to learn who is a risk."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import GraphBatch, NodeRef
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services import audience_records as records
from graph_model.services import audiences
from graph_model.services.audience_records import Audience, Recipe, Version
from graph_model.services.circle_lists import KeyOrder, circle_page
from graph_model.services.gate import told
from graph_model.services.gate_policy import Gate
from graph_model.services.referrals import circles_of
from graph_model.services.withheld import held_out, withheld
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import GATE, NOW, START, arrive, assess, consent, person, refer, said, score

MARKETER, SUPERVISOR = Principal("mia", Role.MARKETER), Principal("sun", Role.SUPERVISOR)
PLAIN = Gate(replace(GATE.policy, holdout=0.0, resting=0.0), GATE.secret)
DAY = timedelta(days=1)
FIRST, SECOND = [person(number) for number in range(60)], [person(number) for number in range(60, 120)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """Two advocates who each bring fifty-nine others; all agree to messages, all of grade A."""
    opened = filled(f"sqlite:///{tmp_path}/graph.db")
    yield opened
    opened.close()


def filled(url: str) -> GraphStore:
    opened = open_store(url, create=True)
    arrive(opened, [*FIRST, *SECOND])
    for circle in (FIRST, SECOND):
        refer(opened, [(circle[0], other) for other in circle[1:]])
    consent(opened, [*FIRST, *SECOND])
    score(opened, dict.fromkeys([*FIRST, *SECOND], "A"))
    return opened


def circle_ids(store: GraphStore, *, now: datetime = NOW) -> list[str]:
    """In the order of FIRST and SECOND."""
    circles = circles_of(store, GATE.secret, as_of=now)
    found = circle_page(circles, SUPERVISOR, GATE.policy, first=10).circles
    place = {circle.id: int(circles.people.handles[circles.members(circle.number)].min()) for circle in found}
    return sorted(place, key=lambda each: place[each])


def draw(
    store: GraphStore,
    *,
    name: str = "spring",
    gate: Gate = PLAIN,
    principal: Principal = MARKETER,
    recipe: Recipe | None = None,
    now: datetime = NOW,
    channel: str = "sms",
) -> tuple[Audience, Version]:
    circles = circles_of(store, GATE.secret, as_of=now)
    return audiences.create(
        store, gate, circles, principal,
        audiences.Draft(name, channel, "friends of friends", recipe or Recipe(tuple(circle_ids(store)))), now=now,
    )  # fmt: skip


def again(store: GraphStore, audience: Audience, *, now: datetime, gate: Gate = PLAIN) -> Version:
    return audiences.redraw(store, gate, circles_of(store, GATE.secret, as_of=now), MARKETER, audience.id, now=now)[1]


def members(
    store: GraphStore, audience: Audience, version: Version, *, now: datetime = NOW, gate: Gate = PLAIN
) -> set[NodeRef]:
    found = audiences.handed_out(store, gate, MARKETER, audience, version, now=now)
    return {node.ref for piece in found for node in store.get_by_id(piece)}


# --- an ordinary week ----------------------------------------------------------------------------------------------


def test_a_marketer_draws_a_circle_and_the_supervisor_sees_where_everybody_went(store: GraphStore) -> None:
    store.upsert(GraphBatch(facts=[said(ref, "consent", "no", START + DAY, topic="sms") for ref in FIRST[:11]]))
    score(store, dict.fromkeys([*FIRST, *SECOND], "B") | dict.fromkeys(FIRST[10:15], "D"), at=NOW - DAY / 2)
    audience, version = draw(store, gate=GATE)
    steps = dict(told(SUPERVISOR, version.excluded).steps or ())
    assert (version.candidates, steps["no_consent"], steps["grade"]) == (120, 11, 4)
    assert version.candidates == version.members + sum(steps.values())
    seen = told(MARKETER, version.excluded)
    assert seen.steps is None and seen.excluded is not None and seen.excluded % 5 == 0
    assert len(members(store, audience, version, gate=GATE)) == version.members
    assert not members(store, audience, version, gate=GATE) & set(FIRST[:15])


def test_versions_are_numbered_and_kept(store: GraphStore) -> None:
    audience, first = draw(store)
    second = again(store, audience, now=NOW + DAY)
    assert [each.number for each in audiences.versions(store, MARKETER, audience)] == [2, 1]
    assert (first.number, second.number) == (1, 2)
    assert audiences.listed(store, MARKETER, first=5) == [audience]
    assert audiences.version(store, MARKETER, audience, 1) == first
    with pytest.raises(NotFound):
        audiences.version(store, MARKETER, audience, 3)


def test_as_many_spreaders_as_were_asked_for_and_the_strongest_of_those_who_pass(store: GraphStore) -> None:
    friends = [person(number) for number in range(200, 260)]
    arrive(store, friends)
    refer(store, list(zip(SECOND, friends, strict=True)), at=START + 30 * DAY)  # each of SECOND brings one
    store.upsert(GraphBatch(facts=[said(ref, "consent", "no", START + DAY, topic="sms") for ref in SECOND[1:6]]))
    recipe = Recipe(spreaders=25, by=KeyOrder.REACH)
    audience, version = draw(store, recipe=recipe)
    assert version.members == 25
    found = members(store, audience, version)
    assert {SECOND[0], FIRST[0]} <= found <= {FIRST[0], *SECOND} and not found & set(SECOND[1:6])
    assert version.candidates == 25 + sum(version.excluded.values())
    everybody = draw(store, name="all", recipe=Recipe(spreaders=10_000))[1]
    assert everybody.members == 56  # FIRST[0] and SECOND without five


def test_a_page_walk_meets_every_member_once_in_an_order_that_says_nothing(store: GraphStore) -> None:
    audience, version = draw(store)
    met: list[str] = []
    after = ""
    while True:
        page = audiences.member_page(store, PLAIN, MARKETER, audience, version, first=7, after=after, now=NOW)
        met += page.node_ids
        assert page.total == version.members
        if not page.has_next:
            break
        after = page.node_ids[-1]
    assert met == sorted(met) and len(met) == len(set(met)) == version.members


def test_whoever_opts_out_after_the_draw_is_handed_out_no_more(store: GraphStore) -> None:
    audience, version = draw(store)
    assert FIRST[3] in members(store, audience, version)
    store.upsert(GraphBatch(facts=[said(FIRST[3], "consent", "no", NOW + DAY / 2, topic="sms")]))
    assert FIRST[3] not in members(store, audience, version, now=NOW + DAY)
    assert len(members(store, audience, version, now=NOW + DAY)) == version.members - 1


def test_a_version_is_handed_out_for_days_and_a_withdrawn_one_not_at_all(store: GraphStore) -> None:
    audience, version = draw(store)
    for code, moment in (("audience.expired", version.valid_until + DAY),):
        with pytest.raises(InvalidRequest) as refused:
            members(store, audience, version, now=moment)
        assert refused.value.code == code
    gone = audiences.withdraw(store, SUPERVISOR, audience, 1, reason="a farm was found in it", now=NOW)
    assert gone.withdrawn is not None and gone.withdrawn.by == "sun"
    for call in (
        lambda: members(store, audience, gone),
        lambda: audiences.withdraw(store, SUPERVISOR, audience, 1, reason="once more", now=NOW),
    ):
        with pytest.raises(InvalidRequest) as refused:
            call()
        assert refused.value.code == "audience.withdrawn"
    with pytest.raises(Forbidden):
        audiences.withdraw(store, MARKETER, audience, 1, reason="not theirs", now=NOW)
    assert again(store, audience, now=NOW + DAY).withdrawn is None


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("audience.name", {"name": " "}),
        ("audience.channel", {"channel": "pigeon"}),
        ("audience.recipe", {"recipe": Recipe()}),
        ("audience.recipe", {"recipe": Recipe(spreaders=0)}),
        ("audience.recipe", {"recipe": Recipe(("13800138000",))}),
        ("audience.recipe", {"recipe": Recipe(("circle-00ab12cd34ef5678 13800138000",))}),
        ("text.personal", {"name": "for 13800138000"}),
    ],
)
def test_what_makes_no_audience_is_refused(store: GraphStore, code: str, change: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        draw(store, **change)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert audiences.listed(store, MARKETER, first=5) == []


def test_a_name_is_taken_once_and_every_draw_is_in_the_audit_chain(store: GraphStore) -> None:
    audience, _ = draw(store)
    with pytest.raises(InvalidRequest) as refused:
        draw(store)
    assert refused.value.code == "audience.name"
    again(store, audience, now=NOW + DAY)
    lines = [entry for entry in store.audit() if entry.operation == "audience.draw"]
    assert [(line.actor, line.detail["version"]) for line in lines] == [("mia", 1), ("mia", 2)]


def test_of_two_who_draw_at_once_under_one_name_one_gets_it_and_nothing_of_the_other_stays(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = audiences._draw  # both passed the look at the list of names by now

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(audiences, "_draw", real)
        draw(store, principal=SUPERVISOR)
        return real(*args)

    monkeypatch.setattr(audiences, "_draw", overtaken)
    with pytest.raises(InvalidRequest) as refused:
        draw(store)
    assert refused.value.code == "audience.name"
    (audience,) = audiences.listed(store, MARKETER, first=5)
    (version,) = audiences.versions(store, MARKETER, audience)
    assert audience.created_by == "sun" and len(members(store, audience, version)) == version.members == 120
    assert [len(store.states(each)) for each in ("audience-version/", "audience-members/")] == [1, 1]
    assert [line.actor for line in store.audit() if line.operation == "audience.draw"] == ["sun"]


def test_two_draws_of_one_number_leave_the_members_of_one(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    audience, first = draw(store)
    real = records.versions

    def late(store: GraphStore, audience_id: str) -> list[Version]:
        """Another draws between the look at the last number and the write."""
        before = real(store, audience_id)
        monkeypatch.setattr(records, "versions", real)
        again(store, audience, now=NOW)
        return before

    monkeypatch.setattr(records, "versions", late)
    third = again(store, audience, now=NOW)
    assert [each.number for each in audiences.versions(store, MARKETER, audience)] == [3, 2, 1]
    assert members(store, audience, third) == members(store, audience, first)
    assert len(store.states("audience-members/")) == 3


def test_a_draw_that_was_killed_before_its_audience_was_there_keeps_no_name(
    store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(records, "_dump", broken(records._dump))
        with pytest.raises(KeyboardInterrupt):
            draw(store)
    assert audiences.listed(store, MARKETER, first=5) == []
    audience, version = draw(store)
    assert len(members(store, audience, version)) == version.members


def broken(real: Callable[[Mapping[str, object]], str]) -> Callable[[Mapping[str, object]], str]:
    """Writes versions; dies at the audience, whose name is taken then."""

    def dump(record: Mapping[str, object]) -> str:
        if "recipe" in record:
            raise KeyboardInterrupt
        return real(record)

    return dump


# --- what a marketer tries -----------------------------------------------------------------------------------------


def test_no_two_versions_tell_by_their_difference_who_became_a_risk(store: GraphStore) -> None:
    """Somebody is found out after the draw: pages and exports of the day are what they were, and from the next day both versions leave them out."""
    audience, version = draw(store)
    before = members(store, audience, version)
    store.upsert(GraphBatch(facts=[said(FIRST[5], "blocklist", "listed", NOW + DAY / 4)]))
    score(store, dict.fromkeys([*FIRST, *SECOND], "A") | {FIRST[4]: "D"}, at=NOW + DAY / 3)
    same_day = again(store, audience, now=NOW + DAY / 2)
    assert members(store, audience, version, now=NOW + DAY / 2) == before
    assert members(store, audience, same_day, now=NOW + DAY / 2) == before
    anew = again(store, audience, now=NOW + DAY)
    readings = [members(store, audience, each, now=NOW + DAY) for each in (version, same_day, anew)]
    assert readings == [before - {FIRST[4], FIRST[5]}] * 3


def test_asking_again_before_the_next_scoring_gives_the_same_people(store: GraphStore) -> None:
    """Marking somebody does not show by drawing before and after."""
    audience, version = draw(store)
    assess(store, {FIRST[4]: "D"}, at=NOW + DAY / 8, rings={})
    store.upsert(GraphBatch(facts=[said(FIRST[5], "blocklist", "listed", NOW + DAY / 8)]))
    later = again(store, audience, now=NOW + DAY / 4)
    assert (later.risk_at, later.excluded) == (version.risk_at, version.excluded)
    assert members(store, audience, later) == members(store, audience, version)


@pytest.mark.parametrize("why", ["consent", "grade", "contacts"])
def test_the_difference_of_two_audiences_names_no_reason(store: GraphStore, why: str) -> None:
    """One circle, then both: what the marketer reads of the second is the same, whatever keeps twelve people of it out."""
    out = SECOND[10:22]
    if why == "consent":
        store.upsert(GraphBatch(facts=[said(ref, "consent", "no", START + DAY, topic="sms") for ref in out]))
    elif why == "contacts":
        sent = [said(ref, "contact", "sent", NOW - DAY * (1 + n), topic="sms") for ref in out for n in range(2)]
        store.upsert(GraphBatch(facts=sent))
    else:
        score(store, dict.fromkeys([*FIRST, *SECOND], "A") | dict.fromkeys(out, "D"), at=NOW - DAY / 2)
    one, both = circle_ids(store)[:1], circle_ids(store)
    readings = []
    for name, chosen in (("one", one), ("both", both)):
        audience, version = draw(store, name=name, recipe=Recipe(tuple(chosen)))
        readings.append((told(MARKETER, version.excluded), version.members, members(store, audience, version)))
    (little, few, small), (much, many, large) = readings
    assert (little.excluded, few, much.excluded, many) == (None, 60, 10, 108)
    assert large - small == set(SECOND) - set(out)


def test_too_few_is_refused_in_the_same_words_whatever_the_reason(store: GraphStore) -> None:
    """A marketer who narrows an audience down to a few gets no audience, and no hint."""
    words = set()
    for number, why in enumerate(("consent", "grade")):
        kept = FIRST[:19] if why == "consent" else SECOND[:19]
        circle = circle_ids(store)[number]
        others = [ref for ref in (FIRST if why == "consent" else SECOND) if ref not in kept]
        if why == "consent":
            store.upsert(GraphBatch(facts=[said(ref, "consent", "no", START + DAY, topic="sms") for ref in others]))
        else:
            score(store, dict.fromkeys([*FIRST, *SECOND], "A") | dict.fromkeys(others, "D"), at=NOW - DAY / 2)
        with pytest.raises(InvalidRequest) as refused:
            draw(store, recipe=Recipe((circle,)))
        assert refused.value.code == "audience.too_small"
        words.add(refused.value.message)
        with pytest.raises(InvalidRequest, match=r"Left out: (no_consent|grade) 41\."):
            draw(store, recipe=Recipe((circle,)), principal=SUPERVISOR)
    assert len(words) == 1


def test_nothing_is_drawn_on_a_scoring_of_last_month(store: GraphStore) -> None:
    with pytest.raises(InvalidRequest, match="guanxi score") as refused:
        draw(store, now=NOW + 30 * DAY)
    assert refused.value.code == "audience.unscored"
    assert audiences.listed(store, MARKETER, first=5) == []


def test_a_circle_of_a_few_can_be_no_probe(store: GraphStore) -> None:
    """Adding a circle of two to an audience would show whether these two pass: to a marketer there is no such circle."""
    pair = [person(300), person(301)]
    arrive(store, pair)
    refer(store, [(pair[0], pair[1])])
    ids = circle_ids(store)
    assert len(ids) == 3
    with pytest.raises(NotFound):
        draw(store, recipe=Recipe(tuple(ids)))
    assert draw(store, recipe=Recipe(tuple(ids)), principal=SUPERVISOR)[1].candidates == 122


def test_who_is_withheld_is_withheld_everywhere_and_looks_like_any_other(store: GraphStore) -> None:
    ids = {node.ref: node.node_id for node in store.get_by_id(store.node_ids(store.scan_nodes("Customer").handles))}
    held = {ref for ref, out in zip(ids, held_out(GATE, list(ids.values())), strict=True) if out}
    consent(store, [*FIRST, *SECOND], "push")
    score(store, dict.fromkeys([*FIRST, *SECOND], "A"), at=NOW + 39 * DAY)
    found = [
        members(store, *draw(store, name=name, gate=GATE, channel=channel, now=now), now=now, gate=GATE)
        for name, channel, now in (("a", "sms", NOW), ("b", "push", NOW), ("c", "sms", NOW + 40 * DAY))
    ]
    assert all(not held & each for each in found)
    resting = {
        ref for ref, out in zip(ids, withheld(GATE, list(ids.values()), "sms", NOW.date()), strict=True) if out
    } - held
    assert not resting & found[0]


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.sampled_from(["opt out", "opt in", "contact", "grade", "list"]),
        st.integers(1, 90),  # hours after the draw
    ),
    max_size=25,
)


@settings(max_examples=12, deadline=None)
@given(EVENTS, st.integers(1, 6))
def test_no_export_ever_holds_who_opted_out_was_contacted_too_often_or_is_a_risk(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, str, int]], days: int
) -> None:
    store = filled(f"sqlite:///{tmp_path_factory.mktemp('audience')}/graph.db")
    risky = set(FIRST[50:])
    score(store, dict.fromkeys([*FIRST, *SECOND], "A") | dict.fromkeys(risky, "D"), at=NOW - DAY / 2)
    audience, version = draw(store, gate=GATE)
    drawn = members(store, audience, version, gate=GATE)
    asked = NOW + DAY * days
    facts = []
    for number, what, hours in events:
        ref, at = FIRST[number], NOW + timedelta(hours=hours)
        match what:
            case "opt out":
                facts.append(said(ref, "consent", "no", at, topic="sms"))
            case "opt in":
                facts.append(said(ref, "consent", "yes", at, topic="sms"))
            case "contact":
                facts.append(said(ref, "contact", "sent", at, topic="sms"))
            case "list":
                facts.append(said(ref, "blocklist", "listed", at))
    if len(facts) > 0:
        store.upsert(GraphBatch(facts=facts))
    graded = {FIRST[number]: "D" for number, what, _ in events if what == "grade"}
    scored_at = NOW + timedelta(hours=5)
    score(store, dict.fromkeys([*FIRST, *SECOND], "A") | dict.fromkeys(risky, "D") | graded, at=scored_at)
    found = members(store, audience, version, now=asked, gate=GATE)
    past = sorted((fact for fact in facts if fact.at <= asked), key=lambda fact: (fact.at, fact.value == "no"))
    consents = {fact.about: fact.value for fact in past if fact.kind == "consent"}
    sent = [fact.about for fact in past if fact.kind == "contact"]
    refused = {ref for ref, value in consents.items() if value == "no"}
    tired = {
        ref for ref in sent if len({fact.at for fact in past if fact.kind == "contact" and fact.about == ref}) >= 2
    }
    found_out = set(graded) | {fact.about for fact in facts if fact.kind == "blocklist" and fact.at <= scored_at}
    assert not found & (refused | tired | risky | found_out)
    assert found <= drawn
    resting = {
        node.ref
        for node, out in zip(
            store.get_by_id(store.node_ids(store.scan_nodes("Customer").handles)),
            withheld(
                GATE, store.node_ids(store.scan_nodes("Customer").handles), "sms", asked.astimezone(LOCAL_ZONE).date()
            ),
            strict=True,
        )
        if out
    }
    assert drawn - found <= refused | tired | resting | found_out  # and nothing else makes anybody leave
    store.close()

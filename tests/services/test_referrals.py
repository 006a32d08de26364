"""Referral circles: who brought whom, how deep and how far, what became of them, and who refers themselves."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.errors import Forbidden, InvalidRequest
from graph_model.principal import Principal, Right, Role
from graph_model.records import EdgeRecord, Grade, GraphBatch, NodeRecord, NodeRef
from graph_model.services.circle_lists import (
    Circle,
    CircleFilter,
    CircleOrder,
    KeyOrder,
    circle_graph,
    circle_page,
    key_members,
    levels,
    one_circle,
    place_of,
    quality,
    required,
)
from graph_model.services.referral_abuse import abuse_in
from graph_model.services.referrals import Circles, circle_id, circles_of, influence
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import GATE, NOW, START, arrive, person, refer, said, score

MARKETER, SUPERVISOR = Principal("mia", Role.MARKETER), Principal("sun", Role.SUPERVISOR)
POLICY = GATE.policy
DAY = timedelta(days=1)
LI, WANG, ZHAO, SUN, QIAN, WU = (person(number) for number in range(6))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    arrive(opened, [person(number) for number in range(60)])
    yield opened
    opened.close()


def by_key(store: GraphStore, circles: Circles) -> dict[str, int]:
    ids = store.node_ids(circles.people.handles.tolist())
    return {node.key: place for place, node in enumerate(store.get_by_id(ids))}


def only(circles: Circles, principal: Principal = SUPERVISOR) -> Circle:
    (found,) = circle_page(circles, principal, POLICY, first=10).circles
    return found


def test_an_advocate_who_brings_friends_who_bring_friends_is_one_circle(store: GraphStore) -> None:
    refer(store, [(LI, WANG), (LI, ZHAO), (WANG, SUN), (SUN, QIAN)])
    circles = circles_of(store, GATE.secret, as_of=NOW)
    circle = only(circles)
    assert (circle.size, circle.depth, circle.referrals, circle.brought) == (5, 3, 4, 4)
    place = by_key(store, circles)
    reach = {key: int(circles.people.reach[at]) for key, at in place.items()}
    assert (reach[LI.key], reach[WANG.key], reach[SUN.key], reach[QIAN.key]) == (4, 2, 1, 0)
    assert [level.people for level in levels(circles, SUPERVISOR, circle)] == [1, 2, 1, 1]
    strong = key_members(store, circles, SUPERVISOR, circle, by=KeyOrder.INFLUENCE, first=1)
    assert strong[0].node.key == LI.key
    best = key_members(store, circles, SUPERVISOR, circle, first=2)
    assert [member.node.key for member in best] == [LI.key, WANG.key]
    assert best[1].brought_by == best[0].node.node_id and best[0].brought_by is None


def test_everybody_counts_once_for_their_first_referrer(store: GraphStore) -> None:
    """Two advocates claim the same friend: the later one ties the circles together and brings in nobody."""
    refer(store, [(LI, WANG), (ZHAO, SUN)], at=START)
    refer(store, [(ZHAO, WANG)], at=START + 9 * DAY)
    circles = circles_of(store, GATE.secret, as_of=NOW)
    place = by_key(store, circles)
    assert only(circles).size == 4
    assert [int(circles.people.reach[place[ref.key]]) for ref in (LI, ZHAO)] == [1, 1]


def test_a_circle_keeps_its_id_while_it_grows_and_looks_back_as_it_was(store: GraphStore) -> None:
    refer(store, [(LI, WANG)])
    refer(store, [(WANG, ZHAO), (SUN, LI)], at=START + 30 * DAY)
    before, after = (circles_of(store, GATE.secret, as_of=moment) for moment in (START + DAY, NOW))
    assert (before.ids, before.size.tolist()) == (after.ids, [2])
    assert after.size.tolist() == [4]


def test_a_circles_id_leads_to_nobody_without_the_homes_secret(store: GraphStore) -> None:
    """A marketer who exported everybody's node ids names circles from them, in a home of their own: none is ours."""
    refer(store, [(LI, WANG), (ZHAO, SUN)])
    ids = store.node_ids(store.scan_nodes("Customer").handles.tolist())
    named = {circle_id(secret, node_id) for node_id in ids for secret in (b"", b"another home")}
    ours = circles_of(store, GATE.secret, as_of=NOW).ids
    assert len(set(ours)) == 2 and not named & set(ours)


def test_what_was_recorded_late_was_not_known_then(store: GraphStore) -> None:
    store.upsert(GraphBatch(edges=[EdgeRecord("REFERRED", LI, WANG, START, START, START + 50 * DAY, "app")]))
    assert len(circles_of(store, GATE.secret, as_of=START + DAY).ids) == 0
    assert len(circles_of(store, GATE.secret, as_of=NOW).ids) == 1


def test_conversion_counts_people_who_applied_after_they_were_brought_in(store: GraphStore) -> None:
    refer(store, [(LI, WANG), (LI, ZHAO), (LI, SUN), (LI, QIAN)], at=START + 10 * DAY)
    applied(store, LI, "X0", START + 20 * DAY, "approved", "drawn")  # who was first was not brought in
    applied(store, WANG, "X1", START + 20 * DAY, "approved", "drawn")
    applied(store, WANG, "X2", START + 30 * DAY, "approved")
    applied(store, ZHAO, "X3", START + 20 * DAY, "approved")
    applied(store, SUN, "X4", START + 20 * DAY)
    applied(store, QIAN, "X5", START + 5 * DAY, "approved", "drawn")  # before anybody referred them
    circle = only(circles_of(store, GATE.secret, as_of=NOW))
    assert (circle.brought, circle.applied, circle.approved, circle.drawn) == (4, 3, 2, 1)
    circles = circles_of(store, GATE.secret, as_of=NOW)
    first, second = levels(circles, SUPERVISOR, circle)
    assert (first.people, first.applied, first.drawn) == (1, 0, 0), "who was first was brought in by nobody"
    assert (second.people, second.applied, second.approved, second.drawn) == (4, 3, 2, 1)
    early = only(circles_of(store, GATE.secret, as_of=START + 15 * DAY))
    assert (early.brought, early.applied, early.approved, early.drawn) == (4, 0, 0, 0)


def applied(store: GraphStore, who: NodeRef, key: str, at: datetime, *statuses: str) -> None:
    about = NodeRef("Application", key)
    facts = [said(about, "status", status, at + DAY * place) for place, status in enumerate(statuses)]
    edge = EdgeRecord("APPLIED", who, about, at, at, at, "core")
    store.upsert(GraphBatch([NodeRecord(about, at, at, "core")], [edge], facts))


def test_people_who_refer_each_other_round_and_round_are_a_sign(store: GraphStore) -> None:
    refer(store, [(LI, WANG), (WANG, ZHAO), (ZHAO, LI), (ZHAO, SUN)])
    circles = circles_of(store, GATE.secret, as_of=NOW)
    circle = only(circles)
    told = quality(store, circles, SUPERVISOR, circle)
    assert (told.circular_referrals, told.self_referrals, circle.size, circle.brought) == (3, 0, 4, 3)
    assert int(circles.people.reach.max()) == 3  # who began brought the others


def test_a_referrer_with_the_device_of_who_they_refer_is_a_sign(store: GraphStore) -> None:
    device, phone = NodeRef("Device", "farm-0001"), NodeRef("Phone", "+8613900000001")
    uses = [EdgeRecord("USES_DEVICE", who, device, START, START, START, "app") for who in (LI, WANG)]
    uses += [EdgeRecord("USES_PHONE", who, phone, START, START, START, "app") for who in (LI, WANG, QIAN)]
    store.upsert(GraphBatch([NodeRecord(ref, START, START, "app") for ref in (device, phone)], uses))
    refer(store, [(LI, WANG), (LI, ZHAO), (ZHAO, QIAN)])
    circles = circles_of(store, GATE.secret, as_of=NOW)
    graph = circle_graph(store, circles, SUPERVISOR, only(circles))
    by_id = {member.node.node_id: member.node.ref for member in graph.members}
    shared = {(by_id[each.source], by_id[each.target]): each.shared for each in graph.referrals}
    assert shared == {(LI, WANG): {"Device": 1, "Phone": 1}, (LI, ZHAO): {}, (ZHAO, QIAN): {}}
    assert quality(store, circles, SUPERVISOR, only(circles)).self_referrals == 1


def test_who_is_risky_is_told_person_by_person_to_who_may_see_risk(store: GraphStore) -> None:
    refer(store, [(LI, WANG), (LI, ZHAO), (LI, SUN)])
    score(store, {LI: "D", ZHAO: "A"}, at=START + 20 * DAY)
    store.upsert(GraphBatch(facts=[said(SUN, "disposition", "confirmed_fraud", START + 30 * DAY)]))

    def told(moment: datetime, principal: Principal = SUPERVISOR) -> dict[NodeRef, tuple[Grade | None, bool | None]]:
        circles = circles_of(store, GATE.secret, as_of=moment)
        graph = circle_graph(store, circles, principal, only(circles))
        return {each.node.ref: (each.grade, each.confirmed_fraud) for each in graph.members}

    assert told(NOW) == {LI: (Grade.D, False), WANG: (None, False), ZHAO: (Grade.A, False), SUN: (None, True)}
    assert set(told(START + 25 * DAY).values()) == {(Grade.D, False), (Grade.A, False), (None, False)}
    blind = Principal("ben", Role.INVESTIGATOR, scopes=frozenset({Right.SEE_GRAPH}))
    assert set(told(NOW, blind).values()) == {(None, None)}


def test_a_referral_of_oneself_is_counted_and_ties_nobody(store: GraphStore) -> None:
    store.upsert(GraphBatch(edges=[EdgeRecord("REFERRED", LI, LI, START, START, START, "app")]))
    circles = circles_of(store, GATE.secret, as_of=NOW)
    assert (len(circles.ids), circles.people.to_self) == (0, 1)


def test_the_quality_of_those_brought_in_is_as_of_the_moment_and_for_who_may_see_risk(store: GraphStore) -> None:
    refer(store, [(LI, WANG), (LI, ZHAO), (LI, SUN)])
    score(store, {LI: "D", WANG: "D", ZHAO: "A"}, at=START + 20 * DAY)
    store.upsert(GraphBatch(facts=[said(SUN, "disposition", "confirmed_fraud", START + 30 * DAY)]))
    circles = circles_of(store, GATE.secret, as_of=NOW)
    told = quality(store, circles, SUPERVISOR, only(circles))
    assert dict(told.grades) == {Grade.A: 1, Grade.B: 0, Grade.C: 0, Grade.D: 1}
    assert (told.brought, told.unscored, told.confirmed_fraud) == (3, 1, 1)
    then = circles_of(store, GATE.secret, as_of=START + 10 * DAY)
    assert quality(store, then, SUPERVISOR, only(then)).unscored == 3


# --- what a marketer is told ---------------------------------------------------------------------------------------


def star(store: GraphStore, size: int, *, begin: int = 0) -> None:
    """Somebody who brings `size - 1` others."""
    refer(store, [(person(begin), person(begin + 1 + number)) for number in range(size - 1)])


def test_a_marketer_gets_rounded_numbers_no_small_circle_and_no_person(store: GraphStore) -> None:
    star(store, 28)
    star(store, 9, begin=30)
    circles = circles_of(store, GATE.secret, as_of=NOW)
    page = circle_page(circles, MARKETER, POLICY, first=10)
    (circle,) = page.circles
    assert (page.total, circle.size, circle.referrals, circle.brought) == (1, 30, 25, 25)
    assert (circle.applied, circle.approved, circle.drawn) == (None, None, None)
    assert [level.people for level in levels(circles, MARKETER, circle)] == [None, 25]
    small = next(each for each in circle_page(circles, SUPERVISOR, POLICY, first=10).circles if each.size == 9)
    assert one_circle(circles, MARKETER, POLICY, small.id) is None is one_circle(circles, MARKETER, POLICY, "circle-no")
    for refused in (
        lambda: quality(store, circles, MARKETER, circle),
        lambda: key_members(store, circles, MARKETER, circle),
        lambda: circle_graph(store, circles, MARKETER, circle),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_a_marketer_can_not_count_refusals(store: GraphStore) -> None:
    """Thirty apply and ten are refused: a marketer is told how many applied, and neither sees nor orders by what became of it."""
    star(store, 31)
    for number in range(1, 31):
        applied(store, person(number), f"X{number}", NOW - DAY, *(("approved",) if number > 10 else ("refused",)))
    circles = circles_of(store, GATE.secret, as_of=NOW)
    seen, exact = only(circles, MARKETER), only(circles)
    assert (seen.applied, seen.approved, seen.drawn) == (30, None, None)
    assert (exact.applied, exact.approved, exact.drawn) == (30, 20, 0)
    (_, brought) = levels(circles, MARKETER, seen)
    assert (brought.people, brought.applied, brought.approved, brought.drawn) == (30, 30, None, None)
    with pytest.raises(Forbidden):
        circle_page(circles, MARKETER, POLICY, first=10, order=CircleOrder.DRAWN)


def test_signs_of_abuse_are_for_who_may_see_risk(store: GraphStore) -> None:
    refer(store, [(LI, WANG), (WANG, LI)])
    circles = circles_of(store, GATE.secret, as_of=NOW)
    blind = Principal("ben", Role.INVESTIGATOR, scopes=frozenset({Right.SEE_GRAPH}))
    graph = circle_graph(store, circles, blind, only(circles))
    assert {(each.circular, each.shared) for each in graph.referrals} == {(None, None)}
    with pytest.raises(Forbidden):
        quality(store, circles, blind, only(circles))


@pytest.mark.parametrize(
    ("principal", "order"),
    [
        (who, order)
        for who in (MARKETER, SUPERVISOR)
        for order in CircleOrder
        if (who, order) != (MARKETER, CircleOrder.DRAWN)
    ],
)
def test_a_walk_over_pages_meets_every_circle_once_in_order(
    store: GraphStore, principal: Principal, order: CircleOrder
) -> None:
    for begin, size in ((0, 12), (12, 12), (24, 14), (38, 11)):
        star(store, size, begin=begin)
    circles = circles_of(store, GATE.secret, as_of=NOW)
    met: list[Circle] = []
    after = None
    while True:
        page = circle_page(circles, principal, POLICY, first=1, after=after, order=order)
        met += page.circles
        if not page.has_next:
            break
        after = place_of(page.circles[-1], order)
    assert [each.id for each in met] == [
        each.id for each in circle_page(circles, principal, POLICY, first=100, order=order).circles
    ]
    assert len({each.id for each in met}) == 4
    values = [place_of(each, order)[0] for each in met]
    assert values == sorted(values, reverse=True)


def test_a_list_leaves_out_what_is_less_and_tells_a_marketer_no_more_than_its_rows(store: GraphStore) -> None:
    """Circles of 28 and 32 are both about 30 to a marketer, whatever they ask the list for."""
    star(store, 28)
    star(store, 32, begin=28)
    applied(store, person(1), "X1", NOW - DAY)
    circles = circles_of(store, GATE.secret, as_of=NOW)

    def sizes(principal: Principal, least: CircleFilter) -> list[int]:
        return [each.size for each in circle_page(circles, principal, POLICY, first=10, least=least).circles]

    assert [sizes(SUPERVISOR, CircleFilter(size=size)) for size in (28, 29, 33)] == [[32, 28], [32], []]
    assert [sizes(MARKETER, CircleFilter(size=size)) for size in (28, 29, 30, 31)] == [[30, 30]] * 3 + [[]]
    assert sizes(SUPERVISOR, CircleFilter(depth=2)) == [] and len(sizes(SUPERVISOR, CircleFilter(depth=1))) == 2
    assert sizes(SUPERVISOR, CircleFilter(applied=1)) == [28] and sizes(MARKETER, CircleFilter(applied=1)) == []


def test_a_large_circle_is_drawn_from_its_beginning_and_says_what_it_left_out(store: GraphStore) -> None:
    star(store, 40)
    circles = circles_of(store, GATE.secret, as_of=NOW)
    graph = circle_graph(store, circles, SUPERVISOR, only(circles), limit=15)
    assert (len(graph.members), len(graph.referrals), graph.omitted) == (15, 14, 25)
    assert graph.members[0].depth == 0 and graph.members[0].reach == 39
    for limit in (0, 1_001):
        with pytest.raises(InvalidRequest):
            circle_graph(store, circles, SUPERVISOR, only(circles), limit=limit)
    with pytest.raises(InvalidRequest):
        key_members(store, circles, SUPERVISOR, only(circles), first=0)
    assert required(only(circles)).size == 40


# --- beside slow and simple ways -----------------------------------------------------------------------------------

PAIRS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30, unique=True)


@settings(max_examples=40, deadline=None)
@given(PAIRS)
def test_circles_depth_reach_and_rounds_are_those_of_a_walk_person_by_person(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, int]]
) -> None:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('circles')}/graph.db", create=True)
    people = [person(number) for number in range(12)]
    arrive(store, people)
    refer(store, [(people[a], people[b]) for a, b in pairs])
    circles = circles_of(store, GATE.secret, as_of=NOW)
    place = {ref: by_key(store, circles)[ref.key] for a, b in pairs if a != b for ref in (people[a], people[b])}
    real = [(people[a], people[b]) for a, b in pairs if a != b]

    whole = nx.Graph(real)
    assert sorted(circles.size.tolist()) == sorted(len(part) for part in nx.connected_components(whole))
    parent = walked(real)
    found = circles.people
    for ref, at in place.items():
        assert found.parent[at] == (place[parent[ref]] if ref in parent else -1)
        assert found.depth[at] == len(chain(parent, ref))
        assert found.reach[at] == sum(1 for other in place if ref in chain(parent, other))
    ways = nx.DiGraph(real)
    rounds = [part for part in nx.strongly_connected_components(ways) if len(part) > 1]
    told = abuse_in(store, circles, np.arange(len(found.handles)))
    back = {at: ref for ref, at in place.items()}
    for row, is_round in zip(told.referrals.tolist(), told.circular.tolist(), strict=True):
        start, end = back[int(found.referrer[row])], back[int(found.referred[row])]
        assert is_round == any(start in part and end in part for part in rounds)
    if len(real) > 0:
        assert circles.influence.sum() == pytest.approx(1.0)
    store.close()


def walked(pairs: Sequence[tuple[NodeRef, NodeRef]]) -> dict[NodeRef, NodeRef]:
    """Each person's first referrer, pair by pair; of people who go round, who was referred last of them has none."""
    parent: dict[NodeRef, NodeRef] = {}
    for referrer, referred in pairs:
        parent.setdefault(referred, referrer)
    when = {referred: place for place, (_, referred) in reversed(list(enumerate(pairs)))}
    for start in list(parent):
        seen, here = [start], start
        while here in parent and parent[here] not in seen:
            here = parent[here]
            seen.append(here)
        if here in parent:
            del parent[max(seen[seen.index(parent[here]) :], key=lambda ref: when[ref])]
    return parent


def chain(parent: dict[NodeRef, NodeRef], ref: NodeRef) -> list[NodeRef]:
    found: list[NodeRef] = []
    while ref in parent:
        ref = parent[ref]
        found.append(ref)
    return found


def test_influence_is_personalised_pagerank() -> None:
    parent = np.array([-1, 0, 0, 1, 3, -1, 5])
    interest = np.array([0.0, 0, 1, 0, 2, 0, 1])
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(parent)))
    graph.add_edges_from((child, int(to)) for child, to in enumerate(parent) if to >= 0)
    start = dict(enumerate(interest / interest.sum()))
    theirs = nx.pagerank(graph, alpha=0.85, personalization=start, dangling=start, tol=1e-12, max_iter=500)
    assert influence(parent, interest) == pytest.approx([theirs[place] for place in range(len(parent))], abs=1e-6)

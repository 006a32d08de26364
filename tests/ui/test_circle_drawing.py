"""A referral circle drawn: everybody once, nobody on anybody, children after their parents; signs of abuse in words."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from investigator_ui import palette
from investigator_ui.contract import Grade
from investigator_ui.marketing.circle_contract import CircleGraph, Member, Person, Referral, Shared
from investigator_ui.marketing.circle_drawing import elements, in_order, places, signs_of, stylesheet

AT = datetime(2026, 1, 1, tzinfo=UTC)


def circle(parents: list[int | None]) -> list[Member]:
    """Person 0, 1, …, each brought in by an earlier one, or by nobody."""
    depth: list[int] = []
    reach = [0] * len(parents)
    for parent in parents:
        depth.append(0 if parent is None else depth[parent] + 1)
    for child in reversed(range(len(parents))):
        if (parent := parents[child]) is not None:
            reach[parent] += reach[child] + 1
    return [
        Member(
            node=Person(f"n{place}", f"王*{place}"),
            depth=depth[place],
            reach=reach[place],
            direct=parents.count(place),
            influence=0.0,
            brought_by=None if parent is None else f"n{parent}",
        )
        for place, parent in enumerate(parents)
    ]


@st.composite
def circles(draw: st.DrawFn) -> list[Member]:
    size = draw(st.integers(1, 60))
    parents: list[int | None] = [None]
    parents += [draw(st.one_of(st.integers(0, place - 1), st.none() if place < 4 else st.integers(0, 2)))
                for place in range(1, size)]  # fmt: skip
    return circle(parents)


@given(circles())
def test_everybody_is_placed_once_and_apart_from_everybody_else(members: list[Member]) -> None:
    at = places(members)
    assert set(at) == {member.node.id for member in members}
    spots = sorted(at.values())
    assert all(math.dist(a, b) > 1 for a, b in pairwise(spots))


@given(circles())
def test_a_tree_is_read_from_who_was_first_to_whom_they_brought(members: list[Member]) -> None:
    ordered = in_order(members)
    place = {member.node.id: at for at, member in enumerate(ordered)}
    assert len(place) == len(members)
    assert all(place[each.brought_by] < place[each.node.id] for each in members if each.brought_by is not None)


def test_who_was_first_is_in_the_middle_and_each_ring_is_further_out() -> None:
    at = places(circle([None, 0, 0, 1, 3]))
    far = [math.hypot(*at[f"n{place}"]) for place in (0, 1, 3, 4)]
    assert far[0] == 0 and far == sorted(far)


def test_a_star_of_hundreds_stays_as_small_as_its_lanes_allow() -> None:
    at = places(circle([None, *[0] * 299]))
    assert max(math.hypot(*spot) for spot in at.values()) < 900


def test_who_is_risky_is_marked_and_who_is_not_stays_as_calm_as_before() -> None:
    first, second, third = circle([None, 0, 0])
    marked = [replace(first, grade=Grade.D), replace(second, grade=Grade.A, confirmed_fraud=True), third]
    own = Referral("n0", "n2", AT, first=True, circular=False, shared=(Shared("Phone", 1),))
    marks = {
        each["data"]["id"]: tuple(each["data"][name] for name in ("grade", "fraud", "abuse"))
        for each in elements(CircleGraph(tuple(marked), (own,), 0))
        if "source" not in each["data"]
    }
    assert marks == {"n0": ("D", 0, 1), "n1": ("", 1, 0), "n2": ("", 0, 0)}
    rules = {rule["selector"]: rule["style"] for rule in stylesheet({"C": "#b45309", "D": "#c62828"})}
    assert rules['node[grade = "D"]']["background-color"] == palette.fill("#c62828", "D")
    assert ">D<" in unquote(rules['node[grade = "D"]']["background-image"])
    assert {'node[grade = "C"]', "node[fraud = 1]", "node[abuse = 1]"} <= set(rules)
    assert 'node[grade = "A"]' not in rules


def test_signs_of_abuse_have_a_line_and_words_of_their_own() -> None:
    members = tuple(circle([None, 0, 0]))
    shared = Referral("n0", "n2", AT, first=True, circular=False, shared=(Shared("Phone", 1), Shared("Device", 2)))
    referrals = (
        Referral("n0", "n1", AT, first=True, circular=True, shared=()),
        Referral("n1", "n0", AT, first=False, circular=True, shared=()),
        shared,
        Referral("n1", "n2", AT, first=False, circular=False, shared=()),
    )
    drawn = elements(CircleGraph(members, referrals, 0))
    assert [each["data"]["kind"] for each in drawn if "source" in each["data"]] == ["round", "round", "own", "later"]
    assert signs_of(shared, {"Phone": "Phone", "Device": "Device"}, "en") == [("warn", "Both use Phone ×1, Device ×2")]
    assert signs_of(referrals[3], {}, "zh") == []

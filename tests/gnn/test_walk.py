"""Features: what a customer's surroundings say as of a moment, told as small stories."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.features.build import (
    FeatureConfig,
    FeatureTable,
    describe,
    mark_of,
    own_uses,
    people_of,
    ring_view,
    vocabulary_of,
    walker_of,
)
from gnn.features.layout import WALK_COLUMNS
from gnn.features.questions import QuestionSet, at_application, at_present, latest_rows
from gnn.rings.detect import RingConfig
from tests.gnn.graphs import Applied, Story, Use, day


def table_of(story: Story, *, at: float | None = None, customer: int = 0) -> FeatureTable:
    """Features of each application as it was made; with `at`, of one customer's first application then."""
    arrays = story.arrays()
    asked = at_application(arrays)
    if at is not None:
        mine = np.flatnonzero(arrays.applications.customer == customer)[:1].astype(np.int32)
        asked = QuestionSet(arrays.applications.customer[mine], mine, np.array([day(at)], dtype=np.int64))
    return describe(arrays, asked, vocabulary_of(arrays, asked), config=FeatureConfig())


def first(table: FeatureTable, name: str) -> float:
    return float(table.column(name)[0])


DEVICE_FARM = Story(
    4,
    [Use(0, 0, since=100), Use(1, 0, since=97), Use(2, 0, since=80), Use(3, 0, since=40), Use(0, 1, "uses_phone", 0)],
    [
        Applied(0, 100),
        Applied(1, 97, refused=98),
        Applied(2, 80, refused=81, fraud_known=99),
        Applied(3, 40, fraud_known=120, good_known=None),
    ],
)


def test_a_device_farm_is_counted_as_it_was_on_the_day_of_the_application():
    table = table_of(DEVICE_FARM)
    assert first(table, "uses_device_others") == 3
    assert first(table, "uses_device_refused") == 2
    assert first(table, "uses_device_fraud") == 1  # the other fraud was confirmed twenty days later
    assert first(table, "uses_device_recent_7d") == 1
    assert first(table, "uses_device_recent_30d") == 2
    assert first(table, "uses_device_gap_days") == 3
    assert first(table, "uses_phone_others") == 0
    assert math.isnan(first(table, "uses_phone_gap_days"))


def test_at_a_later_review_the_same_application_shows_what_came_to_be_known():
    table = table_of(DEVICE_FARM, at=130)
    assert first(table, "uses_device_fraud") == 2
    assert first(table, "uses_device_recent_30d") == 0
    assert first(table, "application_age_days") == 30


def test_who_applied_after_is_not_seen():
    table = table_of(DEVICE_FARM)
    by_customer = table.column("uses_device_others").tolist()
    assert by_customer == [3, 2, 1, 0]


def test_a_family_is_no_stranger_but_a_shared_device_alone_makes_one():
    story = Story(
        3,
        [
            Use(0, 0),
            Use(1, 0),
            Use(2, 0),
            Use(0, 1, "has_address_home"),
            Use(1, 1, "has_address_home"),
        ],
        [Applied(0, 50), Applied(1, 10), Applied(2, 49)],
    )
    table = table_of(story)
    assert first(table, "near") == 2
    assert first(table, "strangers") == 1
    assert first(table, "near_several") == 1
    assert first(table, "strangers_applied_30d") == 1


def test_the_same_product_is_one_that_both_are_known_to_have_asked_for():
    story = Story(
        4,
        [Use(customer, 0) for customer in range(4)],
        [Applied(0, 50, product=None), Applied(1, 10, product=None), Applied(2, 20), Applied(3, 51, channel=None)],
    )
    table = table_of(story)
    of = dict(zip(("first", "second", "third", "last"), table.column("near_same_product").tolist(), strict=True))
    assert of == {"first": 0, "second": 0, "third": 0, "last": 1}
    assert table.column("near_same_channel").tolist() == [2, 0, 1, 0]


def test_fraud_two_steps_away_is_far_fraud_and_weighs_by_strength():
    story = Story(
        3,
        [Use(0, 0), Use(1, 0), Use(1, 1), Use(2, 1)],
        [Applied(0, 50), Applied(1, 10), Applied(2, 11, fraud_known=40)],
    )
    table = table_of(story)
    assert first(table, "near_fraud") == 0
    assert first(table, "far") == 1
    assert first(table, "far_fraud") == 1
    assert first(table, "far_fraud_share") == 1.0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_whoever_is_renumbered_so_that_memory_is_near_has_the_same_features_to_the_last_bit(seed):
    chance = np.random.default_rng(seed)
    channels = ("uses_device", "uses_phone", "has_address_home", "has_address_delivery", "uses_ip")
    people, things = 60, 70  # of which each third is somebody's alone, and the first is everybody's
    uses = [Use(c, 0, "uses_ip", chance.uniform(0, 300)) for c in range(people)]
    for _ in range(260):
        thing = int(min(chance.integers(1, things), chance.integers(1, things)))
        uses.append(Use(int(chance.integers(people)), thing, channels[thing % 4], chance.uniform(0, 300)))
    applied = [
        Applied(
            int(chance.integers(people)),
            chance.uniform(0, 300),
            float(chance.integers(1, 50) * 1_000),
            fraud_known=chance.uniform(0, 350) if chance.random() < 0.3 else None,
            refused=chance.uniform(0, 350) if chance.random() < 0.3 else None,
        )
        for _ in range(90)
    ]
    arrays = Story(people, uses, applied, until=350).arrays()
    config = FeatureConfig(RingConfig(hub_cap=20))
    for asked in (at_application(arrays), at_present(arrays)):
        words = vocabulary_of(arrays, asked)
        told = describe(arrays, asked, words, config=config)
        plain = walker_of(arrays, asked, words, hub_cap=20)
        for row, moment in enumerate(asked.moment.tolist()):
            view = ring_view(arrays, people_of(arrays), mark_of(moment), config.rings)
            one = plain(np.array([row]), own_uses(arrays), arrays.incidence, view)
            assert np.array_equal(told.values[[row], -len(WALK_COLUMNS) :], one, equal_nan=True)


def test_a_hub_is_counted_but_ties_nobody():
    story = Story(120, [Use(c, 0, "uses_ip", since=c / 10) for c in range(120)], [Applied(119, 200)])
    arrays = story.arrays()
    asked = at_application(arrays)
    table = describe(arrays, asked, vocabulary_of(arrays, asked), config=FeatureConfig(RingConfig(hub_cap=50)))
    assert first(table, "uses_ip_others") == 119
    assert first(table, "near") == 0


def test_a_persons_own_confirmed_fraud_is_never_a_feature_of_that_application():
    story = Story(2, [Use(0, 0), Use(1, 0)], [Applied(0, 10, fraud_known=30), Applied(1, 5)])
    at_review = table_of(story, at=60)
    assert first(at_review, "own_fraud") == 0
    assert first(at_review, "near_fraud") == 0


def test_an_earlier_application_of_ones_own_is_history():
    story = Story(1, [], [Applied(0, 100, amount=20_000), Applied(0, 90, amount=10_000, refused=91, good_known=None)])
    table = table_of(story)
    assert first(table, "own_applications") == 1
    assert first(table, "own_refused") == 1
    assert first(table, "own_gap_days") == 10
    assert first(table, "own_amount_step") == pytest.approx(math.log(2), abs=1e-5)
    assert float(table.column("own_applications")[1]) == 0


def test_a_new_handset_and_account_at_an_application_are_changes():
    uses = [
        Use(0, 0, "uses_device", 10),
        Use(0, 1, "has_account_pay_out", 10),
        Use(0, 2, "uses_device", 50),
        Use(0, 3, "has_account_pay_out", 50),
    ]
    table = table_of(Story(1, uses, [Applied(0, 50), Applied(0, 10)]))
    assert table.column("changed").tolist() == [2, 0]


def test_the_ring_is_the_one_of_the_last_snapshot_and_the_customers_own_part_is_taken_out():
    uses = [Use(c, 0, since=c) for c in range(6)] + [Use(c, 1, "has_account_pay_out", since=c) for c in range(6)]
    applied = [Applied(0, 200), *(Applied(c, c + 1, fraud_known=20 if c in (1, 2) else None) for c in range(1, 6))]
    table = table_of(Story(6, uses, applied))
    assert first(table, "ring_size") == 5
    assert first(table, "ring_fraud") == 2
    assert first(table, "ring_fraud_share") == pytest.approx(0.4)
    assert first(table, "ring_pull") == 1


def test_customers_are_asked_about_by_their_latest_application_or_without_one():
    arrays = Story(3, [], [Applied(1, 5), Applied(1, 9), Applied(0, 7)]).arrays()
    asked = at_present(arrays)
    assert asked.application[latest_rows(arrays, asked)].tolist() == [2, 1, -1]


@settings(max_examples=40, deadline=None)
@given(
    uses=st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(0, 90)), max_size=30, unique_by=lambda use: use[:2]
    ),
    frauds=st.lists(st.integers(0, 100), min_size=7, max_size=7),
    now=st.integers(1, 100),
)
def test_counts_are_what_looking_through_everything_by_hand_gives(
    uses: list[tuple[int, int, int]], frauds: list[int], now: int
):
    story = Story(
        7,
        [Use(c, i, since=t) for c, i, t in uses],
        [Applied(c, now if c == 0 else 0, fraud_known=frauds[c]) for c in range(7)],
    )
    table = table_of(story, at=now)
    mine = {i for c, i, t in uses if c == 0 and t <= now}
    others = {c for c, i, t in uses if i in mine and c != 0 and t < now}
    further = {c for c, i, t in uses if t < now and i in {j for d, j, s in uses if d in others and s < now}}
    assert first(table, "uses_device_own") == len(mine)
    assert first(table, "near") == first(table, "uses_device_others") == len(others)
    assert first(table, "near_fraud") == sum(frauds[c] <= now for c in others)
    assert first(table, "far") == len(further - others - {0})
    users = {i: {c for c, j, t in uses if j == i and t < now} for i in range(5)}
    tied = {k: sum(1 / len(users[i] - {0}) for i in mine if k in users[i]) for k in others}
    steps = [(k, i, c) for k in others for i in users if k in users[i] for c in users[i] - {k, 0}]
    weights = {step: tied[step[0]] / (len(users[step[1]]) - 1) for step in steps if step[2] not in others}
    if len(others) > 0:
        assert first(table, "near_closure") == pytest.approx(sum(c in others for _, _, c in steps) / len(others))
    if len(weights) > 0:
        known = sum(weight for (_, _, c), weight in weights.items() if frauds[c] <= now)
        assert first(table, "far_fraud_share") == pytest.approx(known / sum(weights.values()), rel=1e-5)

"""Reasons, grades and identifier scores: what is told beside a score."""

import re
from pathlib import Path

import numpy as np
import pytest

from gnn.explain import explain, uncovered
from gnn.features.build import FeatureTable, column_names
from gnn.policy import load_policy
from gnn.reasons import MAX_REASONS, reason_kinds, render
from gnn.rules import Rules
from gnn.summary import holding_ring, identifier_scores
from graph_model.errors import InvalidRequest, UnknownName
from graph_model.records import Grade, Reason
from tests.gnn.graphs import Story, Use

NAMES, CODED, TABULAR = column_names()


def table_with(**values: float) -> FeatureTable:
    row = np.zeros((1, len(NAMES)), dtype=np.float32)
    for name, value in values.items():
        row[0, NAMES.index(name)] = value
    return FeatureTable(NAMES, CODED, TABULAR, row)


def added(**values: float) -> np.ndarray:
    contributions = np.zeros((1, len(NAMES) + 1))
    for name, value in values.items():
        contributions[0, NAMES.index(name)] = value
    return contributions


def test_a_shared_device_is_told_in_both_languages_with_its_numbers():
    table = table_with(uses_device_others=6, uses_device_refused=4, uses_device_fraud=1, uses_device_recent_30d=2)
    (reasons,) = explain(table, added(uses_device_others=0.7, uses_device_refused=0.1))
    assert [r.code for r in reasons] == ["SHARED_DEVICE"]
    assert reasons[0].weight == 1.0
    assert render(reasons[0], "en") == (
        "Shares a device with 6 other customers: 4 refused, 1 confirmed fraud, 2 new within 30 days"
    )
    assert (
        render(reasons[0], "zh-CN")
        == "与 6 名其他客户共用设备，其中 4 名曾被拒绝，1 名已确认欺诈，2 名在近 30 天内出现"
    )


def test_what_speaks_for_a_customer_is_no_reason_and_neither_is_a_sentence_about_nobody():
    table = table_with(uses_phone_others=3, near=2)
    (reasons,) = explain(table, added(uses_phone_others=-0.5, near_several=0.4, ring_size=0.9))
    assert [r.code for r in reasons] == ["CLOSE_TIES"]


def test_a_table_without_the_features_of_a_reason_is_not_explained_by_those_of_another():
    kind = next(kind for kind in reason_kinds().values() if kind.covers("uses_device_others"))
    names = tuple(name for name in NAMES if not kind.covers(name))
    table = FeatureTable(names, (), (), np.zeros((1, len(names)), dtype=np.float32))
    with pytest.raises(ValueError, match="SHARED_DEVICE"):
        explain(table, np.zeros((1, len(names) + 1)))


def test_there_are_at_most_five_reasons_the_weightiest_first():
    counts = {
        f"{n}_others": 2.0 for n in ("uses_phone", "uses_device", "works_at", "uses_ip", "has_email", "has_social")
    }
    shares = {name: 0.1 + 0.1 * k for k, name in enumerate(counts)}
    (reasons,) = explain(table_with(**counts), added(**shares))
    assert [r.code for r in reasons] == [
        "SHARED_SOCIAL_ACCOUNT",
        "SHARED_EMAIL",
        "SHARED_IP",
        "SHARED_EMPLOYER",
        "SHARED_DEVICE",
    ]
    assert len(reasons) == MAX_REASONS
    assert sum(r.weight for r in reasons) < 1


def test_every_feature_belongs_to_one_reason_and_every_reason_reads_features_there_are():
    assert uncovered(NAMES) == []
    assert all(any(kind.covers(name) for name in NAMES) for kind in reason_kinds().values())
    for name in NAMES:
        assert len([k for k in reason_kinds().values() if k.covers(name)]) == 1, name
    for kind in reason_kinds().values():
        assert {kind.needs, *kind.values.values()} <= set(NAMES)


@pytest.mark.parametrize("code", reason_kinds())
def test_every_reason_can_be_read_in_both_languages(code: str):
    values = dict.fromkeys(reason_kinds()[code].values, 3)
    for language in ("zh-CN", "en"):
        sentence = render(Reason(code, 0.5, values), language)
        assert "3" in sentence
        assert "{" not in sentence
    assert re.search("[\u4e00-\u9fff]", render(Reason(code, 0.5, values), "zh-CN"))
    assert "?" in render(Reason(code, 0.5, {}), "en")


def test_a_reason_of_another_version_is_an_error_that_names_the_list():
    with pytest.raises(UnknownName, match="SHARED_DEVICE"):
        render(Reason("SHARED_DREAM", 1.0), "en")


def test_the_documented_list_is_the_one_that_is_used():
    text = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text("utf-8")
    (section,) = (part for part in text.split("\n## ") if part.startswith("Reasons\n"))
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)) == set(reason_kinds())


def test_grades_rise_with_the_score_and_thresholds_belong_to_the_worse_grade():
    policy = load_policy()
    low, middle, high = policy.thresholds
    assert [policy.grade(s) for s in (0, low - 1e-9, low, middle, high, 1)] == list("AABCDD")
    assert policy.grade(policy.confirmed) is Grade.D


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = 1",
        'version = "x"\n[grades]\nB = 0.5\nC = 0.4\nD = 0.6\n[confirmed]\nscore = 0.9\n[rings]\nmembers = 3\nshare = 0.2',
        'version = ""\n[grades]\nB = 0.1\nC = 0.4\nD = 0.6\n[confirmed]\nscore = 0.9\n[rings]\nmembers = 3\nshare = 0.2',
        "no toml",
    ],
)
def test_a_policy_that_is_none_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidRequest, match="grade policy"):
        load_policy(path)


def test_a_fraudsters_device_is_nearly_as_bad_as_its_users_and_public_wifi_is_not():
    farm = [Use(c, 0) for c in range(9)]
    wifi = [Use(c, 1, "uses_ip") for c in range(9, 200)] + [Use(0, 1, "uses_ip")]
    links = Story(200, [*farm, *wifi, Use(0, 2)]).arrays().incidence
    scores = np.where(np.arange(200) < 9, 0.9, 0.01)
    device, ip, own = identifier_scores(links, scores)
    assert device > 0.8
    assert ip < 0.03
    assert own < 0.5


def test_an_identifier_holds_a_ring_together_when_most_of_its_users_are_in_it():
    links = Story(5, [Use(0, 0), Use(1, 0), Use(2, 0), Use(0, 1), Use(3, 1), Use(0, 2)]).arrays().incidence
    ring = np.array([4, 4, -1, -1, -1], dtype=np.int32)
    assert holding_ring(links, ring, hub_cap=50).tolist() == [4, -1, -1]


def test_rules_know_nothing_of_an_unconnected_customer_and_alarm_about_fraud_around():
    quiet = table_with()
    loud = table_with(near_fraud=3, strangers=5, strangers_strength=5, strangers_fraud=3)
    assert Rules().probability(quiet)[0] < load_policy().thresholds[0]
    assert Rules().probability(loud)[0] > load_policy().thresholds[1]
    (reasons,) = explain(loud, Rules().contributions(loud))
    assert [r.code for r in reasons][:2] == ["STRANGERS", "NEAR_FRAUD"]

"""Difficulty floors: no short cut finds the fraud, and yet the graph does. Asserted on the files of 20,000 customers."""

import numpy as np
import polars as pl
import pytest

from tests.portfolio import measures
from tests.portfolio.measures import Files

STRONGEST_ALLOWED = 0.75


@pytest.fixture(scope="session")
def table(large: Files) -> pl.DataFrame:
    return measures.with_labels(large, measures.coded_categories(measures.facts(large)))


def found(large: Files, group_of: dict[str, int]) -> float:
    best = measures.recall(measures.ring_members(large), group_of)
    return float(np.mean([jaccard >= 0.5 for jaccard in best.values()]))


def test_no_single_column_gives_fraud_away(table: pl.DataFrame) -> None:
    strengths = measures.column_strengths(table)
    assert {name: auc for name, auc in strengths.items() if auc > STRONGEST_ALLOWED} == {}
    assert max(strengths.values()) > 0.54  # and yet they tell a little


def test_no_single_degree_gives_fraud_away(large: Files) -> None:
    strengths = measures.degree_strengths(large)
    assert len(strengths) > 25
    assert {name: auc for name, auc in strengths.items() if auc > STRONGEST_ALLOWED} == {}


def test_columns_alone_reach_at_most_three_times_the_base_rate(table: pl.DataFrame) -> None:
    reached, base = measures.average_precision(table, measures.TABULAR)
    assert 0.02 < base < 0.05
    assert 1.0 * base < reached <= 3.0 * base


@pytest.mark.parametrize("most", [None, measures.HUB])
def test_most_who_share_a_device_or_an_address_are_honest(large: Files, most: int | None) -> None:
    """Without hubs too: it is not the shop's tablet alone that makes sharing innocent."""
    assert measures.honest_pairs(large, ("device", "address"), most) >= 0.80
    assert measures.honest_pairs(large, ("device",), most) >= 0.80
    assert measures.honest_pairs(large, ("address",), most) >= 0.80


@pytest.mark.parametrize("most", [None, measures.HUB, 10])
def test_components_find_less_than_half_of_the_rings(large: Files, most: int | None) -> None:
    assert found(large, measures.components(large, most)) < 0.5


def test_a_tenth_of_the_fraud_is_never_labelled(large: Files) -> None:
    fraud = large.true_applications.filter(pl.col("is_fraud") == "1")
    never = fraud.filter(pl.col("never_labelled") == "1")
    assert 0.08 <= never.height / fraud.height <= 0.12
    assert never.filter(pl.col("eventual_label").is_in(("confirmed_fraud", "early_default"))).height == 0
    assert (
        fraud.filter(pl.col("never_labelled") == "0")["eventual_label"]
        .is_in(("confirmed_fraud", "early_default"))
        .all()
    )
    told = set(large.labels.filter(pl.col("label").is_in(("confirmed_fraud", "early_default")))["application_id"])
    assert not told & set(never["application_id"])


def test_what_customers_share_at_least_doubles_the_precision(large: Files, table: pl.DataFrame) -> None:
    tabular, _ = measures.average_precision(table, measures.TABULAR)
    wider, sharing = measures.with_sharing(large, table)
    reached, _ = measures.average_precision(wider, [*measures.TABULAR, *sharing])
    assert reached >= 2.0 * tabular
    assert reached < 0.95  # some fraud stands alone, and can't be seen in the graph


@pytest.mark.slow
def test_communities_find_most_rings(large: Files) -> None:
    assert found(large, measures.communities(large, gamma=0.07)) >= 0.85

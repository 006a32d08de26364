"""The files hang together: ingest takes every row, references exist, times run forwards, nothing is known before it happened."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest.layout import KINDS
from ingest.load import ingest
from tests.portfolio.measures import Files

AFTER = datetime(2026, 11, 10, tzinfo=UTC)
EVENTS = (
    ("customers", "registered_at"), ("applications", "applied_at"), ("relations", "at"),
    ("statuses", "at"), ("labels", "known_at"), ("consents", "at"), ("contacts", "at"),
)  # fmt: skip


def test_ingest_takes_every_row_of_every_file(small_folder: Path, tmp_path: Path) -> None:
    report = ingest(None, [small_folder], quarantine_dir=tmp_path, now=AFTER, dry_run=True)
    assert [file.kind for file in report.files] == list(KINDS)
    for file in report.files:
        assert file.read > 0
        assert file.quarantined == 0
        assert len(file.unknown_columns) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_files_carry_source_and_every_column_that_the_layout_needs(small: Files, kind: str) -> None:
    columns = getattr(small, kind).columns
    assert set(KINDS[kind].needed) <= set(columns) <= {column.name for column in KINDS[kind].columns}
    assert {"source", "recorded_at"} <= set(columns)


def test_every_reference_exists(small: Files) -> None:
    customers, applications = set(small.true_customers["id_number"]), set(small.applications["application_id"])
    assert set(small.customers["id_number"]) == customers
    assert set(small.applications["id_number"]) == customers
    assert set(small.relations["id_number"]) <= customers
    assert set(small.relations.filter(pl.col("relation") != "EMERGENCY_CONTACT")["target"]) <= customers
    assert set(small.consents["id_number"]) <= customers
    for table in (small.statuses, small.labels):
        assert set(table["application_id"]) <= applications
    assert set(small.true_applications["application_id"]) == applications


@pytest.mark.parametrize(("table", "column"), EVENTS)
def test_events_end_with_the_window_and_are_recorded_shortly_after(small: Files, table: str, column: str) -> None:
    rows = getattr(small, table).select(
        at=pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%z"),
        recorded=pl.col("recorded_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%z"),
    )
    assert rows["at"].max() <= datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)
    delay = (rows["recorded"] - rows["at"]).dt.total_seconds()
    assert 0 < delay.min() <= delay.max() < 5 * 86_400


def test_statuses_run_forwards_and_agree_with_the_decision(large: Files) -> None:
    history = large.statuses.group_by("application_id", maintain_order=True).agg("status", "at")
    decided = dict(large.applications.select("application_id", "outcome").iter_rows())
    order = {
        "registered": 0,
        "lead_left": 1,
        "applied": 2,
        "approved": 3,
        "refused": 3,
        "drawn": 4,
        "overdue": 5,
        "repaid": 6,
    }
    assert set(history["application_id"]) == set(decided)
    for application, statuses, moments in history.iter_rows():
        assert all(a < b for a, b in itertools.pairwise(moments))
        ranks = [order[status] for status in statuses]
        assert ranks == sorted(ranks)
        assert "applied" in statuses
        for outcome in ("approved", "refused"):
            assert (outcome in statuses) == (decided[application] == outcome)
        assert decided[application] == "approved" or "drawn" not in statuses


def test_labels_become_known_months_after_the_application_and_never_after_the_window(large: Files) -> None:
    known = large.labels.join(
        large.applications.select("application_id", "applied_at"), on="application_id"
    ).with_columns(
        days=(
            pl.col("known_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%z")
            - pl.col("applied_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%z")
        ).dt.total_days()
    )
    assert known["days"].min() >= 0
    assert known["known_at"].max() < "2026-11-01"
    median = dict(known.group_by("label").agg(pl.col("days").median()).iter_rows())
    assert set(median) == {"confirmed_fraud", "early_default", "good", "unknown"}
    assert all(60 < days < 300 for days in median.values())


def test_labels_are_honestly_noisy(large: Files) -> None:
    labels = large.labels.join(large.true_applications.select("application_id", "is_fraud"), on="application_id")
    defaults = labels.filter(pl.col("label") == "early_default")
    assert 0.3 < (defaults["is_fraud"] == "0").mean() < 0.98  # plain bad luck, mostly
    by_application = labels.group_by("application_id", maintain_order=True).agg("label")
    assert ["early_default", "confirmed_fraud"] in by_application["label"].to_list()  # understood later
    assert (labels.filter(pl.col("label") == "confirmed_fraud")["is_fraud"] == "1").all()
    assert (labels.filter(pl.col("label") == "good")["is_fraud"] == "0").all()


def test_who_refers_was_a_customer_before(small: Files) -> None:
    registered = dict(
        small.customers.unique("id_number", keep="first", maintain_order=True)
        .select("id_number", "registered_at")
        .iter_rows()
    )
    referrals = small.relations.filter(pl.col("relation") == "REFERRED")
    assert referrals.height > 300
    for referrer, referred in referrals.select("id_number", "target").iter_rows():
        assert registered[referrer] < registered[referred]


def test_referrals_grow_trees_and_a_few_bring_many(large: Files) -> None:
    referrals = large.relations.filter(pl.col("relation") == "REFERRED")
    brought = referrals.group_by("id_number").len()["len"]
    assert brought.max() > 20
    assert len(set(referrals["id_number"]) & set(referrals["target"])) > 100


def test_hubs_are_as_skewed_as_in_life(large: Files) -> None:
    def biggest(column: str, table: str = "applications") -> int:
        rows = getattr(large, table).select("id_number", column).drop_nulls().unique()
        return int(rows[column].value_counts()["count"].max())

    assert 400 < biggest("home_address", "customers") < 1_000  # a dormitory: up to 5 % of all customers
    assert 150 < biggest("ip") < 1_000
    assert 100 < biggest("employer", "customers") < 400
    assert 80 < biggest("device_id") < 1_000  # a shop's tablet
    assert 80 < biggest("payout_account") < 1_000
    assert 15 < biggest("phone") < 600  # an agent's landline


def test_truth_agrees_with_itself(large: Files) -> None:
    fraud = large.true_customers.filter(pl.col("is_fraud") == "1")
    assert 0.025 <= fraud.height / 20_000 <= 0.04
    sizes = dict(fraud.drop_nulls("ring_id").group_by("ring_id").len().iter_rows())
    assert sizes == {ring: int(size) for ring, size in large.true_rings.select("ring_id", "size").iter_rows()}
    assert 3 <= min(sizes.values()) <= max(sizes.values()) <= 40
    kinds = set(large.true_rings["kind"])
    assert kinds == {
        "device_farm", "payout_account", "intermediary", "address_mill", "identity_borrowing", "guarantor_circle", "contact_circle",
    }  # fmt: skip
    assert set(fraud["fraud_kind"]) == kinds | {"lone_first_party", "lone_borrowed_identity"}
    with_fraud = set(large.true_applications.filter(pl.col("is_fraud") == "1")["id_number"])
    assert with_fraud == set(fraud["id_number"])
    honest_first = large.true_applications.filter(
        (pl.col("is_fraud") == "0") & pl.col("id_number").is_in(list(with_fraud))
    )
    assert honest_first.height > 30  # credit built up before it is abused


def test_a_second_record_tells_of_a_move_or_a_new_number_and_leaves_the_rest_open(large: Files) -> None:
    later = large.customers.filter(pl.col("source") == "call-centre")
    assert later.height == large.customers.height - 20_000 > 0
    assert (later["phone"].is_not_null() | later["home_address"].is_not_null()).all()
    assert later["employer"].null_count() == later.height


def test_whoever_a_campaign_reached_had_consented_to_its_channel(small: Files) -> None:
    """The last answer before the message holds; and some hear far more often than others, which a limit is for."""
    at = pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S%z")
    reached = small.contacts.select("id_number", "channel", "result", at=at).sort("at")
    said = small.consents.select("id_number", "channel", "granted", at=at).sort("at")
    joined = reached.join_asof(said, on="at", by=["id_number", "channel"], check_sortedness=False)
    assert set(joined["granted"]) == {"yes"}
    assert set(reached["result"]) == {"sent", "failed"}
    per_person = reached.group_by("id_number").len()["len"]
    assert per_person.max() >= 5 and per_person.median() <= 2

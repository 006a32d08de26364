"""The data-quality report tells the data person what is in the files, and shows nobody's data."""

import json
from pathlib import Path

import polars as pl
import pytest

from graph_model.store import GraphStore
from ingest.cleaning import masked
from ingest.load import ingest
from ingest.portfolio import generate
from ingest.quality import SKETCH, Distinct
from ingest.report import render_text
from tests.ingest.conftest import Load
from tests.ingest.files import APPLICATION, CUSTOMER, EMERGENCY, FANG, JUN, LABEL, NOW, STATUS, WEI, write

BAD_ID = WEI[:-1] + ("0" if WEI[-1] != "0" else "1")


def report_of(tmp_path: Path, load: Load):
    rows = [
        {**CUSTOMER, "education": "bachelor", "branch": "1"},
        {**CUSTOMER, "id_number": FANG, "phone": "", "education": "batchelor"},
        {**CUSTOMER, "id_number": JUN, "phone": "13800138", "education": " "},
        {**CUSTOMER, "id_number": BAD_ID},
        {**CUSTOMER, "id_number": ""},
    ]
    return load(write(tmp_path / "customers.csv", rows))


def test_columns_are_told_by_filled_valid_and_distinct(tmp_path: Path, load: Load) -> None:
    [file] = report_of(tmp_path, load).files
    told = {c.name: (c.filled, c.valid, c.distinct, c.distinct_exact) for c in file.columns}
    assert told == {
        "id_number": (4, 3, 4, True),
        "name": (5, 5, 1, True),
        "education": (2, 1, 2, True),
        "phone": (4, 3, 2, True),
        "registered_at": (5, 5, 1, True),
    }
    assert file.unknown_columns == ("branch",)
    assert file.absent_columns[:3] == ("sex", "birth_date", "id_expiry_date")


def test_reasons_are_told_with_a_masked_example(tmp_path: Path, load: Load) -> None:
    [file] = report_of(tmp_path, load).files
    assert [(r.column, r.reason, r.count, r.line, r.example) for r in file.reasons] == [
        ("education", "choice.unknown", 1, 3, "batchelor"),
        ("id_number", "id.checksum", 1, 5, f"{BAD_ID[:3]}{'*' * 12}{BAD_ID[-3:]}"),
        ("id_number", "required.missing", 1, 6, ""),
        ("phone", "phone.invalid", 1, 4, "13****38"),
    ]


def test_the_report_is_json_and_text_without_anybody_in_it(tmp_path: Path, load: Load, quarantine: Path) -> None:
    report = report_of(tmp_path, load)
    content = json.loads(report.to_json_text())
    assert (content["read"], content["loaded"], content["merged"], content["quarantined"]) == (5, 1, 0, 4)
    assert content["created"] == {"Customer": 1, "Phone": 1, "USES_PHONE": 1}
    assert content["files"][0]["columns"][0] == {
        "name": "id_number", "filled": 4, "valid": 3, "distinct": 4, "distinct_exact": True,
    }  # fmt: skip
    text = render_text(report)
    for part in ("customers.csv", "id.checksum", "required.missing", "Unknown columns, left out: branch.", "4 (80.0%)"):
        assert part in text
    for secret in (WEI, FANG, BAD_ID, "张伟", "13800138"):
        assert secret not in text
        assert secret not in report.to_json_text()
    assert all(len(line) <= 120 for line in text.splitlines())
    assert quarantine.name in text


def test_nothing_logged_names_anybody(tmp_path: Path, load: Load, events: list[dict[str, object]]) -> None:
    report_of(tmp_path, load)
    assert events
    for secret in (WEI, FANG, BAD_ID, "张伟", "13800138"):
        assert secret not in str(events)


def test_distinct_values_are_counted_exactly_up_to_the_bound_and_closely_beyond() -> None:
    few, many = Distinct(), Distinct()
    for start in range(0, 400_000, 50_000):
        batch = pl.Series([f"v{n}" for n in range(start, start + 50_000)])
        many.add(batch)
        few.add(batch.head(1_000))
        few.add(batch.head(1_000))
    assert few.count() == (8_000, True)
    count, exact = many.count()
    assert not exact
    assert abs(count - 400_000) < 400_000 * 5 / SKETCH**0.5
    many.add(pl.Series(["v1", "v2", None]))
    assert many.count() == (count, False)


@pytest.mark.parametrize("texts", [[], ["a"], ["a", "a"], ["a", "b", "a", "b"], ["", None]])
def test_the_least_and_the_greatest_of_few_values_count_once(texts: list[str | None]) -> None:
    distinct = Distinct()
    distinct.add(pl.Series(texts, dtype=pl.String))
    distinct.add(pl.Series(texts, dtype=pl.String))
    assert distinct.count() == (len({text for text in texts if text}), True)


@pytest.mark.parametrize(
    ("text", "open_text", "shown"),
    [
        ("110105194912310021", False, "110************021"),
        ("张伟", False, "**"),
        ("13800138", False, "13****38"),
        ("", False, ""),
        ("路" * 90, False, "路路路************路路路"),
        ("aproved", True, "aproved"),
        ("2026-13-01", True, "2026-13-01"),
        ("110105194912310021", True, "110************021"),
        ("Li Ming", True, "L*****g"),
        ("li@example.com", True, "li@********com"),
        ("张伟", True, "**"),
    ],
)
def test_what_is_refused_is_shown_masked(text: str, open_text: bool, shown: str) -> None:
    assert masked(text, open_text=open_text) == shown


def test_a_dry_run_says_what_would_be_loaded_and_writes_nothing(
    tmp_path: Path, store: GraphStore, load: Load, quarantine: Path
) -> None:
    load(write(tmp_path / "customers.csv", [CUSTOMER]))
    before = store.statistics()
    write(tmp_path / "customers.csv", [CUSTOMER, {**CUSTOMER, "id_number": FANG}, {**CUSTOMER, "phone": "1"}])
    write(tmp_path / "applications.csv", [APPLICATION, APPLICATION])
    write(tmp_path / "relations.csv", [EMERGENCY])
    write(tmp_path / "statuses.csv", [STATUS, STATUS, {**STATUS, "application_id": "A9"}])
    report = load(tmp_path, dry_run=True)
    assert report.dry_run
    assert [(f.kind, f.loaded, f.merged, f.quarantined) for f in report.files] == [
        ("customers", 1, 1, 1),
        ("applications", 1, 1, 0),
        ("relations", 1, 0, 0),
        ("statuses", 1, 1, 1),
    ]
    assert "nothing was written" in render_text(report)
    assert store.statistics() == before
    assert not quarantine.exists()
    assert [(f.kind, f.loaded) for f in load(tmp_path).files] == [
        ("customers", 1), ("applications", 1), ("relations", 1), ("statuses", 1),
    ]  # fmt: skip


def test_a_generated_portfolio_loads_without_a_refused_row(tmp_path: Path, store: GraphStore, quarantine: Path) -> None:
    made = generate(tmp_path / "portfolio", customers=300, seed=7)
    end = NOW.replace(year=made.window[1].year + 1)
    report = ingest(store, [tmp_path / "portfolio"], quarantine_dir=quarantine, now=end)
    assert report.quarantined == 0
    assert {f.file: f.read for f in report.files} == {n: rows for n, rows in made.rows.items() if "/" not in n}
    statistics = store.statistics()
    assert (statistics.nodes["Customer"], statistics.edges["APPLIED"]) == (300, made.rows["applications.csv"])
    assert statistics.facts["status"] == made.rows["statuses.csv"]


def test_labels_count_as_loaded_once(tmp_path: Path, load: Load) -> None:
    write(tmp_path / "applications.csv", [APPLICATION])
    write(tmp_path / "labels.csv", [LABEL, LABEL, {**LABEL, "source": "bureau"}])
    [_, labels] = load(tmp_path).files
    assert (labels.loaded, labels.merged) == (2, 1)

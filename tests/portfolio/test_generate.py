"""Making a portfolio: the same seed gives the same bytes, the manifest says what is there, nonsense is refused."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from graph_model.errors import InvalidRequest
from ingest.portfolio import GENERATOR_VERSION, generate, identifiers

FILES = ("customers", "applications", "relations", "statuses", "labels", "consents", "contacts")
TRUTH = ("truth/customers", "truth/applications", "truth/rings")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = generate(tmp_path / "a", customers=600, seed=3)
    second = generate(tmp_path / "b", customers=600, seed=3)
    assert first == second
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert set(contents(tmp_path / "a")) == {f"{name}.csv" for name in (*FILES, *TRUTH)} | {"manifest.json"}


def test_files_do_not_depend_on_how_many_rows_are_written_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "a", customers=600, seed=3)
    monkeypatch.setattr(identifiers, "BLOCK", 37)
    generate(tmp_path / "b", customers=600, seed=3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_memory_grows_by_no_more_than_three_kilobytes_a_customer(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from ingest.portfolio import generate; "
        "generate(Path(sys.argv[1]), customers=int(sys.argv[2]), seed=3); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak(customers: int) -> int:
        run = [sys.executable, "-c", program, str(tmp_path), str(customers)]
        return int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)

    assert (peak(80_000) - peak(20_000)) / 60_000 < 3


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    generate(tmp_path / "a", customers=300, seed=3)
    generate(tmp_path / "b", customers=300, seed=4)
    ids = [set(pl.read_csv(tmp_path / name / "customers.csv", infer_schema=False)["id_number"]) for name in "ab"]
    assert not ids[0] & ids[1]


def test_the_manifest_counts_what_is_in_the_files(small_folder: Path) -> None:
    manifest = json.loads((small_folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["generator_version"] == GENERATOR_VERSION
    assert (manifest["seed"], manifest["customers"]) == (4, 3_000)
    assert manifest["window"] == {"start": "2024-11-01", "end": "2026-10-31"}
    assert manifest["rows"] == {
        f"{name}.csv": pl.read_csv(small_folder / f"{name}.csv", infer_schema=False).height for name in (*FILES, *TRUTH)
    }


def test_the_summary_says_what_was_written(tmp_path: Path) -> None:
    summary = generate(tmp_path, customers=500, seed=9)
    truth = pl.read_csv(tmp_path / "truth" / "customers.csv", infer_schema=False)
    assert (summary.customers, summary.seed, summary.generator_version) == (500, 9, GENERATOR_VERSION)
    assert summary.fraudulent_customers == truth.filter(pl.col("is_fraud") == "1").height
    assert summary.rings == truth["ring_id"].drop_nulls().n_unique() == summary.rows["truth/rings.csv"]
    assert summary.window == (date(2024, 11, 1), date(2026, 10, 31))


def test_another_end_moves_the_window_and_all_events_with_it(tmp_path: Path) -> None:
    summary = generate(tmp_path, customers=300, seed=1, end=date(2024, 2, 29))
    assert summary.window == (date(2022, 3, 1), date(2024, 2, 29))
    applied = pl.read_csv(tmp_path / "applications.csv", infer_schema=False)["applied_at"]
    assert "2022-03-01" <= applied.min() <= applied.max() < "2024-03-01"
    assert pl.read_csv(tmp_path / "labels.csv", infer_schema=False)["known_at"].max() < "2024-03-01"


def test_progress_is_reported_to_the_end_of_every_stage(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    generate(tmp_path, customers=200, seed=1, on_progress=lambda *step: steps.append(step))
    assert all(0 <= done <= total for _, done, total in steps)
    assert steps[-1] == ("writing", 10, 10)
    assert {"people", "fraud", "applications", "sharing", "relations", "outcomes", "writing"} == {
        stage for stage, _, _ in steps
    }


def test_the_smallest_portfolio_has_a_ring(tmp_path: Path) -> None:
    summary = generate(tmp_path, customers=100, seed=1)
    assert summary.rings == 1


@pytest.mark.parametrize(("customers", "seed"), [(99, 1), (0, 1), (-5, 1), (5_000_001, 1), (200, -1)])
def test_nonsense_is_refused_before_anything_is_written(tmp_path: Path, customers: int, seed: int) -> None:
    with pytest.raises(InvalidRequest):
        generate(tmp_path / "out", customers=customers, seed=seed)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InvalidRequest, match="is a file"):
        generate(tmp_path / "out", customers=100, seed=1)
    assert (tmp_path / "out").read_text() == "mine"


def test_generating_again_replaces_what_was_there(tmp_path: Path) -> None:
    generate(tmp_path / "a", customers=300, seed=1)
    generate(tmp_path / "a", customers=200, seed=2)
    generate(tmp_path / "b", customers=200, seed=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")

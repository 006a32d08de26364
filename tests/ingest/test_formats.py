"""The same rows in any format make the same graph, refuse the same rows, and are taken up again after an interruption."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from stdnum import luhn

from graph_model.records import NodeRef
from graph_model.store import GraphStore
from ingest.errors import BadHeader, FileUnreadable, IngestError, MissingColumns
from ingest.load import ingest
from ingest.report import IngestReport
from tests.ingest.conftest import Load
from tests.ingest.files import APPLICATION, CUSTOMER, FANG, LABEL, NOW, WEI, made_up_id, read, write
from tests.ingest.graphs import graph_of
from tests.ingest.memory_store import MemoryStore

Rows = list[dict[str, str]]
CARD = "622202000000000001" + str(luhn.calc_check_digit("622202000000000001"))  # nobody's


def as_csv(path: Path, rows: Rows) -> None:
    write(path.with_suffix(".csv"), rows)


def as_gb18030(path: Path, rows: Rows) -> None:
    write(path.with_suffix(".csv"), rows, encoding="gb18030")


def as_json_lines(path: Path, rows: Rows) -> None:
    lines = [json.dumps({k: v for k, v in row.items() if v != ""}, ensure_ascii=False) for row in rows]
    path.with_suffix(".jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def as_parquet(path: Path, rows: Rows) -> None:
    pl.DataFrame(rows).write_parquet(path.with_suffix(".parquet"))


def packed(form: Callable[[Path, Rows], None]) -> Callable[[Path, Rows], None]:
    def write_packed(path: Path, rows: Rows) -> None:
        form(path, rows)
        (plain,) = path.parent.glob(f"{path.name}.*")
        plain.with_name(plain.name + ".gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()

    return write_packed


FORMATS = {
    "GB18030": as_gb18030,
    "JSON Lines": as_json_lines,
    "Parquet": as_parquet,
    "CSV, gzip": packed(as_csv),
    "JSON Lines, gzip": packed(as_json_lines),
    "Parquet, gzip": packed(as_parquet),
}
ANY_FORMAT = pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))


def files(folder: Path, form: Callable[[Path, Rows], None]) -> Path:
    """Twenty customers who share phones, with applications and labels. Every seventh phone is bad, every fifth label about nobody."""
    folder.mkdir()
    ids = [made_up_id(n) for n in range(20)]
    form(
        folder / "customers",
        [{**CUSTOMER, "id_number": i, "phone": "12" if n % 7 == 0 else "13800138000"} for n, i in enumerate(ids)],
    )
    form(
        folder / "applications", [{**APPLICATION, "application_id": f"A{n}", "id_number": i} for n, i in enumerate(ids)]
    )
    form(folder / "labels", [{**LABEL, "application_id": f"A{n}" if n % 5 else f"B{n}"} for n in range(20)])
    return folder


def loaded(store: MemoryStore, folder: Path, quarantine: Path, **options: object) -> IngestReport:
    return ingest(store, [folder], quarantine_dir=quarantine, now=NOW, batch_rows=3, **options)  # type: ignore[arg-type]


def refused(quarantine: Path) -> list[tuple[str, str]]:
    return [(row["_line"], row["_reason"]) for file in sorted(quarantine.glob("*.csv")) for row in read(file)]


@ANY_FORMAT
def test_every_format_makes_the_same_graph(tmp_path: Path, form: Callable[[Path, Rows], None]) -> None:
    usual, other = MemoryStore(), MemoryStore()
    expected = loaded(usual, files(tmp_path / "csv", as_csv), tmp_path / "q1")
    told: list[tuple[str, int, int]] = []
    report = loaded(
        other, files(tmp_path / "other", form), tmp_path / "q2", on_progress=lambda *step: told.append(step)
    )
    assert other.graph() == usual.graph()
    assert (report.read, report.loaded, report.quarantined) == (expected.read, expected.loaded, expected.quarantined)
    assert [reason for _, reason in refused(tmp_path / "q2")] == [reason for _, reason in refused(tmp_path / "q1")]
    assert all(0 <= done <= size for _, done, size in told) and len(told) > 6
    assert max(done / size for _, done, size in told) == 1


@ANY_FORMAT
def test_every_format_goes_on_where_it_was_interrupted(tmp_path: Path, form: Callable[[Path, Rows], None]) -> None:
    folder = files(tmp_path / "files", form)
    whole, store = MemoryStore(), MemoryStore()
    expected = loaded(whole, folder, tmp_path / "q1")
    for stop in (2, 5, 9, 13):
        assert loaded(store, folder, tmp_path / "q2", cancelled=lambda stop=stop: store.batches >= stop).cancelled
    report = loaded(store, folder, tmp_path / "q2")
    assert store.graph() == whole.graph()
    assert store.batches == whole.batches, "what was committed before is not read again"
    assert (report.read, report.quarantined) == (expected.read, expected.quarantined)
    assert refused(tmp_path / "q2") == refused(tmp_path / "q1")


def test_typed_columns_of_parquet_read_like_text(tmp_path: Path, store: GraphStore, load: Load) -> None:
    at = datetime(2025, 6, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    pl.DataFrame(
        {
            "id_number": [WEI, FANG],
            "birth_date": [date(1990, 1, 7), None],
            "registered_at": pl.Series([at, at], dtype=pl.Datetime("us", "UTC")),
            "tags": [["a"], []],
        }
    ).write_parquet(tmp_path / "customers.parquet")
    pl.DataFrame(
        {
            "application_id": ["A1"],
            "id_number": [WEI],
            "amount": [4400.5],
            "term_months": pl.Series([12], dtype=pl.Int16),
            "product": pl.Series(["cash"], dtype=pl.Categorical),
            "applied_at": [datetime(2025, 6, 1, 10, 0, tzinfo=UTC).replace(tzinfo=None)],  # no zone: the lender's
        }
    ).write_parquet(tmp_path / "applications.parquet")
    report = load(tmp_path)
    assert (report.loaded, report.quarantined) == (3, 0)
    wei, fang = store.get(NodeRef("Customer", WEI)), store.get(NodeRef("Customer", FANG))
    assert wei is not None and wei.properties["birth_date"] == date(1990, 1, 7)
    assert fang is not None and fang.first_seen == at
    application = store.get(NodeRef("Application", "A1"))
    assert application is not None
    assert application.properties["applied_at"] == datetime(2025, 6, 1, 2, 0, tzinfo=UTC)
    kept = application.properties
    assert (kept["amount"], kept["term_months"], kept["product"]) == (4400.5, 12, "cash")
    assert {file.file: file.encoding for file in report.files}["customers.parquet"] == "parquet"
    assert {file.file: file.unknown_columns for file in report.files}["customers.parquet"] == ("tags",)


def test_lists_in_a_column_that_is_wanted_stop_the_file(tmp_path: Path, load: Load) -> None:
    rows = {"id_number": [WEI], "phone": [["13800138000"]], "registered_at": ["2025-05-01"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "customers.parquet")
    with pytest.raises(BadHeader, match="phone holds lists"):
        load(tmp_path)


def test_a_line_that_is_no_object_goes_to_quarantine_and_reading_goes_on(
    tmp_path: Path, store: GraphStore, load: Load, quarantine: Path
) -> None:
    good = json.dumps({**CUSTOMER, "id_number": FANG})
    nested = json.dumps({**CUSTOMER, "phone": ["13800138000"]})
    lines = [nested, "{broken", "[1, 2]", "", good, json.dumps({**CUSTOMER, "email": "wei@example.com"})]
    (tmp_path / "customers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    report = load(tmp_path / "customers.jsonl")
    assert (report.read, report.loaded, report.quarantined) == (5, 2, 3)
    assert refused(quarantine) == [("1", "json.nested"), ("2", "json.malformed"), ("3", "json.malformed")]
    # A field that only the last line has is no less a column.
    assert store.get(NodeRef("Email", "wei@example.com")) is not None


def test_numbers_and_flags_of_json_are_read_as_they_stand(tmp_path: Path, store: GraphStore, load: Load) -> None:
    row = {
        "application_id": "A1",
        "id_number": WEI,
        "amount": 4400.5,
        "term_months": 12,
        "payout_account": int(CARD),
    }
    (tmp_path / "applications.ndjson").write_text(json.dumps({**row, "applied_at": "2025-06-01", "vip": True}) + "\n")
    load(tmp_path)
    application = store.get(NodeRef("Application", "A1"))
    assert application is not None and application.properties["amount"] == 4400.5
    assert store.get(NodeRef("BankAccount", CARD)) is not None


def test_a_line_beyond_all_bounds_is_refused_and_the_next_is_read(tmp_path: Path, load: Load, quarantine: Path) -> None:
    long = json.dumps({**CUSTOMER, "name": "x" * 3_000_000})
    (tmp_path / "customers.jsonl").write_text(
        f"{json.dumps(CUSTOMER)}\n{long}\n{json.dumps({**CUSTOMER, 'id_number': FANG})}\n"
    )
    assert load(tmp_path).loaded == 2
    assert refused(quarantine) == [("2", "json.line_too_long")]


@pytest.mark.parametrize(
    ("name", "content", "error", "hint"),
    [
        ("customers.jsonl", b'[{"id_number": "1"}]', IngestError, "jq -c"),
        ("customers.jsonl", b"{nothing\n", IngestError, "No line of customers.jsonl"),
        ("customers.jsonl", b'{"id_number": "1"}\n', MissingColumns, "registered_at"),
        ("customers.parquet", b"PAR1" + b"\0" * 50, FileUnreadable, "Parquet file that is cut short"),
        (
            "customers.csv.gz",
            gzip.compress(b"id_number,registered_at\n" * 2)[:-9],
            FileUnreadable,
            "cut short or damaged",
        ),
        ("customers.csv.gz", gzip.compress(gzip.compress(b"id_number\n")), IngestError, "inside another"),
        ("customers.csv.gz", gzip.compress(b""), IngestError, "is empty"),
    ],
    ids=["JSON array", "no JSON", "columns missing", "Parquet, cut", "gzip, cut", "gzip twice", "gzip of nothing"],
)
def test_a_file_that_can_not_be_read_says_what_to_do(
    tmp_path: Path, store: GraphStore, load: Load, name: str, content: bytes, error: type[IngestError], hint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=hint.replace(".", r"\.")):
        load(tmp_path)
    assert sum(store.statistics().nodes.values()) == 0


def test_an_archive_that_breaks_off_late_keeps_what_was_loaded(tmp_path: Path, store: GraphStore, load: Load) -> None:
    """The end is missing: what came before is in the graph, the error says so, and the whole file goes on from there."""
    rows = [{**CUSTOMER, "id_number": made_up_id(n % 999, born=f"{1950 + n // 999}0107")} for n in range(24_000)]
    as_csv(tmp_path / "customers", rows)
    whole = gzip.compress((tmp_path / "customers.csv").read_bytes())
    (tmp_path / "customers.csv").unlink()
    (tmp_path / "customers.csv.gz").write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(FileUnreadable, match="what was loaded of it is sound"):
        load(tmp_path, batch_rows=2_000)
    there = store.statistics().nodes["Customer"]
    assert 0 < there < 24_000
    (tmp_path / "customers.csv.gz").write_bytes(whole)
    report = load(tmp_path, batch_rows=2_000, now=NOW + timedelta(hours=1))
    assert (report.loaded, report.merged) == (24_000 - there, there)
    assert len(graph_of(store)[0]) == 24_001  # the customers and their one phone

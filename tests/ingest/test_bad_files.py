"""Files that can't be ingested as they are: each gets a coded error that names the file and the next step, and nothing is written."""

import gzip
from pathlib import Path

import pytest

from graph_model.errors import InvalidRequest
from graph_model.store import GraphStore
from ingest.errors import FileUnreadable, IngestError, MissingColumns, QuarantineFailed, UnknownKind
from ingest.load import ingest
from tests.ingest.conftest import Load
from tests.ingest.files import APPLICATION, CUSTOMER, NOW, write

HEADER = b"id_number,name,registered_at\n"
UNREADABLE = [
    ("empty", b"", "ingest_nothing", "is empty"),
    ("a mark and no more", b"\xef\xbb\xbf\r\n", "ingest_nothing", "is empty"),
    ("gzip in gzip", gzip.compress(gzip.compress(HEADER)), "ingest_not_csv", "gunzip"),
    ("Excel", b"PK\x03\x04" + b"\0" * 50, "ingest_not_csv", "Save the sheet as CSV"),
    ("old Excel", b"\xd0\xcf\x11\xe0" + b"\0" * 50, "ingest_not_csv", "Save the sheet as CSV"),
    ("Parquet", b"PAR1" + b"\0" * 50, "ingest_unreadable", "Parquet"),
    ("binary", b"\x01\x00\x02\x03" * 20, "ingest_not_csv", "binary"),
    ("UTF-16", HEADER.decode().encode("utf-16"), "ingest_encoding", "iconv -f UTF-16"),
    ("Latin-1 noise", b"id_number,name,registered_at\n1,\xff\xff\xff,2\n", "ingest_encoding", "iconv"),
    ("semicolons", b"id_number;name;registered_at\n", "ingest_not_csv", "semicolons"),
    ("tabs", b"id_number\tname\tregistered_at\n", "ingest_not_csv", "tabs"),
    ("Macintosh line ends", b"id_number,name,registered_at\r1,2,3\r", "ingest_not_csv", "CRLF"),
    ("a header with an open quote", b'id_number,"name\n', "ingest_not_csv", "no header"),
    ("a column twice", b"id_number,name,Name,registered_at\n", "ingest_header", "two columns name"),
    ("a column missing", b"id_number,name\n", "ingest_missing_columns", "registered_at"),
    ("a column misspelt", b"id_numbr,name,registered_at\n", "ingest_missing_columns", "Did you mean id_numbr?"),
]


@pytest.mark.parametrize(("what", "content", "code", "hint"), UNREADABLE, ids=[case[0] for case in UNREADABLE])
def test_a_file_that_can_not_be_read_says_what_to_do(
    tmp_path: Path, store: GraphStore, load: Load, what: str, content: bytes, code: str, hint: str
) -> None:
    write(tmp_path / "applications.csv", [APPLICATION])
    (tmp_path / "customers.csv").write_bytes(content)
    with pytest.raises(IngestError) as refused:
        load(tmp_path)
    assert refused.value.code == code
    assert "customers.csv" in refused.value.message
    assert hint in refused.value.message
    assert sum(store.statistics().nodes.values()) == 0


def test_a_file_of_no_kind_is_told_the_nearest(tmp_path: Path, load: Load) -> None:
    with pytest.raises(UnknownKind, match=r"Did you mean customers\?") as refused:
        load(write(tmp_path / "custmers.csv", [CUSTOMER]))
    assert refused.value.code == "ingest_unknown_kind"


def test_a_file_that_is_not_there(tmp_path: Path, load: Load) -> None:
    with pytest.raises(FileUnreadable, match="There is no file"):
        load(tmp_path / "customers.csv")


def test_a_folder_without_files_of_the_layout(tmp_path: Path, load: Load) -> None:
    with pytest.raises(IngestError, match=r"holds none of customers\.csv") as refused:
        load(tmp_path)
    assert refused.value.code == "ingest_nothing"


def test_no_files_at_all(load: Load) -> None:
    with pytest.raises(IngestError, match="No file is named"):
        load()


def test_the_answers_of_a_generated_portfolio_are_refused(tmp_path: Path, load: Load) -> None:
    (tmp_path / "truth").mkdir()
    file = write(tmp_path / "truth" / "customers.csv", [CUSTOMER])
    for given in (file, file.parent):
        with pytest.raises(UnknownKind, match="never reads"):
            load(given)


def test_missing_columns_are_all_named(tmp_path: Path, load: Load) -> None:
    with pytest.raises(MissingColumns, match=r"lacks the columns application_id, applied_at"):
        load(write(tmp_path / "applications.csv", [{"id_number": CUSTOMER["id_number"]}]))


def test_a_header_without_rows_is_a_file_without_rows(tmp_path: Path, load: Load) -> None:
    (tmp_path / "customers.csv").write_bytes(HEADER)
    report = load(tmp_path)
    assert (report.read, report.files[0].complete) == (0, True)


def test_column_names_may_be_in_any_case_and_order(tmp_path: Path, load: Load) -> None:
    row = {"Registered_At ": "2025-05-01", "ＮＡＭＥ": "张伟", "ID_NUMBER": CUSTOMER["id_number"]}
    assert load(write(tmp_path / "customers.csv", [row])).loaded == 1


def test_ingest_stops_rather_than_lose_a_row(tmp_path: Path, store: GraphStore, quarantine: Path) -> None:
    quarantine.write_text("a file where the folder should be")
    with pytest.raises(QuarantineFailed) as refused:
        ingest(
            store, [write(tmp_path / "customers.csv", [{**CUSTOMER, "phone": "1"}])], quarantine_dir=quarantine, now=NOW
        )
    assert refused.value.code == "ingest_quarantine_failed"
    assert sum(store.statistics().nodes.values()) == 0


def test_only_a_dry_run_needs_no_store(tmp_path: Path, quarantine: Path) -> None:
    file = write(tmp_path / "customers.csv", [CUSTOMER])
    with pytest.raises(InvalidRequest):
        ingest(None, [file], quarantine_dir=quarantine, now=NOW)
    assert ingest(None, [file], quarantine_dir=quarantine, now=NOW, dry_run=True).loaded == 1


def test_every_error_of_ingest_has_a_code_of_its_own() -> None:
    codes = [error.code for error in IngestError.__subclasses__()]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("ingest_") for code in codes)

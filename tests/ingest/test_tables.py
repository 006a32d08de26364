"""Tables made of several foreign files: joined by SQL, every broken row told, taken up again where a crash left them."""

import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graph_model.records import NodeRef
from graph_model.store import GraphStore
from ingest.errors import BadMapping, FileUnreadable, IngestError, MissingColumns
from ingest.load import ingest
from ingest.mapping import load_mapping
from ingest.mapping_values import IngestMapping
from ingest.report import render_text
from tests.ingest.conftest import Load
from tests.ingest.files import CUSTOMER, FANG, JUN, NOW, WEI, made_up_id, read, write
from tests.ingest.memory_store import MemoryStore

SOURCES = '[sources]\nclients = "clients.csv"\nphones = "numbers.jsonl"\n'
TABLE = """
[[tables]]
name = "people"
kind = "customers"
source = "core"
select = '''
SELECT c.doc AS id_number, c.name, p.number AS phone, c.opened AS registered_at, c.branch AS _branch
FROM clients c LEFT JOIN phones p ON p.client = c.client WHERE c.kind = 'person'
'''
"""
SKIPPED = """
[[skipped]]
name = "firms"
why = "no persons"
select = "SELECT * FROM clients WHERE kind = 'firm'"
"""


def mapping(folder: Path, text: str = SOURCES + TABLE + SKIPPED) -> IngestMapping:
    file = folder / "map.toml"
    file.write_text(text, encoding="utf-8")
    return load_mapping(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three persons and a firm, two numbers, and a broken line in either file."""
    (tmp_path / "files").mkdir()
    people = [
        {"client": str(n), "doc": doc, "name": "", "opened": "2025-05-01", "kind": "person", "branch": "north"}
        for n, doc in enumerate((WEI, FANG, JUN))
    ]
    clients = write(tmp_path / "files" / "clients.csv", [*people, {**people[0], "client": "9", "kind": "firm"}])
    with clients.open("a", encoding="utf-8") as file:
        file.write("4,too,many,fields,in,this,line\n")
    (tmp_path / "files" / "numbers.jsonl").write_text(
        '{"client": "0", "number": "13800138000"}\nno object\n{"client": "2", "number": "12"}\n', encoding="utf-8"
    )
    return tmp_path / "files"


def test_a_table_is_made_of_two_files(folder: Path, tmp_path: Path, store: GraphStore, load: Load) -> None:
    report = load(folder, mapping=mapping(tmp_path))
    [table] = report.files
    assert (table.file, table.kind, table.read, table.loaded, table.quarantined) == ("people", "customers", 3, 2, 1)
    wei = store.get(NodeRef("Customer", WEI))
    assert wei is not None and wei.source == "core" and "name" not in wei.properties
    assert wei.first_seen == datetime(2025, 4, 30, 16, 0, tzinfo=UTC)
    assert store.statistics().edges["USES_PHONE"] == 1


def test_broken_rows_of_the_files_are_counted_and_kept(
    folder: Path, tmp_path: Path, load: Load, quarantine: Path
) -> None:
    report = load(folder, mapping=mapping(tmp_path))
    told = [(s.file, s.name, s.read, s.broken, [r.reason for r in s.reasons]) for s in report.sources]
    assert told == [
        ("clients.csv", "clients", 5, 1, ["csv.columns"]),
        ("numbers.jsonl", "phones", 3, 1, ["json.malformed"]),
    ]
    kept = {file.name.partition("-")[0]: read(file) for file in quarantine.iterdir()}
    assert [(row["_file"], row["_line"], row["_raw"]) for row in kept["clients"]] == [
        ("clients.csv", "6", "4,too,many,fields,in,this,line")
    ]
    assert [row["_raw"] for row in kept["phones"]] == ["no object"]
    [row] = kept["customers"]
    assert (row["_reason"], row["_file"], row["_branch"]) == ("phone.invalid", "people", "north")


def test_what_is_left_out_on_purpose_is_counted(folder: Path, tmp_path: Path, load: Load) -> None:
    report = load(folder, mapping=mapping(tmp_path))
    assert [(s.name, s.rows, s.why) for s in report.skipped] == [("firms", 1, "no persons")]
    assert "Left out on purpose" in render_text(report) and "no persons" in render_text(report)
    assert report.to_json()["skipped"] == [{"name": "firms", "rows": 1, "why": "no persons"}]
    assert report.to_json()["sources"][0]["broken"] == 1


def test_a_dry_run_reads_everything_and_writes_nothing(folder: Path, tmp_path: Path, quarantine: Path) -> None:
    options = {"quarantine_dir": quarantine, "now": NOW, "mapping": mapping(tmp_path), "dry_run": True}
    report = ingest(None, [folder], **options)  # type: ignore[arg-type]
    assert (report.read, report.loaded, report.broken) == (3, 2, 2)
    assert not quarantine.exists()


def test_a_table_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    rows = [
        {"client": str(n), "doc": made_up_id(n), "name": "x", "opened": "2025-05-01", "kind": "person", "branch": ""}
        for n in range(40)
    ]
    folder = tmp_path / "files"
    folder.mkdir()
    write(folder / "clients.csv", rows[::-1])
    (folder / "numbers.jsonl").write_text(
        "".join(f'{{"client": "{n}", "number": "{13800138000 + n}"}}\n' for n in range(40)) + "broken\n"
    )
    made = mapping(tmp_path)

    def run(store: MemoryStore, quarantine: str, **options: object):
        return ingest(
            store, [folder], quarantine_dir=tmp_path / quarantine, now=NOW, mapping=made, batch_rows=7, **options
        )  # type: ignore[call-overload]

    whole, store = MemoryStore(), MemoryStore()
    expected = run(whole, "q1")
    for after in (1, 2, 4):
        store.fail_after = after
        with pytest.raises(OSError, match="went away"):
            run(store, "q2")
    store.fail_after = None
    report = run(store, "q2")
    assert store.graph() == whole.graph()
    assert store.batches == whole.batches, "what was committed before is not written again"
    assert (report.files[0].read, report.files[0].loaded) == (expected.files[0].read, expected.files[0].loaded)
    assert report.files[0].resumed_at == 29
    assert [len(read(file)) for file in (tmp_path / "q2").iterdir()] == [1], "a broken row is kept once"


def test_a_job_that_is_cancelled_while_its_sources_are_read_has_written_nothing(folder: Path, tmp_path: Path) -> None:
    store, told = MemoryStore(), []
    options = {"quarantine_dir": tmp_path / "q", "now": NOW, "mapping": mapping(tmp_path)}
    report = ingest(
        store,  # type: ignore[arg-type]
        [folder],
        **options,  # type: ignore[arg-type]
        cancelled=lambda: True,
        on_progress=lambda *step: told.append(step),
    )
    assert (report.cancelled, report.files, store.batches) == (True, [], 0)
    assert told == [("clients.csv", told[0][2], told[0][2])]
    assert ingest(store, [folder], **options).loaded == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("room", [64, 9_000], ids=["for no source", "for the sources, not for their product"])
def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path, room: int) -> None:
    file = write(tmp_path / "clients.csv", [{"doc": made_up_id(n), "at": "2025-05-01"} for n in range(200)])
    text = """
    [sources]
    clients = "clients.csv"
    [[tables]]
    name = "pairs"
    kind = "customers"
    select = "SELECT a.doc AS id_number, a.at AS registered_at, a.doc || b.doc AS _pair FROM clients a CROSS JOIN clients b"
    """
    made, before = mapping(tmp_path, text), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(IngestError, match="set TMPDIR to another folder"):
            ingest(None, [file], quarantine_dir=tmp_path, now=NOW, mapping=made, dry_run=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_changed_query_is_another_job(folder: Path, tmp_path: Path) -> None:
    store = MemoryStore()
    for select in ("'person'", "'firm'"):
        text = SOURCES + TABLE.replace("'person'", select)
        ingest(store, [folder], quarantine_dir=tmp_path / "q", now=NOW, mapping=mapping(tmp_path, text))  # type: ignore[arg-type]
    assert len(store.states) == 2


def test_files_of_the_layout_and_tables_load_together(folder: Path, tmp_path: Path, load: Load) -> None:
    write(folder / "customers-more.csv", [{**CUSTOMER, "id_number": made_up_id(7)}])
    report = load(folder, mapping=mapping(tmp_path))
    assert [(f.file, f.loaded) for f in report.files] == [("customers-more.csv", 1), ("people", 2)]


def test_a_file_that_a_table_needs_must_be_named(folder: Path, tmp_path: Path, load: Load) -> None:
    with pytest.raises(BadMapping, match=r"but numbers\.jsonl is not among the files"):
        load(folder / "clients.csv", mapping=mapping(tmp_path))
    (folder / "numbers.jsonl").unlink()
    with pytest.raises(BadMapping, match=r"numbers\.jsonl is not among"):
        load(folder, mapping=mapping(tmp_path))
    with pytest.raises(FileUnreadable):
        load(folder / "numbers.jsonl", mapping=mapping(tmp_path))


WRONG_QUERIES = [
    (
        "SELECT c.dok AS id_number FROM clients c",
        "the query of people fails.*dok.*Did you mean doc.*clients \\(client, doc",
    ),
    ("SELECT doc AS id_number FROM client", "Did you mean clients"),
    ("SELECT doc AS id_number, nosuch(name) AS name FROM clients", "unsupported function"),
    ("SELECT doc AS id_number, name, name FROM clients", "duplicate"),
    ("SELECT p.opened AS registered_at FROM phones p", "no column named 'opened' found in table 'p'. The sources"),
    ("SELECT FROM WHERE", "the query of people fails"),
]


@pytest.mark.parametrize(("select", "hint"), WRONG_QUERIES, ids=[case[0] for case in WRONG_QUERIES])
def test_a_wrong_query_says_what_there_is(folder: Path, tmp_path: Path, load: Load, select: str, hint: str) -> None:
    text = f'{SOURCES}[[tables]]\nname = "people"\nkind = "customers"\nselect = "{select}"\n'
    with pytest.raises(BadMapping, match=rf"(?s)map\.toml.*{hint}"):
        load(folder, mapping=mapping(tmp_path, text))


def test_a_column_that_the_layout_lacks_is_no_slip_of_a_table(folder: Path, tmp_path: Path, load: Load) -> None:
    text = SOURCES + TABLE.replace("c.name,", "c.name AS nam,")
    with pytest.raises(BadMapping, match=r"people has a column nam, .* Did you mean name\?"):
        load(folder, mapping=mapping(tmp_path, text))
    with pytest.raises(MissingColumns, match="The table people lacks the column registered_at"):
        load(folder, mapping=mapping(tmp_path, SOURCES + TABLE.replace(" AS registered_at", "")))


def test_a_query_that_fails_on_the_rows_shows_none_of_them(folder: Path, tmp_path: Path, load: Load) -> None:
    text = SOURCES + TABLE.replace("c.name,", "CAST(c.doc AS SMALLINT) AS name,")
    with pytest.raises(BadMapping, match="the query of people fails") as refused:
        load(folder, mapping=mapping(tmp_path, text))
    assert WEI not in refused.value.message and FANG not in refused.value.message


NO_TABLES = [
    ('[[tables]]\nname = "a"\nkind = "customers"\nselect = "SELECT 1"', "no \\[sources\\]"),
    (SOURCES, "makes no table"),
    ('[sources]\nx-y = "a.csv"\n' + TABLE, "x-y is no name"),
    ("[sources]\nx = 7\n" + TABLE, "must be the name of a file"),
    (SOURCES + TABLE + TABLE, "two tables people"),
    (SOURCES + TABLE.replace("select", "selec"), "Did you mean select"),
    (SOURCES + TABLE.replace("kind =", "source ="), "TOML"),
    (SOURCES + TABLE.replace('kind = "customers"', ""), "has no kind"),
    (SOURCES + TABLE.replace('name = "people"', ""), "has no name"),
    (SOURCES + '[[tables]]\nname = "a"\nkind = "customers"\nselect = "DROP TABLE clients"', "one SELECT"),
    (
        SOURCES + '[[tables]]\nname = "a"\nkind = "customers"\nselect = "SELECT * FROM read_csv(\'x\')"',
        "sources.* only",
    ),
    (SOURCES + SKIPPED.replace("why", "reason"), "unknown entry reason"),
    (SOURCES + "[tables]\nname = 1", "no list of tables"),
]


@pytest.mark.parametrize(("text", "hint"), NO_TABLES, ids=[case[1] for case in NO_TABLES])
def test_a_mapping_of_wrong_tables_says_what_is_wrong(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(BadMapping, match=hint):
        mapping(tmp_path, text)

"""SQLite's own ways to fail: files that are not ours, too new, too old, damaged, locked, read-only, on a full disk."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from graph_model.errors import (
    InvalidRequest,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreNewer,
)
from graph_model.records import AsOf, GraphBatch, NodeRef
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from graph_model.stores import open_store
from graph_model.stores.sqlite import SqliteStore
from graph_model.stores.sqlite.migrations import MIGRATIONS, migrate, version
from graph_model.stores.sqlite.writer_lock import lock_file, long_job
from graph_model.transfer import Part, Record
from tests.stores import portrait
from tests.stores.older_files import as_version_6
from tests.stores.scenarios import (
    SOURCE,
    batch,
    customer,
    day,
    device,
    device_farm,
    edge,
    employer,
    fact,
    id_of,
    known,
    node,
    referral_circle,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed store with a small graph in it."""
    made = tmp_path / "graph.db"
    store = SqliteStore(made, create=True)
    store.upsert(referral_circle())
    store.close()
    return made


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def edit(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("bad", ["sqlite://graph.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///g.db?mode=ro"])
def test_a_url_without_a_path_is_refused(bad: str) -> None:
    with pytest.raises(InvalidRequest, match="sqlite:///path"):
        open_store(bad, create=True)


def test_a_store_can_be_made_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    store = open_store(url(tmp_path / "new folder" / "图谱 #1.db"), create=True)
    store.upsert(referral_circle())
    store.close()
    assert [p.name for p in (tmp_path / "new folder").iterdir()] == ["图谱 #1.db"]


def test_a_text_file_is_no_graph(tmp_path: Path) -> None:
    wrong = tmp_path / "customers.csv"
    wrong.write_text("id_number,name\n" * 100)
    for options in ({}, {"create": True}, {"read_only": True}):
        with pytest.raises(StoreCorrupt):
            open_store(url(wrong), **options)
    assert wrong.read_text().startswith("id_number")


def test_another_products_database_is_no_graph_and_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "browser-history.db"
    edit(other, "CREATE TABLE visits (url TEXT)")
    before = other.read_bytes()
    with pytest.raises(StoreCorrupt):
        open_store(url(other), create=True)
    assert other.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    edit(path, f"PRAGMA user_version = {len(MIGRATIONS) + 3}")
    with pytest.raises(StoreNewer, match="Upgrade Guanxi") as refused:
        open_store(url(path))
    assert str(len(MIGRATIONS) + 3) in refused.value.message


def test_a_file_of_a_newer_schema_is_refused(path: Path) -> None:
    edit(path, f"UPDATE meta SET value = '{SCHEMA.version + 1}' WHERE name = 'schema_version'")
    with pytest.raises(StoreNewer):
        open_store(url(path))


def test_an_empty_file_of_version_0_becomes_a_store(tmp_path: Path) -> None:
    empty = tmp_path / "interrupted.db"
    empty.touch()
    store = open_store(url(empty))
    store.upsert(referral_circle())
    assert known(store, customer("c1")).key == "c1"
    store.close()


def test_an_older_file_is_brought_up_to_date_with_all_that_is_in_it(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)

    def add_colour(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE ring ADD COLUMN colour TEXT")

    connection.execute("BEGIN IMMEDIATE")
    migrate(connection, str(path), (*MIGRATIONS, add_colour))
    connection.execute("COMMIT")
    assert version(connection) == len(MIGRATIONS) + 1
    assert connection.execute("SELECT count(*) FROM node").fetchone() == (4,)
    connection.execute("SELECT colour FROM ring")
    connection.close()
    with pytest.raises(StoreNewer):  # and this version no longer touches it
        open_store(url(path))


def test_a_file_of_version_1_keeps_its_facts_and_its_links_drawn_by_hand(tmp_path: Path) -> None:
    """The rows are those that version 1 wrote: a mule account tied by hand to a farm of 300 devices, whom the fraud desk labelled."""
    old = tmp_path / "graph.db"
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    migrate(connection, str(old), MIGRATIONS[:1])
    code = {(kind, name): code for kind, name, code in connection.execute("SELECT kind, name, code FROM vocabulary")}
    label, human, uses = code["label", "Customer"], code["type", "HUMAN_LINK"], code["type", "USES_DEVICE"]
    tie, use = code["triple", "Customer HUMAN_LINK Device"], code["triple", "Customer USES_DEVICE Device"]
    then = round(day(1).timestamp() * 1000)
    times = (then, then, then)
    node_row = (
        "INSERT INTO node (nid, label, key, node_id, degree, first_seen, last_seen, recorded_at, source) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'core')"
    )
    adjacent = (
        "INSERT INTO adjacency (nid, type, last_seen, triple, other, outgoing, qualifier, first_seen, recorded_at, again) "
        "VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?)"
    )
    edge_row = (
        "INSERT INTO edge (triple, start, finish, qualifier, first_seen, last_seen, recorded_at, source, properties) "
        "VALUES (?, 1, ?, '', ?, ?, ?, 'core', ?)"
    )
    connection.execute(node_row, (1, label, "mule", "m", 257, *times))
    for nid in range(2, 257):
        connection.execute(
            node_row, (nid, code["label", "Device"], f"d{nid:03}", f"i{nid}", 1 if nid > 3 else 2, *times)
        )
        connection.execute(edge_row, (use, nid, *times, None))
        connection.execute(adjacent, (1, uses, then, use, nid, 1, then, then, 0))
        connection.execute(adjacent, (nid, uses, then, use, 1, 0, then, then, 0))
    for nid, properties in ((2, '{"author":"li"}'), (3, f'{{"author":"li","expires_at":{then + 1}}}')):
        connection.execute(edge_row, (tie, nid, *times, properties))
        connection.execute(adjacent, (1, human, then, tie, nid, 1, then, then, 0))
        connection.execute(adjacent, (nid, human, then, tie, 1, 0, then, then, 0))
    connection.execute("INSERT INTO hub VALUES (1, ?, ?, 255, 255)", (uses, code["label", "Device"]))
    connection.execute("INSERT INTO hub VALUES (1, ?, ?, 2, 2)", (human, code["label", "Device"]))
    connection.execute("INSERT INTO fact VALUES (1, ?, ?, '', 'yes', 'core', ?)", (code["fact", "consent"], then, then))
    connection.execute("INSERT INTO tally VALUES ('type HUMAN_LINK', 2), ('type USES_DEVICE', 255)")
    connection.execute("DELETE FROM vocabulary WHERE name IN ('disposition', 'blocklist', 'decision')")
    connection.execute("UPDATE meta SET value = 'older' WHERE name = 'schema'")
    connection.execute("COMMIT")
    connection.close()

    with pytest.raises(StoreError) as refused:
        open_store(url(old), read_only=True)
    assert refused.value.code == "store_older"
    store = open_store(url(old))
    (consent,) = store.facts("m")
    assert (consent.value, consent.note) == ("yes", "")
    (degree, by_hand) = store.degrees(["m"])["m"]
    assert (degree.type, degree.count, by_hand.type, by_hand.count) == ("USES_DEVICE", 255, "HUMAN_LINK", 1)
    assert store.statistics().edges["HUMAN_LINK"] == 2
    around = store.neighbourhood("m", hops=1, cap=1, types=["HUMAN_LINK"])
    assert [(e.start, e.end, e.properties) for e in around.edges] == [("m", "i2", {"author": "li"})]
    assert len(store.neighbourhood("m", hops=1, types=["HUMAN_LINK"], as_of=AsOf.at(day(1))).edges) == 2
    # It was a hub by its two links only; counted anew when it becomes one by devices.
    more = [edge("USES_DEVICE", customer("mule"), device(f"more{i}"), 2) for i in range(3)]
    store.upsert(batch(*more, facts=[fact(customer("mule"), "disposition", "suspicious", 3)]))
    assert store.degrees(["m"])["m"][0].count == 258
    assert [f.kind for f in store.facts("m")] == ["consent", "disposition"]
    store.check(thorough=True)
    store.close()


def two_systems_tell_of_one_farm() -> GraphBatch:
    farm, circle = device_farm(300), referral_circle()
    return GraphBatch(
        [*farm.nodes, *circle.nodes], [*farm.edges, *(e._replace(source="branch-7") for e in circle.edges)]
    )


def of_version_6(folder: Path) -> Path:
    old = folder / "graph.db"
    with closing(SqliteStore(old, create=True)) as store:
        store.upsert(two_systems_tell_of_one_farm())
    with closing(sqlite3.connect(old)) as connection:
        as_version_6(connection)
    return old


def relationships(store: GraphStore) -> Sequence[Record]:
    return store.export_records(Part.EDGES, store.export_bounds(), limit=10_000).records


def sources_around(store: GraphStore, who: NodeRef) -> set[str]:
    return {link.source for link in store.neighbourhood(id_of(store, who), hops=1).edges}


def test_a_file_of_version_6_tells_as_before_who_stated_each_relationship(tmp_path: Path) -> None:
    old = tmp_path / "graph.db"
    with closing(SqliteStore(old, create=True)) as store:
        store.upsert(two_systems_tell_of_one_farm())
        before, stated = portrait.of_everything(store), relationships(store)
    with closing(sqlite3.connect(old)) as connection:
        as_version_6(connection)
    with pytest.raises(StoreError) as refused:
        open_store(url(old), read_only=True)
    assert refused.value.code == "store_older"
    with closing(open_store(url(old))) as store:
        assert portrait.of_everything(store) == before
        assert relationships(store) == stated
        assert sources_around(store, customer("c1")) == {"branch-7"}
        assert sources_around(store, customer("c00001")) == {SOURCE}
        store.check(thorough=True)


def test_a_first_load_of_version_6_that_was_broken_off_is_filed_by_the_next(tmp_path: Path) -> None:
    old = tmp_path / "graph.db"
    with closing(SqliteStore(old, create=True)) as store:
        store.begin_load()
        store.upsert(two_systems_tell_of_one_farm())
    with closing(sqlite3.connect(old)) as connection:
        as_version_6(connection)
        connection.execute("CREATE TABLE filing (nid INTEGER)")  # it died there
    with closing(open_store(url(old))) as store, closing(SqliteStore(tmp_path / "new.db", create=True)) as new:
        assert store.loading()
        store.finish_load()
        new.upsert(two_systems_tell_of_one_farm())
        assert portrait.of_everything(store) == portrait.of_everything(new)
        assert relationships(store) == relationships(new)
        assert sources_around(store, customer("c1")) == {"branch-7"}
        store.check(thorough=True)


def test_a_file_of_version_6_waits_for_the_ingest_that_holds_it(tmp_path: Path) -> None:
    old = of_version_6(tmp_path)
    with long_job(old, "ingest"), pytest.raises(StoreLocked, match="ingest"):
        open_store(url(old))
    with closing(open_store(url(old))) as store:
        assert store.statistics().edges["REFERRED"] == 3


def test_what_an_upgrade_may_have_to_take_back_waits_on_disk_and_later_work_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def temp_store(connection: sqlite3.Connection) -> str:
        return {0: "file", 1: "file", 2: "memory"}[connection.execute("PRAGMA temp_store").fetchone()[0]]

    old = of_version_6(tmp_path)
    seen: list[str] = []

    def watched(connection: sqlite3.Connection, where: str) -> None:
        seen.append(temp_store(connection))
        migrate(connection, where)

    monkeypatch.setattr("graph_model.stores.sqlite.connections.migrate", watched)
    with closing(SqliteStore(old)) as store, store._connections.writing() as connection:
        seen.append(temp_store(connection))
    assert seen == ["file", "memory"]


def test_a_disk_without_room_for_the_new_tables_leaves_a_file_of_version_6(tmp_path: Path) -> None:
    old = of_version_6(tmp_path)
    opened = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
from graph_model.errors import StoreFull
from graph_model.stores import open_store
from graph_model.stores.sqlite import connections
connections._WRITER_CACHE_KIB = 200  # what is more goes to the disk at once
try:
    open_store({url(old)!r})
except Exception as exc:
    assert exc.code == StoreFull.code and "where temporary files are" in str(exc), exc
else:
    raise AssertionError("it had room")
"""
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
            "INSERT INTO edge SELECT triple, start, finish, 'q' || i, first_seen, last_seen, recorded_at, source, NULL "
            "FROM n, (SELECT * FROM edge LIMIT 1)"
        )
    tried = subprocess.run([sys.executable, "-c", opened], cwd=ROOT, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    with closing(sqlite3.connect(old)) as connection:
        assert version(connection) == 6
        assert connection.execute("SELECT count(*) FROM edge").fetchone()[0] > 50_000


def test_a_thorough_check_finds_relationships_of_which_nothing_says_who_stated_them(path: Path) -> None:
    edit(path, "UPDATE adjacency SET source_code = 99")
    with closing(open_store(url(path))) as store:
        store.check()
        with pytest.raises(StoreCorrupt, match="which source stated some relationships of adjacency"):
            store.check(thorough=True)


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)

    def fail(db: sqlite3.Connection) -> None:
        db.execute("DROP TABLE fact")
        raise sqlite3.OperationalError("power cut")

    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, str(path), (*MIGRATIONS, fail))
    connection.execute("ROLLBACK")
    connection.close()
    store = open_store(url(path))
    store.check(thorough=True)
    assert known(store, customer("c1")).key == "c1"
    store.close()


def test_a_name_added_to_the_schema_reaches_an_existing_file(path: Path) -> None:
    """As if this version had learnt of employers, sex, the channel's index and name search only now."""
    edit(
        path,
        "DELETE FROM vocabulary WHERE name IN ('Employer', 'WORKS_AT', 'Customer WORKS_AT Employer')",
        "DELETE FROM vocabulary WHERE name IN ('Customer.name', 'Employer.name')",
        'DROP TABLE "node_Employer"',
        'ALTER TABLE "node_Customer" DROP COLUMN "sex"',
        "INSERT INTO \"node_Customer\" (nid, name) SELECT nid, '张伟' FROM node WHERE key = 'c1'",
        'DROP INDEX "Application_by_channel"',
        "UPDATE meta SET value = 'older' WHERE name = 'schema'",
    )
    with pytest.raises(StoreError) as refused:
        open_store(url(path), read_only=True)
    assert refused.value.code == "store_older"

    store = open_store(url(path))
    firm = employer("zhangwei")
    works = edge("WORKS_AT", customer("c1"), firm, 30)
    store.upsert(batch(works, nodes=[node(firm, name="张伟建筑公司")]))
    store.upsert(GraphBatch([node(customer("c1"), 30, sex="male")]))
    assert known(store, customer("c1")).properties == {"name": "张伟", "sex": "male"}
    assert [hit.node.key for hit in store.search("张伟")] == ["c1", "zhangwei"]
    store.check(thorough=True)
    store.close()


# --- damage ----------------------------------------------------------------------------------------------------------


def _scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(4096 * 3 + 100, len(content), 4096):
        content[place : place + 2000] = os.urandom(2000)
    path.write_bytes(content)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // 4096 * 4096])


def _behead(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[:100] = bytes(100)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_scribble, _truncate, _behead])
def test_a_damaged_file_is_found(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    with pytest.raises(StoreCorrupt, match="backup"):
        store = open_store(url(path))
        try:
            store.check(thorough=True)
        finally:
            store.close()


def test_a_large_file_is_looked_at_quickly_and_read_through_when_asked(tmp_path: Path) -> None:
    made = tmp_path / "graph.db"
    store = SqliteStore(made, create=True)
    for part in range(8):
        store.upsert(GraphBatch([node(customer(f"{part}-{i}" + "x" * 700)) for i in range(3_000)]))
    assert made.stat().st_size + made.with_name("graph.db-wal").stat().st_size > 32 * 1024**2
    store.check()
    store.check(thorough=True)
    store.close()
    _truncate(made)
    with pytest.raises(StoreCorrupt):
        damaged = open_store(url(made))
        try:
            damaged.check()
        finally:
            damaged.close()


def test_a_damaged_store_is_restored_from_its_backup(path: Path, tmp_path: Path) -> None:
    store = open_store(url(path))
    store.backup(tmp_path / "monday.db")
    before = portrait.of_everything(store)
    store.close()
    _scribble(path)
    (tmp_path / "monday.db").rename(path)
    restored = open_store(url(path))
    restored.check(thorough=True)
    assert portrait.of_everything(restored) == before
    restored.close()


# --- full, locked, read-only -----------------------------------------------------------------------------------------


def test_a_full_disk_refuses_the_batch_and_keeps_what_was_committed(path: Path) -> None:
    store = SqliteStore(path)
    with store._connections.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreFull, match="free some space"):
        store.upsert(device_farm(5_000))
    assert store.get(device("farm")) is None
    store.check(thorough=True)

    with store._connections.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    store.upsert(device_farm(5_000))
    assert store.statistics().edges["USES_DEVICE"] == 5_000
    store.close()


def test_a_full_disk_during_a_backup_leaves_no_half_backup(path: Path, tmp_path: Path) -> None:
    """A child process may write no file beyond 20 kB, which is how a full disk looks from inside."""
    code = f"""
import resource, signal, sys
from pathlib import Path
from graph_model.errors import StoreError
from graph_model.stores import open_store
store = open_store({url(path)!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    store.backup(Path({str(tmp_path / "backups" / "copy.db")!r}))
except StoreError as error:
    sys.exit(7)
"""
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert child.returncode == 7, child.stderr
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_writer_that_never_ends_is_named_after_a_while(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = SqliteStore(path, busy_seconds=0.05)  # opening does not wait for it
    with pytest.raises(StoreLocked, match="another process"):
        store.put_state("a", "b")
    assert store.state("a") is None  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    store.put_state("a", "b")
    store.close()


def test_what_a_dead_holder_left_in_the_lock_file_does_no_harm(path: Path) -> None:
    lock_file(path).write_text("process 999999 (ingest)")
    store = open_store(url(path))
    with store.writing("score"):
        assert f"process {os.getpid()} (score)" in lock_file(path).read_text()
    assert lock_file(path).read_text() == ""
    store.close()


_AS_NOBODY = """
import os, sys
import graph_model.stores.sqlite
from graph_model.errors import GuanxiError
from graph_model.stores import open_store
from tests.stores.scenarios import customer, known
if os.getuid() == 0:  # root may write to anything
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
for read_only in (False, True):
    try:
        store = open_store(sys.argv[1], read_only=read_only)
        print(known(store, customer("c1")).key)
        store.close()
    except GuanxiError as error:
        print(error.code)
"""


@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_a_file_that_may_not_be_written_is_refused_for_writing_and_read_all_the_same(
    path: Path, folder_mode: int
) -> None:
    with tempfile.TemporaryDirectory() as public:  # pytest's own folders are closed to others
        folder = Path(public)
        moved = path.rename(folder / path.name)
        moved.chmod(0o444)
        folder.chmod(folder_mode)
        child = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, url(moved)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        folder.chmod(0o755)
    assert child.stdout.split() == ["store_read_only", "c1"], child.stderr

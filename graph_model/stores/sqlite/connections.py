"""Connections to one SQLite file: a pool of readers, each call in a snapshot of its own, and one writer behind a lock.

Durability: WAL with `synchronous=FULL`, so a commit that was acknowledged survives a power cut, not only kill -9; it costs one flush per commit.
"""

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import quote

from graph_model import deadline
from graph_model.errors import StoreError, StoreFull, StoreLocked, StoreMissing, StoreReadOnly
from graph_model.stores.sqlite.failures import translate, translated
from graph_model.stores.sqlite.migrations import is_current, is_older, migrate, no_room, refuse_old
from graph_model.stores.sqlite.writer_lock import holder, long_job

BUSY_SECONDS = 5.0
_POLL_SECONDS = 0.002
# A long job rests this long after a commit, more than others wait between two tries, so that short writes get in between.
_GAP_SECONDS = 0.005
_IDLE_READERS = 8
_CACHE_KIB = 32 * 1024
_WRITER_CACHE_KIB = 256 * 1024
# A load reads and changes pages all over the file, and each that is not in memory costs more than what is done to it.
_LONG_JOB_CACHE_KIB = 384 * 1024
_ASIDE_CACHE_KIB = 64 * 1024  # which bounds what is sorted in memory too
_CHECKPOINT_PAGES = 16_384
# A load changes the same pages again and again: they go from the log to the file less often.
_LONG_JOB_CHECKPOINT_PAGES = 65_536
_STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine: a fraction of a millisecond
_WAL_BYTES_KEPT = 128 * 1024**2


@contextmanager
def _stopped_at_deadline(connection: sqlite3.Connection) -> Iterator[None]:
    """Statements of the connection are interrupted once the deadline is past; without one nothing is watched."""
    if deadline.seconds_left() is None:
        yield
        return
    connection.set_progress_handler(_is_late, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _is_late() -> bool:
    left = deadline.seconds_left()
    return left is not None and left <= 0


class Connections:
    """Opens, pools and closes. Raises errors of ours only."""

    def __init__(
        self, path: Path, *, create: bool = False, read_only: bool = False, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self.path = path
        self.where = str(path)
        self._busy_seconds = busy_seconds
        self._idle: deque[sqlite3.Connection] = deque()
        self._write_lock = threading.Lock()
        self._in_long_job = False
        self._closed = False
        self._writer: sqlite3.Connection | None = None
        if not path.exists():
            if not create:
                raise StoreMissing(self.where)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as exc:
                raise StoreReadOnly(self.where) from exc
        with translated(self.where):
            if read_only:
                self._check_version_of_reader()
            else:
                self._refuse_read_only_file()
                self._writer = self._open_writer()

    # --- reading ---------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection in a read transaction: whatever is read inside belongs to one moment. Raises StoreTimeout at the deadline."""
        if self._closed:
            raise StoreError(f"{self.where} was closed. Open it again.")
        deadline.keep()
        with translated(self.where):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open_reader()
            try:
                connection.execute("BEGIN")
                with _stopped_at_deadline(connection):
                    yield connection
            except sqlite3.Error:
                connection.close()  # whatever it met, the next call begins afresh
                raise
            except BaseException:
                with suppress(sqlite3.Error):  # what was met first is told
                    self._give_back(connection)
                raise
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("COMMIT")
        except sqlite3.Error:
            connection.close()
            raise
        if self._closed or len(self._idle) >= _IDLE_READERS:
            connection.close()
        else:
            self._idle.append(connection)

    def _open_reader(self) -> sqlite3.Connection:
        connection = self._connect("mode=ro")
        try:
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if os.access(self.path.parent, os.W_OK) or self.path.with_name(f"{self.path.name}-wal").exists():
                raise
            # Readers of a WAL file share memory through a file beside it. Where none can be made no one can be writing either.
            connection = self._connect("mode=ro&immutable=1")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection

    def _check_version_of_reader(self) -> None:
        with self.reading() as connection:
            if not is_current(connection, self.where):
                raise refuse_old(self.where)

    # --- writing ---------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The write connection in a transaction that is committed at the end, or rolled back by an exception."""
        if self._closed:
            raise StoreError(f"{self.where} was closed. Open it again.")
        if self._writer is None:
            raise StoreReadOnly(self.where)
        if not self._write_lock.acquire(timeout=self._busy_seconds):
            raise StoreLocked(self.where, "another thread of this process")
        try:
            with translated(self.where):
                self._begin(self._writer)
                try:
                    yield self._writer
                    self._writer.execute("COMMIT")
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
        finally:
            self._write_lock.release()
        if self._in_long_job:
            time.sleep(_GAP_SECONDS)

    @contextmanager
    def aside(self) -> Iterator[tuple[sqlite3.Connection, Callable[[], AbstractContextManager[None]]]]:
        """A connection for one long job, whose temporary tables are on disk, and what puts it into a transaction. Whoever writes meanwhile
        takes turns with it, as with another process."""
        if self._writer is None:
            raise StoreReadOnly(self.where)
        with translated(self.where):
            connection = self._connect("mode=rw")
            try:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(f"PRAGMA cache_size = -{_ASIDE_CACHE_KIB}")
                connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
                connection.execute("PRAGMA temp_store = FILE")
                connection.execute("PRAGMA busy_timeout = 0")
                yield connection, lambda: self._turn(connection)
            finally:
                connection.close()

    @contextmanager
    def _turn(self, connection: sqlite3.Connection) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"{self.where} was closed. Open it again.")
        self._begin(connection)
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        time.sleep(_GAP_SECONDS)

    def _begin(self, connection: sqlite3.Connection) -> None:
        self._patiently(connection, "BEGIN IMMEDIATE")

    def _patiently(self, connection: sqlite3.Connection, statement: str) -> None:
        """Run a statement that another process may hold up. SQLite's own handler tries less often, and for some statements not at all."""
        give_up = time.monotonic() + self._busy_seconds
        while True:
            try:
                connection.execute(statement)
                return
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() >= give_up:
                    raise StoreLocked(self.where, holder(self.path)) from exc
                time.sleep(_POLL_SECONDS)

    @contextmanager
    def long_job(self, purpose: str) -> Iterator[None]:
        if self._writer is None:
            raise StoreReadOnly(self.where)
        with long_job(self.path, purpose):
            try:
                self._in_long_job = True
                self._keep(_LONG_JOB_CACHE_KIB, _LONG_JOB_CHECKPOINT_PAGES)
                yield
            finally:
                self._in_long_job = False
                self._keep(_WRITER_CACHE_KIB, _CHECKPOINT_PAGES)

    def _keep(self, cache_kib: int, log_pages: int) -> None:
        """Of the file in the writer's memory, and of changes in the log."""
        with self._write_lock:
            if self._writer is not None:
                self._writer.execute(f"PRAGMA cache_size = -{cache_kib}")
                self._writer.execute(f"PRAGMA wal_autocheckpoint = {log_pages}")

    def _refuse_read_only_file(self) -> None:
        # SQLite opens a file that it may not write to as read-only, without a word, and its log needs the folder.
        needed = [self.path.parent, self.path] if self.path.exists() else [self.path.parent]
        if not all(os.access(path, os.W_OK) for path in needed):
            raise StoreReadOnly(self.where)

    def _open_writer(self) -> sqlite3.Connection:
        if (
            not self.path.exists()
        ):  # personal data: its owner's alone, and SQLite gives the files beside it the same mode
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = self._connect("mode=rwc")
        try:
            current = is_current(connection, self.where)  # refuse what is not ours before changing anything in it
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                self._patiently(connection, "PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
            connection.execute("PRAGMA busy_timeout = 0")  # from here on `_patiently` waits
            if not current:  # before temporary things are in memory: what SQLite keeps to take a dropped table back is as large as the table
                self._bring_up_to_date(connection)
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        # A long job of an older version would fail in its middle, and whoever else opens the file should be told what they wait for.
        with long_job(self.path, "bringing the file up to date") if is_older(connection) else nullcontext():
            self._begin(connection)
            try:
                migrate(connection, self.where)
                connection.execute("COMMIT")
            except BaseException as exc:
                if connection.in_transaction:  # a full disk has ended it
                    connection.execute("ROLLBACK")
                if isinstance(exc, sqlite3.Error) and translate(exc, self.where).code == StoreFull.code:
                    raise no_room(self.where) from exc
                raise

    # --- both ------------------------------------------------------------------------------------------------------

    def _connect(self, options: str) -> sqlite3.Connection:
        uri = f"file:{quote(str(self.path.absolute()))}?{options}"
        return sqlite3.connect(
            uri,
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )

    def close(self) -> None:
        self._closed = True
        while len(self._idle) > 0:
            self._idle.pop().close()
        # The writer goes last: the last connection to close empties the log into the file and removes it, which a reader may not.
        with self._write_lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

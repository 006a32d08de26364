"""Transactions: who may open one, how often it is tried again, how long it may take, and that it is done once.

Writers take turns on one node, so what a writer reads stays true until it commits. A commit whose answer was lost (the server died under it)
is told from one that failed by the writer's token, which is written with it: it is then neither lost nor done twice.
"""

import logging
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import neo4j
from neo4j import GraphDatabase, unit_of_work
from neo4j.exceptions import DriverError, IncompleteCommit, Neo4jError, TransientError

from graph_model.deadline import keep, seconds_left
from graph_model.errors import StoreError, StoreMissing, StoreNewer, StoreReadOnly
from graph_model.moments import to_ms
from graph_model.records import AsOf
from graph_model.store import Clock
from graph_model.stores.neo4j.address import Address
from graph_model.stores.neo4j.ddl import STATEMENTS
from graph_model.stores.neo4j.failures import OUT_OF_MEMORY, out_of_memory, translated
from graph_model.stores.neo4j.queries import query
from graph_model.stores.neo4j.values import window

# It warns of each retry in the server's words, which may quote a value; what comes to nothing is an error of ours.
logging.getLogger("neo4j").setLevel(logging.ERROR)

VERSION = 1
READ_SECONDS = 60.0
SCAN_SECONDS = 3_600.0
WRITE_SECONDS = 1_800.0
# A long load survives a restart of the server; a reader would rather be told.
_WRITE_PATIENCE = 120.0
_READ_PATIENCE = 5.0
_FIRST_DELAY, _LONGEST_DELAY = 0.2, 5.0
_PIECE = 5_000

T = TypeVar("T")
Rows = list[list[Any]]


class Transaction:
    """Queries of one transaction."""

    def __init__(self, transaction: neo4j.ManagedTransaction | neo4j.Transaction, where: str, now: datetime) -> None:
        self._transaction = transaction
        self._where = where
        self._now = to_ms(now)
        self.nid = 0  # the greatest handle given, and the greatest run, as the writer found them
        self.run = 0
        self.stoppable = False  # a write is not: its answer would be unknown

    def window(self, as_of: AsOf | None) -> dict[str, int]:
        """The parameters that bound what is visible."""
        return window(as_of, self._now)

    def rows(self, text: str, /, **parameters: object) -> Rows:
        """All rows of a query, which comes from `queries.query` or from the schema. Raises StoreTimeout where the deadline is past."""
        if self.stoppable:
            keep()
        try:
            return self._transaction.run(text, parameters).values()
        except TransientError as error:
            if error.code in OUT_OF_MEMORY:
                # The driver would try again, with the same end.
                raise out_of_memory(self._where) from None
            raise

    def one(self, text: str, /, **parameters: object) -> list[Any] | None:
        return next(iter(self.rows(text, **parameters)), None)

    def pieces(self, text: str, rows: Sequence[object], /, **parameters: object) -> Rows:
        """A query over `$rows`, some thousand rows at a time."""
        found: Rows = []
        for begin in range(0, len(rows), _PIECE):
            found.extend(self.rows(text, rows=rows[begin : begin + _PIECE], **parameters))
        return found


class Connections:
    """The driver of one store, and its bookmarks: whatever this store wrote, it reads, on whichever server of a cluster."""

    def __init__(self, address: Address, *, create: bool, read_only: bool, clock: Clock) -> None:
        self.where = address.shown
        self.read_only = read_only
        self._clock = clock
        self._closed = False
        self._database = address.database
        self._bookmarks = GraphDatabase.bookmark_manager()
        auth = None if address.user is None else (address.user, address.password or "")
        self._driver = GraphDatabase.driver(
            address.uri,
            auth=auth,
            user_agent="guanxi",
            connection_timeout=10.0,
            connection_acquisition_timeout=30.0,
            notifications_min_severity="OFF",
        )
        try:
            self._open(create)
        except BaseException:
            self.close()
            raise

    def _open(self, create: bool) -> None:
        if create:
            self._make_indexes()
            self._make_meta()
        found = self.read(lambda transaction: transaction.one(query("open_meta")))
        if found is None:
            raise StoreMissing(self.where)
        if found[0] > VERSION:
            raise StoreNewer(self.where, found[0], VERSION)
        if not (create or self.read_only):  # what an older Guanxi made lacks the indexes that came since
            self._make_indexes()

    def _make_indexes(self) -> None:
        with translated(self.where), self.session(_WRITE_PATIENCE) as session:
            there = {name for (name, _) in session.run(query("indexes")).values()}
            missing = [statement for name, statement in STATEMENTS.items() if name not in there]
            if len(missing) > 0:
                session.execute_write(_make, missing)
                session.run("CALL db.awaitIndexes(300)").consume()

    def _make_meta(self) -> None:
        with translated(self.where), self.session(_WRITE_PATIENCE) as session:
            session.execute_write(lambda t: t.run(query("create_meta"), version=VERSION).consume())

    def session(self, patience: float) -> neo4j.Session:
        if self._closed:
            raise StoreError(f"{self.where} is closed. Open it again.")
        return self._driver.session(
            database=self._database,
            bookmark_manager=self._bookmarks,
            fetch_size=10_000,
            max_transaction_retry_time=patience,
            initial_retry_delay=0.2,
            retry_delay_multiplier=1.3,
        )

    def read(self, work: Callable[[Transaction], T], *, seconds: float = READ_SECONDS) -> T:
        """Do `work` on what is committed, within so many seconds or what is left to the deadline. Raises StoreTimeout."""
        left = seconds_left()
        keep()
        if left is not None:
            seconds = min(seconds, left)

        # The server takes no time-out as 0, and looks at its clocks every second or two.
        @unit_of_work(timeout=max(seconds, 0.001))
        def unit(transaction: neo4j.ManagedTransaction) -> T:
            wrapped = Transaction(transaction, self.where, self._clock())
            wrapped.stoppable = True
            return work(wrapped)

        with translated(self.where, reading=True), self.session(min(_READ_PATIENCE, seconds)) as session:
            return session.execute_read(unit)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do `work` once, whatever happens to the connection. It may be called several times, in transactions of which one is committed."""
        if self._closed:
            raise StoreError(f"{self.where} is closed. Open it again.")
        if self.read_only:
            raise StoreReadOnly(self.where)
        token = secrets.token_hex(8)
        answers: list[T] = []

        def unit(transaction: neo4j.Transaction) -> T:
            wrapped = Transaction(transaction, self.where, self._clock())
            found = wrapped.one(query("lock"), token=token)
            if found is None:
                raise StoreMissing(self.where)
            recent, wrapped.nid, wrapped.run = found
            if token in recent:  # an earlier try was committed, only its answer was lost
                return answers[-1]
            answers.append(work(wrapped))
            wrapped.rows(query("unlock"), token=token)
            return answers[-1]

        return self._tried_again(unit)

    def _tried_again(self, unit: Callable[[neo4j.Transaction], T]) -> T:
        """The driver's own retries end at a commit whose answer was lost, and go on where the server says at a commit that it has no memory."""
        end = time.monotonic() + _WRITE_PATIENCE
        delay = _FIRST_DELAY
        with translated(self.where):
            while True:
                try:
                    with self.session(0.0) as session, session.begin_transaction(timeout=WRITE_SECONDS) as transaction:
                        answer = unit(transaction)
                        transaction.commit()
                        return answer
                except (DriverError, Neo4jError) as error:
                    if isinstance(error, Neo4jError) and error.code in OUT_OF_MEMORY:
                        raise out_of_memory(self.where) from None
                    again = isinstance(error, IncompleteCommit) or error.is_retryable()
                    if not again or time.monotonic() > end:
                        raise
                time.sleep(delay * random.uniform(0.8, 1.2))
                delay = min(delay * 1.3, _LONGEST_DELAY)

    def settled(self) -> int:
        """The greatest handle of what is wholly committed. Waits for a writer who is about to commit, since readers see a commit piece by piece."""
        if self.read_only:
            return int(self.read(lambda transaction: transaction.rows(query("greatest"))[0][0]))

        def unit(transaction: neo4j.ManagedTransaction) -> int:
            found = Transaction(transaction, self.where, self._clock()).one(query("lock"), token="")
            return 0 if found is None else int(found[1])

        with translated(self.where), self.session(_READ_PATIENCE) as session:
            return session.execute_write(unit)

    @contextmanager
    def probing(self, seconds: float) -> Iterator[neo4j.Transaction]:
        """A transaction that ends by itself, soon."""
        with self.session(0.0) as session, session.begin_transaction(timeout=seconds) as transaction:
            yield transaction

    def close(self) -> None:
        self._closed = True
        self._driver.close()


def _make(transaction: neo4j.ManagedTransaction, statements: Sequence[str]) -> None:
    for statement in statements:
        transaction.run(statement).consume()

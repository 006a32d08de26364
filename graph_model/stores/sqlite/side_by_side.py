"""Reading the graph by several connections at once, which see one moment or each its own. A statement runs on one core; SQLite lets others run meanwhile."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from sqlite3 import Connection
from typing import TypeVar

from graph_model.stores.sqlite.connections import Connections

_MOST = min(2, os.cpu_count() or 1)
_TRIES = 3
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@contextmanager
def together(connections: Connections) -> Iterator[Sequence[Connection]]:
    """Some connections that see the same, however others write; one where these write too often."""
    with ExitStack() as stack:
        first = stack.enter_context(connections.reading())
        seen = _version(first)
        others = [stack.enter_context(connections.reading()) for _ in range(_MOST - 1)]
        for _ in range(_TRIES if len(others) > 0 else 0):
            for each in others:
                _afresh(each)
                _version(each)
            # Nothing was written from the one moment to the other, so that whoever began in between sees what is seen at either.
            _afresh(first)
            before, seen = seen, _version(first)
            if before == seen:
                yield [first, *others]
                return
        yield [first]


def dealt(
    readers: Sequence[Connection], work: Callable[[Connection, Item], Answer], items: Sequence[Item]
) -> list[Answer]:
    """What the work makes of each item, in their order. Whichever connection is free takes the next; where one fails, none takes any."""
    if len(readers) == 1 or len(items) == 1:
        return [work(readers[0], item) for item in items]
    waiting, answers = deque(enumerate(items)), dict[int, Answer]()

    def work_off(connection: Connection) -> None:
        while True:
            try:
                place, item = waiting.popleft()
            except IndexError:
                return
            answers[place] = work(connection, item)

    with _pool(len(readers)) as pool:
        working = [pool.submit(copy_context().run, work_off, connection) for connection in readers]
        try:
            wait(working, return_when=FIRST_EXCEPTION)
        finally:
            waiting.clear()
        for each in working:
            each.result()
    return [answers[place] for place in range(len(items))]


def ahead(work: Callable[[Item], Answer], items: Iterable[Item]) -> Generator[Answer, None, None]:
    """What the work makes of each item, in their order, by a connection of its own; the next ones are worked on meanwhile."""
    waiting: deque[Future[Answer]] = deque()
    with _pool(_MOST) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(copy_context().run, work, item))
                if len(waiting) > _MOST:
                    yield waiting.popleft().result()
            while len(waiting) > 0:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, thread_name_prefix="reading")


def _version(connection: Connection) -> int:
    """Another number wherever others have written since the connection was asked last; asking begins its moment."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _afresh(connection: Connection) -> None:
    connection.execute("COMMIT")
    connection.execute("BEGIN")

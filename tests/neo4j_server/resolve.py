"""Which Neo4j the tests run against: the one NEO4J_URI names, Docker's, or our own by Maven and Java; or why none."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn, Protocol, runtime_checkable

import pytest

from tests.neo4j_server import bolt, docker, jars, server


class Server(Protocol):
    """Where to connect."""

    @property
    def uri(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def password(self) -> str: ...


@runtime_checkable
class OwnServer(Server, Protocol):
    """A server started for the tests, which they may therefore crash. NEO4J_URI's is not one."""

    def kill(self) -> None: ...
    def restart(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class GivenServer:
    """A server somebody else runs."""

    uri: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A way to a server: its name for the test report, and how to open it."""

    name: str
    open: Callable[[], AbstractContextManager[Server]]


def resolve() -> Source | str:
    """The first way that works on this machine, else the reason why none does. Starts and downloads nothing."""
    if os.environ.get("NEO4J_URI"):
        return Source("NEO4J_URI", _given)
    if docker.engine_answers():
        return Source("Docker", docker.running)
    reason = jars.unavailable_reason()
    return (
        reason if reason is not None else Source("Maven and Java", partial(server.running, quick_start=False))
    )  # it runs for minutes


def absent(reason: str) -> NoReturn:
    """No server for these tests: a skip with the reason, but a failure in CI, where silence would pass for proof."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have a Neo4j: {reason}", pytrace=False)
    pytest.skip(reason)


@contextlib.contextmanager
def _given() -> Iterator[GivenServer]:
    yield GivenServer(
        os.environ["NEO4J_URI"], os.environ.get("NEO4J_USER", bolt.USER), os.environ.get("NEO4J_PASSWORD", "")
    )

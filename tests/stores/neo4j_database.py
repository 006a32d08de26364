"""One Neo4j for the whole test run, started by the first test that needs it, and an empty database for each test that asks."""

import atexit
import contextlib
import os
from urllib.parse import quote

import neo4j
import pytest

from tests.neo4j_server import bolt, jars
from tests.neo4j_server.resolve import OwnServer, Server, absent, resolve

# The whole graph of a test fits one transaction; what doesn't is the benchmarks' affair.
_WIPE = "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS"


class Database:
    """The server of this run and the way to it."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._server: Server | None = None
        self._driver: neo4j.Driver | None = None
        self._reason: str | None = None

    def server(self) -> Server:
        """Skips the test where no server can be had; fails it in CI."""
        if self._reason is not None:
            absent(self._reason)
        if self._server is None:
            try:
                self._server = self._start()
            except (jars.ServerUnavailable, bolt.StartFailed) as exc:
                self._reason = str(exc)
                absent(self._reason)
        return self._server

    def _start(self) -> Server:
        source = resolve()
        if isinstance(source, str):
            self._reason = source
            absent(source)
        server = self._held.enter_context(source.open())
        self._driver = self._held.enter_context(
            neo4j.GraphDatabase.driver(
                server.uri, auth=(server.user, server.password), notifications_min_severity="OFF"
            )
        )
        if not isinstance(server, OwnServer):
            self._require_empty()
        return server

    def _require_empty(self) -> None:
        """Somebody else's server: what is in it may be dear to him."""
        assert self._driver is not None
        records, _, _ = self._driver.execute_query("MATCH (n) RETURN count(n) AS n")
        if records[0]["n"] > 0:
            pytest.exit(f"{os.environ['NEO4J_URI']} is not empty, and these tests wipe it. Name an empty database.", 3)

    def url(self) -> str:
        server = self.server()
        scheme, _, rest = server.uri.partition("://")
        return f"{scheme}://{quote(server.user, safe='')}:{quote(server.password, safe='')}@{rest}"

    def empty(self) -> str:
        """The URL of the database, emptied; its indexes stay."""
        url = self.url()
        self._wipe()
        return url

    def _wipe(self) -> None:
        assert self._driver is not None
        with self._driver.session() as session:
            session.run(_WIPE).consume()

    def stop(self) -> None:
        """Ends a server of our own, and leaves somebody else's as empty as it was."""
        if self._server is not None and not isinstance(self._server, OwnServer):
            self._wipe()
        self._server = None
        self._held.close()


DATABASE = Database()
atexit.register(DATABASE.stop)

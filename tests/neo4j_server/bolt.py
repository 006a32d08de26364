"""What every way of running a test server shares: a free loopback port, and waiting until bolt answers on it."""

import contextlib
import random
import socket
import time
from collections.abc import Callable

import neo4j
from neo4j.exceptions import AuthError, Neo4jError, ServiceUnavailable, SessionExpired, TransientError

USER = "neo4j"
_STARTUP_SECONDS = 300
_POLL_SECONDS = 0.2
# Below every system's ephemeral range: a client that redials a stopped server can then never connect to itself,
# and no outgoing connection takes the port between a kill and the restart.
_PORTS = range(17_687, 27_687)


class StartFailed(Exception):
    """The server did not come up; the text ends with its last log lines."""


def free_port() -> int:
    """A loopback port nobody listens on."""
    for port in random.sample(_PORTS, 50):
        with contextlib.suppress(StartFailed):
            require_free(port)
            return port
    raise StartFailed(f"No free port found from {_PORTS.start} to {_PORTS.stop}. Stop some servers.")


def require_free(port: int) -> None:
    """Raises where somebody listens: our server could not start, and theirs would answer in its place."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise StartFailed(f"Port {port} is taken. Stop the server that has it, or choose another port.") from exc


def wait(uri: str, password: str, *, alive: Callable[[], bool], last_words: Callable[[], str]) -> None:
    """Returns when a query is answered at `uri`; raises with the log's end when the server dies or time is up."""
    deadline = time.monotonic() + _STARTUP_SECONDS
    while alive():
        try:
            with (
                neo4j.GraphDatabase.driver(uri, auth=(USER, password), connection_timeout=5) as driver,
                driver.session() as session,
            ):
                session.run("RETURN 1").consume()
            return
        except (ServiceUnavailable, SessionExpired, TransientError) as exc:
            if time.monotonic() > deadline:
                raise StartFailed(f"Neo4j did not answer in {_STARTUP_SECONDS} s. {last_words()}") from exc
            time.sleep(_POLL_SECONDS)
        except AuthError as exc:
            raise StartFailed("This data was made with another password. Pass that one, or another home.") from exc
        except Neo4jError as exc:
            raise StartFailed(f"Neo4j answered {exc.code} to its first query. {last_words()}") from exc
    raise StartFailed(f"Neo4j ended while starting. {last_words()}")

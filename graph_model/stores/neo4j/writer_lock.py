"""The writer's lock: one long job at a time per store, by an open transaction that holds one node.

The server ends the transaction when its process dies, so a holder that died holds nothing; who it was is written beside it for people only.
A restart of the server frees the lock while the job goes on: its writes are still whole and take turns, but a second job may begin.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from neo4j.exceptions import DriverError, Neo4jError

from graph_model.errors import StoreLocked, StoreReadOnly
from graph_model.stores.neo4j.connections import Connections
from graph_model.stores.neo4j.failures import translated
from graph_model.stores.neo4j.queries import query

_PROBE_SECONDS = 1.0


@contextmanager
def long_job(connections: Connections, purpose: str) -> Iterator[None]:
    """Hold the store for `purpose`. Raises StoreLocked, naming the holder."""
    if connections.read_only:
        raise StoreReadOnly(connections.where)
    token = secrets.token_hex(8)
    _probe(connections, token)
    with translated(connections.where):
        session = connections.session(0.0)
        transaction = session.begin_transaction()
        transaction.run(query("hold"), token=token).consume()
    try:
        holder = f"process {os.getpid()} on {socket.gethostname()} ({purpose})"
        connections.write(lambda t: t.rows(query("put_holder"), holder=holder))
        yield
    finally:
        with suppress(DriverError, Neo4jError):  # the server may be gone, and the lock with it
            transaction.rollback()
            session.close()


def _probe(connections: Connections, token: str) -> None:
    """Raises StoreLocked where somebody holds the lock: the server ends who waits for longer than the probe may take."""
    try:
        with connections.probing(_PROBE_SECONDS) as transaction:
            transaction.run(query("hold"), token=token).consume()
    except Neo4jError as error:
        if "TransactionTimedOut" not in (error.code or "") and "LockClient" not in (error.code or ""):
            with translated(connections.where):
                raise
        found = connections.read(lambda t: t.one(query("holder")))
        raise StoreLocked(connections.where, (found and found[0]) or "another process") from None
    except DriverError:
        with translated(connections.where):
            raise

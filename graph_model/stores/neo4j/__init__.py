"""The Neo4j adapter: the store beyond one machine. Official driver over Bolt; queries are the `.cypher` files of this package."""

from graph_model.store import Clock, GraphStore
from graph_model.stores.neo4j.adapter import Neo4jStore
from graph_model.stores.neo4j.address import parse

__all__ = ["Neo4jStore", "open_url"]


def open_url(url: str, *, create: bool, read_only: bool, clock: Clock) -> GraphStore:
    """`neo4j://user:password@host:7687/database`, and the same with bolt, +s (TLS) and +ssc (self-signed TLS)."""
    return Neo4jStore(parse(url), create=create, read_only=read_only, clock=clock)

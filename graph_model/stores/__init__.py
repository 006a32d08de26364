"""Stores: opens the adapter that a URL names. Adapters are imported when they are asked for, so a driver that isn't used isn't needed."""

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from graph_model.errors import InvalidRequest
from graph_model.store import Clock, GraphStore, utc_now


class _Adapter(Protocol):
    def open_url(self, url: str, *, create: bool, read_only: bool, clock: Clock) -> GraphStore: ...


# Scheme of the URL → module with `open_url`. A new adapter is one line here and one in tests/stores/adapters.py.
ADAPTERS: Mapping[str, str] = {
    "sqlite": "graph_model.stores.sqlite",
    **dict.fromkeys(("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"), "graph_model.stores.neo4j"),
}


def without_password(url: str) -> str:
    """The address of a store for people to see: without user and password."""
    scheme, separator, rest = url.partition("://")
    return url if scheme == "sqlite" else f"{scheme}{separator}{rest.rpartition('@')[2]}"


def open_store(url: str, *, create: bool = False, read_only: bool = False, clock: Clock = utc_now) -> GraphStore:
    """The store at `url`: `sqlite:///graph.db` is relative to the working directory, `sqlite:////srv/graph.db` absolute;
    `neo4j://user:password@host:7687` is a Neo4j, as are bolt:// and both with +s or +ssc for TLS.

    `clock` says when now is, for whoever wants another than the system's.

    Raises StoreMissing where there is none, unless `create`; StoreNewer, StoreCorrupt, StoreReadOnly or StoreUnavailable for one
    that can't be used; InvalidRequest for a URL that no adapter knows.
    """
    scheme, separator, _ = url.partition("://")
    if separator == "" or scheme not in ADAPTERS:
        known = ", ".join(f"{name}://" for name in ADAPTERS)
        raise InvalidRequest(f"The store's URL begins with none of: {known}. Try sqlite:///graph.db.")
    if create and read_only:
        raise InvalidRequest("A store can't be created read-only. Leave out one of the two.")
    try:
        adapter = cast(_Adapter, import_module(ADAPTERS[scheme]))
    except ModuleNotFoundError as exc:
        if exc.name != "neo4j":
            raise
        raise InvalidRequest(
            "The driver of Neo4j is not installed. Install it with: pip install 'guanxi[neo4j]'."
        ) from exc
    return adapter.open_url(url, create=create, read_only=read_only, clock=clock)

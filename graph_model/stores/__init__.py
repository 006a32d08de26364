"""Stores: opens the adapter that a URL names. Adapters are imported when they are asked for, so a driver that isn't used isn't needed."""

from collections.abc import Mapping
from importlib import import_module
from typing import Protocol, cast

from graph_model.errors import InvalidRequest
from graph_model.store import Clock, GraphStore, utc_now


class _Adapter(Protocol):
    def open_url(self, url: str, *, create: bool, read_only: bool, clock: Clock) -> GraphStore: ...


# Scheme of the URL → module with `open_url`. A new adapter is one line here and one in tests/stores/conftest.py.
ADAPTERS: Mapping[str, str] = {
    "sqlite": "graph_model.stores.sqlite",
}


def open_store(url: str, *, create: bool = False, read_only: bool = False, clock: Clock = utc_now) -> GraphStore:
    """The store at `url`: `sqlite:///graph.db` is relative to the working directory, `sqlite:////srv/graph.db` absolute.

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
    adapter = cast(_Adapter, import_module(ADAPTERS[scheme]))
    return adapter.open_url(url, create=create, read_only=read_only, clock=clock)

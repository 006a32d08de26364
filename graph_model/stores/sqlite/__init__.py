"""The SQLite adapter: the embedded default. One file in WAL mode; several processes read while one writes."""

from pathlib import Path

from graph_model.errors import InvalidRequest
from graph_model.store import GraphStore
from graph_model.stores.sqlite.adapter import SqliteStore

__all__ = ["SqliteStore", "open_url"]

_PREFIX = "sqlite:///"


def open_url(url: str, *, create: bool, read_only: bool) -> GraphStore:
    """`sqlite:///graph.db` is relative to the working directory, `sqlite:////srv/graph.db` absolute."""
    path = url.removeprefix(_PREFIX)
    if not url.startswith(_PREFIX) or path in ("", ":memory:") or "?" in path:
        raise InvalidRequest("A SQLite store is written sqlite:///path, such as sqlite:///graph.db.")
    return SqliteStore(Path(path), create=create, read_only=read_only)

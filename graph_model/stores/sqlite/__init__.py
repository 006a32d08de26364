"""The SQLite adapter: the embedded default. One file in WAL mode; several processes read while one writes.

Where to look: `adapter` has the verbs, `connections` the transactions, `ddl` and `migrations` the tables, `names` and `values` how they are coded.
Writing is `upsert` and the `upsert_*` beside it, `link_edits`, `assessing`, `ledger`. Reading one is `hydration` and `reading`; around it `walk`,
`counting`, `linking`, `drawn`, put together in `neighbourhood` and `paths`; finding is `search`, `selecting`, `predicate_sql`; reading all is `scanning`.
"""

from pathlib import Path

from graph_model.errors import InvalidRequest
from graph_model.store import Clock, GraphStore
from graph_model.stores.sqlite.adapter import SqliteStore

__all__ = ["SqliteStore", "open_url"]

_PREFIX = "sqlite:///"


def open_url(url: str, *, create: bool, read_only: bool, clock: Clock) -> GraphStore:
    """`sqlite:///graph.db` is relative to the working directory, `sqlite:////srv/graph.db` absolute."""
    path = url.removeprefix(_PREFIX)
    if not url.startswith(_PREFIX) or path in ("", ":memory:") or "?" in path:
        raise InvalidRequest("A SQLite store is written sqlite:///path, such as sqlite:///graph.db.")
    return SqliteStore(Path(path), create=create, read_only=read_only, clock=clock)

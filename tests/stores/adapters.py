"""The adapters that the suite runs on. One line here adds an engine to every test of the port."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.stores.neo4j_database import DATABASE


@dataclass(frozen=True)
class Adapter:
    """How the suite gets a store of one engine. `fresh_url` names an empty place under a folder that is the test's own."""

    name: str
    fresh_url: Callable[[Path], str]
    share: float = 1.0  # of the examples of a property test, how many this engine is quick enough for

    def examples(self, number: int) -> int:
        return max(2, round(number * self.share))

    def create(self, folder: Path) -> "Opened":
        url = self.fresh_url(folder)
        return Opened(url, open_store(url, create=True))


@dataclass
class Opened:
    """A store and where it is, to be closed and opened again."""

    url: str
    store: GraphStore

    def reopen(self) -> GraphStore:
        self.store.close()
        self.store = open_store(self.url)
        return self.store


ADAPTERS = {
    "sqlite": Adapter("sqlite", lambda folder: f"sqlite:///{folder}/graph.db"),
    # Community edition has one database: asking for a fresh one empties it.
    "neo4j": Adapter("neo4j", lambda _: DATABASE.empty(), share=0.1),
}

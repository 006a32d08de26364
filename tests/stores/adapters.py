"""The adapters that the suite runs on. One line here adds an engine to every test of the port."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graph_model.store import GraphStore
from graph_model.stores import open_store


@dataclass(frozen=True)
class Adapter:
    """How the suite gets a store of one engine. `fresh_url` names an empty place under a folder that is the test's own."""

    name: str
    fresh_url: Callable[[Path], str]

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
}

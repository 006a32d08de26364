"""What generated portfolios know of rings: who was planted in which, and which ring scoring wrote on whom."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gnn.score import score
from graph_model.predicates import Missing, Not
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import generate

_PIECE = 10_000


@contextmanager
def scored(customers: int, seed: int, folder: Path) -> Iterator[tuple[GraphStore, datetime]]:
    """A portfolio that is made, loaded and scored in a folder (`files`, `graph.db`, `models`), and as of when: a week after its window, when all of
    it has been recorded."""
    made = generate(folder / "files", customers=customers, seed=seed)
    as_of = datetime.combine(made.window[1], datetime.min.time(), UTC) + timedelta(days=8)
    store = open_store(f"sqlite:///{folder / 'graph.db'}", create=True)
    try:
        ingest(store, [folder / "files"], quarantine_dir=folder / "quarantine", now=as_of)
        score(store, as_of=as_of, scored_at=as_of, models=folder / "models")
        yield store, as_of
    finally:
        store.close()


def planted_in(files: Path) -> dict[str, str]:
    """The ring that each member was planted in, by ID number."""
    with (files / "truth" / "customers.csv").open(encoding="utf-8") as file:
        return {row["id_number"]: row["ring_id"] for row in csv.DictReader(file) if row["ring_id"]}


def alerted_in(store: GraphStore) -> dict[str, str]:
    """The ring that scoring wrote on each customer, by ID number."""
    found: dict[str, str] = {}
    while True:
        page = store.select("Customer", Not(Missing("ring_id")), limit=_PIECE, offset=len(found))
        found |= {node.key: node.ring_id for node in page if node.ring_id is not None}
        if len(page) < _PIECE:
            return found

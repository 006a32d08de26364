"""The demo's graph: made, loaded and scored once per number of customers, seed and generator version; found again by what the store says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from gnn.score import score
from graph_model.store import GraphStore, OnProgress
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import GENERATOR_VERSION, generate

STATE = "demo"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Which portfolio, and where it lives. Another number, seed or generator has other files and another graph, so nothing is ever mixed."""

    home: Path
    customers: int
    seed: int
    store: str | None = None  # an address, to use another graph than the home's own

    @property
    def name(self) -> str:
        return f"{self.customers}-{self.seed}-v{GENERATOR_VERSION}"

    @property
    def files(self) -> Path:
        return self.home / "portfolio" / self.name

    @property
    def store_address(self) -> str:
        return self.store or f"sqlite:///{self.home / f'demo-{self.name}.db'}"


def prepare(plan: DemoPlan, *, now: datetime, on_progress: OnProgress, say: Say) -> GraphStore:
    """The graph, ready to be searched. What an earlier run finished is not done again; what it broke off goes on."""
    if not _generated(plan):
        say(f"Making a portfolio of {plan.customers:,} customers (seed {plan.seed}) …")
        generate(plan.files, customers=plan.customers, seed=plan.seed, on_progress=on_progress)
    store = open_store(plan.store_address, create=True)
    try:
        if store.state(STATE) not in (f"{plan.name} loaded", f"{plan.name} scored"):
            say("Loading it into the graph …")
            ingest(store, [plan.files], quarantine_dir=plan.home / "quarantine", now=now, on_progress=on_progress)
            store.put_state(STATE, f"{plan.name} loaded")
        if store.state(STATE) != f"{plan.name} scored":
            say("Finding rings and scoring …")
            score(store, as_of=now, scored_at=now, models=plan.home / "models" / plan.name, on_progress=on_progress)
            store.put_state(STATE, f"{plan.name} scored")
    except BaseException:
        store.close()
        raise
    return store


def _generated(plan: DemoPlan) -> bool:
    """The manifest is the last file that the generator writes."""
    path = plan.files / "manifest.json"
    if not path.exists():
        return False
    made = orjson.loads(path.read_bytes())
    return (made["customers"], made["seed"], made["generator_version"]) == (
        plan.customers,
        plan.seed,
        GENERATOR_VERSION,
    )

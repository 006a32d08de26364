"""The demo's graph: made, loaded and scored once per number of customers, seed and generator version; found again by what the store says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import orjson

from gnn.score import score
from graph_model.services.gate import risk_moment
from graph_model.services.gate_policy import Gate
from graph_model.store import GraphStore, OnProgress
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.portfolio import GENERATOR_VERSION, generate
from ingest.portfolio.window import DEFAULT_END

STATE = "demo"
# By then all of the portfolio has happened and is recorded; a machine whose clock lags must not refuse it as the future.
_SETTLED = datetime.combine(DEFAULT_END + timedelta(days=7), time.min, UTC)
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
    def models(self) -> Path:
        return self.home / "models" / self.name

    @property
    def store_address(self) -> str:
        return self.store or f"sqlite:///{self.home / f'demo-{self.name}.db'}"

    @property
    def generated(self) -> bool:
        """The manifest is the last file that the generator writes."""
        path = self.files / "manifest.json"
        if not path.exists():
            return False
        made = orjson.loads(path.read_bytes())
        wanted = (self.customers, self.seed, GENERATOR_VERSION)
        return (made["customers"], made["seed"], made["generator_version"]) == wanted


def settled(now: datetime) -> datetime:
    """The demo's now."""
    return max(now, _SETTLED)


def prepare(
    plan: DemoPlan,
    gate: Gate,
    *,
    now: datetime,
    on_progress: OnProgress,
    say: Say,
    before_scoring: Callable[[], None],
) -> GraphStore:
    """The graph, ready to be searched. What an earlier run finished is not done again; what it broke off goes on. Where the scoring is older than
    the gate allows, everybody is scored anew: nobody could be handed out else."""
    if not plan.generated:
        say(f"Making a portfolio of {plan.customers:,} customers (seed {plan.seed}) …")
        generate(plan.files, customers=plan.customers, seed=plan.seed, on_progress=on_progress)
    store = open_store(plan.store_address, create=True)
    try:
        if store.state(STATE) not in (f"{plan.name} loaded", f"{plan.name} scored"):
            say("Loading it into the graph …")
            ingest(store, [plan.files], quarantine_dir=plan.home / "quarantine", now=now, on_progress=on_progress)
            store.put_state(STATE, f"{plan.name} loaded")
        if store.state(STATE) != f"{plan.name} scored" or risk_moment(store, gate.policy, now=now) is None:
            before_scoring()
            say("Finding rings and scoring …")
            score(store, as_of=now, scored_at=now, models=plan.models, on_progress=on_progress)
            store.put_state(STATE, f"{plan.name} scored")
    except BaseException:
        store.close()
        raise
    return store

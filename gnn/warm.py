"""Warm: compile the kernels ahead, so that the first scoring on a machine does not wait for it. `python -m gnn.warm`

Scores a handful of made-up customers in a store that is thrown away, all of them and then one application by itself, from the store and from
memory: the very paths that real scorings take, so that the compiled code is the same. Takes some ten seconds where nothing is cached, a second where all is.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gnn.live.live import Live
from gnn.online import Scorer
from gnn.score import score
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef
from graph_model.stores import open_store

_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_CUSTOMERS = 6
_PATIENCE = 60.0  # seconds


def warm() -> None:
    """Fill the cache of compiled kernels. Changes nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'warm.db'}", create=True)
        try:
            store.upsert(_graph())
            moment = _DAY + timedelta(days=60)
            models = Path(folder) / "models"
            score(store, as_of=moment, scored_at=moment, models=models)
            live = Live(store, most=2**30, clock=lambda: moment)
            live.wait(_PATIENCE)
            for memory in (None, live):
                scorer = Scorer(store, models, live=memory)
                scorer.assess(NodeRef("Application", "W0"), as_of=moment, scored_at=moment, write=False)
            live.close()
        finally:
            store.close()


def _graph() -> GraphBatch:
    """Customers who share a device and each applied once."""
    device = NodeRef("Device", "warm")
    nodes, edges = [NodeRecord(device, _DAY, _DAY, "warm")], []
    for number in range(_CUSTOMERS):
        person, application = NodeRef("Customer", f"P:W{number}"), NodeRef("Application", f"W{number}")
        nodes.append(NodeRecord(person, _DAY, _DAY, "warm"))
        nodes.append(NodeRecord(application, _DAY, _DAY, "warm", {"applied_at": _DAY, "amount": 1_000.0}))
        edges.append(EdgeRecord("APPLIED", person, application, _DAY, _DAY, _DAY, "warm"))
        edges.append(EdgeRecord("USES_DEVICE", person, device, _DAY, _DAY, _DAY, "warm"))
    return GraphBatch(nodes, edges)


if __name__ == "__main__":
    warm()

"""Stores for the services' tests: the reference case, and a random graph with hubs."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from graph_model.columns import AssessmentColumns
from graph_model.principal import Principal, Role
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef, ScoreSource, Scoring
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures import reference_case
from tests.fixtures.reference_case import ReferenceCase, id_number

START = datetime(2025, 1, 1, tzinfo=UTC)
INVESTIGATOR = Principal("ida", Role.INVESTIGATOR)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GraphStore, ReferenceCase]]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('reference') / 'graph.db'}", create=True)
    yield store, reference_case.load(store)
    store.close()


@pytest.fixture(scope="session")
def tangle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GraphStore, list[str]]]:
    """150 customers and 120 phones and devices, tied at random, three of them hubs; a third without a grade. With its node ids."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('tangle') / 'graph.db'}", create=True)
    yield store, fill_tangle(store, seed=11)
    store.close()


def fill_tangle(store: GraphStore, *, seed: int, customers: int = 150, identifiers: int = 120) -> list[str]:
    rng = random.Random(seed)
    people = [
        NodeRef("Customer", id_number(date(1980, 1, 1) + timedelta(days=17 * i), 100 + i)) for i in range(customers)
    ]
    phones = [NodeRef("Phone", f"+861390013{i:04d}") for i in range(identifiers // 2)]
    devices = [NodeRef("Device", f"tangle-device-{i:04d}") for i in range(identifiers - len(phones))]
    refs = [*people, *phones, *devices]
    edges: list[EdgeRecord] = []
    for i, person in enumerate(people):
        seen = START + timedelta(hours=i)
        hubs = [("USES_PHONE", phones[0])] * (i % 2) + [("USES_DEVICE", devices[0])] * (i % 3 == 0)
        some = [("USES_PHONE", rng.choice(phones)), ("USES_DEVICE", rng.choice(devices))]
        for kind, end in {*hubs, *some}:
            edges.append(EdgeRecord(kind, person, end, START, seen, START, "tangle"))
    store.upsert(GraphBatch([NodeRecord(ref, START, START, "tangle") for ref in refs], edges))
    handles: list[int] = []
    for label in ("Customer", "Phone", "Device"):
        handles += store.scan_nodes(label).handles.tolist()
    graded = [handle for handle in handles if rng.random() < 0.67]
    store.append_assessments(
        AssessmentColumns(
            np.array(graded, dtype=np.int64),
            np.array([rng.random() for _ in graded]),
            np.array([rng.randrange(4) for _ in graded], dtype=np.int8),
            np.full(len(graded), -1, dtype=np.int32),
            [],
            ["[]"] * len(graded),
        ),
        source="model",
        model_version="tangle",
        policy_version="1",
        as_of=START + timedelta(days=400),
        scored_at=START + timedelta(days=400),
    )
    scored = START + timedelta(days=400)
    store.append_scoring(Scoring(ScoreSource.MODEL, "tangle", "1", scored, scored))
    return store.node_ids(handles)

"""A backup taken while a scoring writes: it holds whole scorings only, however far another got before, meanwhile or after.

Of the engines that have no copy of one moment; the suite runs it on all of them, since the verb that does it is of the port.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from graph_model.moving import export
from graph_model.records import AsOf, GraphBatch, Scoring
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.stores.scenarios import customer, day, id_of, node
from tests.stores.test_assessments import half_done, names, ring, score, scoring, shown


def complete(store: GraphStore, tuesday: Scoring) -> None:
    score(store, {"c3": (0.6, "C", "new")}, 20, model="m2")
    store.append_scoring(tuesday)


def take_back(store: GraphStore, tuesday: Scoring) -> None:
    assert store.take_back(tuesday) is None


def score_wednesday(store: GraphStore, tuesday: Scoring) -> None:
    complete(store, tuesday)
    wednesday = scoring(30, "m3")
    store.begin_scoring(wednesday)
    store.append_rings([replace(ring("farm", 30, size=7), model_version="m3")])
    score(store, {f"c{i}": (0.1, "A", "farm") for i in range(4)}, 30, model="m3")
    store.append_scoring(wednesday)


def begin_wednesday(store: GraphStore, tuesday: Scoring) -> None:
    take_back(store, tuesday)
    store.begin_scoring(scoring(30, "m3"))
    store.append_rings([replace(ring("farm", 30, size=7), model_version="m3")])
    score(store, {"c0": (0.1, "A", "farm")}, 30, model="m3")


def nothing(store: GraphStore, tuesday: Scoring) -> None:
    pass


@pytest.mark.parametrize("meanwhile", [nothing, complete, take_back, begin_wednesday, score_wednesday])
@pytest.mark.parametrize("part", [0, 6])  # before anything is read, and between assessments and rings
def test_a_backup_holds_nothing_of_a_scoring_that_was_not_complete_when_it_began(
    store: GraphStore, tmp_path: Path, meanwhile: Callable[[GraphStore, Scoring], None], part: int
) -> None:
    store.upsert(GraphBatch([node(customer(f"c{i}"), 0) for i in range(4)]))
    tuesday = half_done(store)
    pages = 0

    def go_on(stage: str, done: int, total: int) -> None:
        nonlocal pages
        if pages == part:
            meanwhile(store, tuesday)
        pages += 1

    copied = open_store(f"sqlite:///{tmp_path}/copy.db", create=True)
    export(store, copied, on_progress=go_on)

    assert pages > part
    monday = copied.latest_scoring()
    assert monday is not None and monday.model_version == "m1"
    assert copied.unfinished_scoring() is None
    assert copied.statistics().assessments == 2
    assert [shown(copied, f"c{i}")[1:] for i in range(3)] == [("D", "farm"), ("A", None), (None, None)]
    assert [len(copied.assessments(id_of(copied, customer(f"c{i}")))) for i in range(4)] == [1, 1, 0, 0]
    assert names(copied.rings()) == ["farm"] and copied.ring("new") is None
    farm = copied.ring("farm")
    assert farm is not None and farm.size == 5
    copied.check(thorough=True)
    copied.close()


def test_a_backup_of_a_store_at_rest_holds_every_ring_of_every_scoring(store: GraphStore, tmp_path: Path) -> None:
    store.upsert(GraphBatch([node(customer("c0"), 0)]))
    for day_number in range(10, 15):
        one = scoring(day_number, f"m{day_number}")
        store.begin_scoring(one)
        store.append_rings(
            [replace(ring(f"r{i}", day_number), model_version=one.model_version) for i in range(1_100)],
        )
        score(store, {"c0": (0.9, "D", "r1")}, day_number, model=one.model_version)
        store.append_scoring(one)
    copied = open_store(f"sqlite:///{tmp_path}/copy.db", create=True)
    export(store, copied)  # 5,500 rings: more than one page
    assert (len(copied.rings(limit=2_000)), copied.statistics().assessments) == (1_100, 5)
    for day_number in range(10, 15):
        then = AsOf.at(day(day_number))
        assert copied.rings(as_of=then, limit=2_000) == store.rings(as_of=then, limit=2_000)
    copied.close()

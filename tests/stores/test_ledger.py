"""What is kept beside the graph: the audit chain, checkpoints, counts, soundness."""

from dataclasses import replace
from datetime import timedelta, timezone
from threading import Thread

import pytest

from graph_model.audit import first_break
from graph_model.errors import InvalidRequest
from graph_model.records import AuditEntry, AuditRecord, GraphBatch
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from tests.stores.adapters import Opened
from tests.stores.scenarios import application, batch, customer, day, edge, fact, node, referral_circle


def look_up(store: GraphStore, number: float, **detail: object) -> AuditEntry:
    (entry,) = store.append_audit([line(number, **detail)])
    return entry


def line(number: float, **detail: object) -> AuditRecord:
    return AuditRecord(
        at=day(number),
        actor="li",
        role="investigator",
        operation="subject",
        subjects=["hash-1", "hash-2"],
        result="ok",
        detail=detail,
    )


def test_audit_lines_chain_and_read_back_as_written(opened: Opened) -> None:
    written = [look_up(opened.store, n, hops=2, names=["a"], nested={"x": 1.5}) for n in range(5)]
    read = opened.reopen().audit()

    assert read == written
    assert [entry.sequence for entry in read] == [1, 2, 3, 4, 5]
    assert first_break(read) is None


def test_a_batch_of_lines_continues_the_chain_in_its_order(store: GraphStore) -> None:
    look_up(store, 1)
    written = store.append_audit([line(n, step=n) for n in (3, 2, 4)])
    assert [entry.sequence for entry in written] == [2, 3, 4]
    assert store.audit(after=1) == written
    assert first_break(store.audit()) is None
    assert store.append_audit([]) == []
    assert len(store.audit()) == 4


def test_a_batch_with_a_line_that_cannot_be_kept_leaves_no_line(store: GraphStore) -> None:
    with pytest.raises(InvalidRequest):
        store.append_audit([line(1), line(2, half="\ud800")])
    assert store.audit() == []


def test_a_changed_line_breaks_the_chain(store: GraphStore) -> None:
    for n in range(3):
        look_up(store, n)
    lines = store.audit()
    assert first_break([lines[0], replace(lines[1], actor="wu"), lines[2]]) == 2
    assert first_break([lines[0], lines[2]]) == 3


def test_a_moment_finer_than_the_store_keeps_still_verifies(store: GraphStore) -> None:
    moment = day(1).replace(microsecond=123456).astimezone(timezone(timedelta(hours=8)))
    (entry,) = store.append_audit([AuditRecord(moment, "li", "operator", "backup", [], "ok", {})])
    assert store.audit() == [entry]
    assert first_break(store.audit()) is None


def test_audit_lines_come_in_pages(store: GraphStore) -> None:
    for n in range(5):
        look_up(store, n)
    assert [entry.sequence for entry in store.audit(after=2, limit=2)] == [3, 4]
    assert store.audit(after=5) == []
    with pytest.raises(InvalidRequest):
        store.audit(limit=0)


def test_many_threads_write_one_chain(store: GraphStore) -> None:
    threads = [Thread(target=lambda: [look_up(store, n) for n in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.audit()) == 40
    assert first_break(store.audit()) is None


def test_a_checkpoint_is_kept_and_replaced(opened: Opened) -> None:
    assert opened.store.state("ingest") is None
    opened.store.put_state("ingest", "row 1")
    opened.store.put_state("ingest", "row 2")
    opened.store.put_state("other", "")
    assert opened.reopen().state("ingest") == "row 2"
    assert opened.store.state("other") == ""


def test_of_two_who_swap_the_same_text_only_one_wins(store: GraphStore) -> None:
    assert store.swap_state("job/1", expected=None, value="running")
    assert not store.swap_state("job/1", expected=None, value="running")
    assert not store.swap_state("job/1", expected="queued", value="cancelled")
    assert store.state("job/1") == "running"
    assert store.swap_state("job/1", expected="running", value="done")
    assert not store.swap_state("job/1", expected="running", value=None)
    assert store.swap_state("job/1", expected="done", value=None)
    assert store.state("job/1") is None
    assert store.swap_state("job/1", expected=None, value=None)
    assert not store.swap_state("job/1", expected="done", value=None)


def test_threads_that_swap_one_text_take_turns(store: GraphStore) -> None:
    """Each takes the next number; that none is taken twice shows that looking and setting are one."""
    store.put_state("next", "0")
    taken: list[int] = []

    def take() -> None:
        while (now := int(store.state("next") or 0)) < 60:
            if store.swap_state("next", expected=str(now), value=str(now + 1)):
                taken.append(now)

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(60))


def test_texts_are_listed_by_prefix_the_last_name_first(store: GraphStore) -> None:
    for name in ("job/2026-01-02", "job/2026-01-10", "job/", "jobs", "joa", "作业/1", "作业/2"):
        store.put_state(name, name.upper())
    assert list(store.states("job/")) == ["job/2026-01-10", "job/2026-01-02", "job/"]
    assert store.states("job/", limit=1) == {"job/2026-01-10": "JOB/2026-01-10"}
    assert list(store.states("作业/")) == ["作业/2", "作业/1"]
    assert store.states("100%_") == {}
    with pytest.raises(InvalidRequest):
        store.states("job/", limit=0)


def test_statistics_count_everything_by_name(store: GraphStore) -> None:
    empty = store.statistics()
    assert empty.changed_at is None
    assert tuple(empty.nodes) == SCHEMA.labels
    assert set(empty.edges) == {r.name for r in SCHEMA.relationships}
    assert set(empty.facts) == {f.name for f in SCHEMA.facts}

    store.upsert(referral_circle())
    store.upsert(GraphBatch([node(application("x1"))], facts=[fact(application("x1"), "label", "good", 3)]))
    store.upsert(batch(edge("REFERRED", customer("c1"), customer("c2"), 9)))
    full = store.statistics()
    assert {name: n for name, n in full.nodes.items() if n > 0} == {"Customer": 3, "Address": 1, "Application": 1}
    assert {name: n for name, n in full.edges.items() if n > 0} == {"REFERRED": 3, "HAS_ADDRESS": 2}
    assert {name: n for name, n in full.facts.items() if n > 0} == {"label": 1}
    assert full.changed_at is not None and full.changed_at.tzinfo is not None


def test_a_sound_store_says_so(store: GraphStore) -> None:
    store.check()
    store.upsert(referral_circle())
    store.check()
    store.check(thorough=True)


def test_everything_is_still_there_after_closing(opened: Opened) -> None:
    opened.store.upsert(referral_circle())
    before = opened.store.statistics()
    assert opened.reopen().statistics() == before

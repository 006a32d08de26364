"""Moving house: a lender outgrows one file, or leaves a server, and takes every node, score, line and drawn link along, as they were."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graph_model.audit import first_break
from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest
from graph_model.moving import CopyDiffers, compare, copy
from graph_model.predicates import EVERYTHING, Missing
from graph_model.records import (
    AuditRecord,
    Fact,
    GraphBatch,
    LinkAction,
    LinkEdit,
    Ring,
    ScoreSource,
    Scoring,
)
from graph_model.store import GraphStore
from graph_model.stores import open_store
from graph_model.tagging import TagRule, TagRun
from graph_model.transfer import Part
from tests.stores import portrait
from tests.stores.adapters import Adapter
from tests.stores.child import CUSTOMERS, numbered
from tests.stores.scenarios import (
    address,
    application,
    batch,
    customer,
    day,
    device,
    device_farm,
    edge,
    fact,
    id_of,
    node,
    referral_circle,
)

FILE = "sqlite:///{}/file.db"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[GraphStore]:
    """A graph in a file, beside the engine's own."""
    opened = open_store(FILE.format(tmp_path), create=True)
    yield opened
    opened.close()


def fill(store: GraphStore) -> None:
    """A year at a lender, with everything that a store keeps."""
    store.upsert(referral_circle())
    store.upsert(device_farm(30))
    store.upsert(
        batch(
            edge("APPLIED", customer("c1"), application("x1"), 3, last=8, recorded=5, source="web"),
            edge("HAS_ADDRESS", application("x1"), address("home"), 3, qualifier="delivery"),
            edge("HUMAN_LINK", customer("c2"), device("farm"), 5, author="migrated", expires_at=day(30)),
            nodes=[
                node(customer("c1"), 7, name="张伟", birth_date=day(0).date(), sex="male", source="core"),
                node(customer("c1"), 2, recorded=1, source="web"),
                node(application("x1"), 3, amount=0.1 + 0.2, term_months=12, applied_at=day(3.5), channel="app"),
                node(address("home"), 1, text="北京市朝阳区 12号"),
            ],
            facts=[
                fact(application("x1"), "status", "applied", 3, recorded=4),
                fact(customer("c1"), "consent", "yes", 3, topic="sms"),
            ],
        )
    )
    listed = Fact(device("farm"), "blocklist", "listed", day(9), day(10), "user:li", note="一机多贷")
    store.upsert(GraphBatch(facts=[listed]))
    draw(store)
    for as_of, version in ((10, "m1"), (20, "m2"), (20, "m3")):
        score(store, as_of, version)
        store.append_rings([Ring("r1", 3 + as_of, 1, day(as_of), day(as_of), version, {"density": 0.5, "motif": "环"})])
        store.append_scoring(Scoring(ScoreSource.MODEL, version, "p1", day(as_of), day(as_of)))
    store.append_audit(
        [AuditRecord(day(n), "li", "operator", "load", ["h1"], "ok", {"n": n, "名": 1.5}) for n in range(7)]
    )
    store.put_state("ingest.customers.csv", "17")
    for number, cases in ((1, [("新客", Missing("name"))]), (2, [("新客", EVERYTHING)]), (3, [])):
        newcomer = TagRun("newcomer", 1, day(number).date(), day(number), "job")
        list(store.tag("Customer", [TagRule(newcomer, cases)]))
    share = TagRun("share", 2, day(3).date(), day(4), "job")
    list(store.tag("Customer", [TagRule(share, [(0.5, Missing("sex"))])]))


def draw(store: GraphStore) -> None:
    """A link that stands, one that was taken back, and a reason that was put better."""
    ends = id_of(store, customer("c1")), id_of(store, device("farm"))
    first = LinkEdit("link-1", LinkAction.DRAW, *ends, "li", day(10), "同一个声音", "录音 17", day(90))
    second = replace(first, link_id="link-2", expires_at=None, evidence="")
    better = replace(first, action=LinkAction.ANNOTATE, at=day(12), author="wu", reason="本人承认")
    gone = replace(second, action=LinkAction.RETRACT, at=day(13), reason="认错人了")
    for edit in (first, second, better, gone):
        store.edit_link(edit)


def score(store: GraphStore, as_of: float, version: str) -> None:
    handles = store.scan_nodes("Customer").handles[:4]
    columns = AssessmentColumns(
        handles=handles,
        score=np.linspace(0.1, 0.9, len(handles)) / (1 + as_of / 100),
        grade=np.arange(len(handles), dtype=np.int8),
        ring=np.array([0, -1, -1, 0], dtype=np.int32),
        rings=["r1"],
        reasons=['[{"code":"shared_device","weight":0.5,"values":{"n":3}}]', "[]", "[]", "[]"],
    )
    store.append_assessments(
        columns, source="model", model_version=version, policy_version="p1", as_of=day(as_of), scored_at=day(as_of)
    )


def test_there_and_back_again_is_the_same_graph(store: GraphStore, file: GraphStore, tmp_path: Path) -> None:
    fill(store)
    there = copy(store, file)
    back = open_store(f"sqlite:///{tmp_path}/back.db", create=True)
    assert copy(file, back) == there
    assert compare(back, store) == there

    assert {part.value for part in Part if any(kind.startswith(part) for kind in there.counts)} == set(Part)
    for moved in (file, back):
        moved.check(thorough=True)
        assert portrait.of_everything(moved) == portrait.of_everything(store)
        assert replace(moved.statistics(), changed_at=None) == replace(store.statistics(), changed_at=None)
        assert moved.audit() == store.audit()
        assert first_break(moved.audit()) is None
        assert moved.states("") == store.states("") == {"ingest.customers.csv": "17"}
    back.close()


def test_what_comes_from_a_file_reads_in_the_engine_as_it_did_there(store: GraphStore, file: GraphStore) -> None:
    fill(file)
    copy(file, store)

    subject = id_of(file, customer("c1"))
    assert id_of(store, customer("c1")) == subject
    assert store.get_by_id([subject]) == file.get_by_id([subject])
    assert store.neighbourhood(subject, hops=3) == file.neighbourhood(subject, hops=3)
    assert store.facts(id_of(file, device("farm"))) == file.facts(id_of(file, device("farm")))
    assert store.assessments(subject) == file.assessments(subject)
    assert store.link_edits(["link-1", "link-2"]) == file.link_edits(["link-1", "link-2"])
    assert store.rings() == file.rings()
    assert store.latest_scoring() == file.latest_scoring()
    assert [hit.node for hit in store.search("张伟")] == [hit.node for hit in file.search("张伟")]
    # It goes on where the other stopped: an older observation overwrites nothing, the chain and the history continue.
    for each in (store, file):
        each.upsert(GraphBatch([node(customer("c1"), 5, name="张小伟"), node(customer("new"), 5)]))
        each.append_audit([AuditRecord(day(30), "wu", "operator", "load", [], "ok", {})])
    assert store.get_by_id([subject]) == file.get_by_id([subject])
    assert store.audit() == file.audit()
    assert first_break(store.audit()) is None


def test_pages_of_any_size_hold_every_record_once(store: GraphStore) -> None:
    fill(store)
    bounds = store.export_bounds()

    def everything(limit: int) -> dict[Part, list[str]]:
        found: dict[Part, list[str]] = {part: [] for part in Part}
        for part in Part:
            after: str | None = ""
            while after is not None:
                page = store.export_records(part, bounds, after=after, limit=limit)
                found[part].extend(map(repr, page.records))
                after = page.after
        return found

    whole = everything(5_000)
    for limit in (1, 3):
        assert {part: sorted(found) for part, found in everything(limit).items()} == {
            part: sorted(found) for part, found in whole.items()
        }
    store.upsert(device_farm(3, hub="later"))
    later = everything(5_000)
    for part in (Part.NODES, Part.EDGES):
        assert len(later[part]) == len(whole[part]), "what came after the bounds is not in the export"


def test_a_copy_goes_into_an_empty_graph_only_and_never_onto_itself(store: GraphStore, file: GraphStore) -> None:
    file.upsert(referral_circle())
    store.upsert(GraphBatch([node(customer("somebody"))]))
    with pytest.raises(InvalidRequest, match="not empty"):
        copy(file, store)
    with pytest.raises(InvalidRequest, match="itself"):
        copy(store, store)
    assert store.statistics().nodes["Customer"] == 1


def test_one_changed_reason_is_found(store: GraphStore, file: GraphStore) -> None:
    fill(file)
    copy(file, store)
    (shown,) = file.search("张伟")
    store.upsert(GraphBatch(facts=[Fact(shown.node.ref, "disposition", "cleared", day(40), day(40), "user:li")]))
    with pytest.raises(CopyDiffers, match="facts disposition") as differs:
        compare(file, store)
    assert "nodes" not in differs.value.message


def interrupted(stop: Callable[[int], None]) -> Callable[[str, int, int], None]:
    def on_progress(stage: str, done: int, total: int) -> None:
        stop(done)

    return on_progress


def test_a_cancelled_copy_goes_on_and_only_as_the_same_copy(
    store: GraphStore, file: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(file)
    monkeypatch.setattr("graph_model.moving.PAGE", 10)

    def stop(done: int) -> None:
        if done > 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(file, store, on_progress=interrupted(stop))
    other = open_store(f"sqlite:///{tmp_path}/other.db", create=True)
    other.upsert(referral_circle())
    with pytest.raises(InvalidRequest, match="the beginning of a copy of sqlite"):
        copy(other, store)
    other.close()

    seen: list[int] = []
    copy(file, store, on_progress=interrupted(seen.append))
    assert seen[0] > 60, "it began anew"
    compare(file, store)


@pytest.mark.slow
def test_a_copy_that_is_killed_in_the_middle_ends_with_the_same_checksums(
    adapter: Adapter, store: GraphStore, file: GraphStore, tmp_path: Path
) -> None:
    """kill -9 between any two instructions of the copying process; what was committed is neither lost nor copied again."""
    for number in range(12):
        file.upsert(numbered(number))
    fill(file)
    folder = tmp_path / "killed"
    folder.mkdir()
    url = adapter.fresh_url(folder)
    store.close()
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.stores.child", "move", FILE.format(tmp_path), "20", url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    while int(child.stdout.readline()) < 500:
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()

    target = open_store(url)
    before = target.statistics()
    assert before.nodes["Customer"] > 0
    found = copy(file, target)
    assert found.counts["nodes Customer"] >= 12 * CUSTOMERS
    assert compare(file, target) == found
    target.check(thorough=True)
    target.close()

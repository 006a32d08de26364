"""Whatever is done to a store, in whatever order, it answers as the oracle does."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest
from graph_model.predicates import EVERYTHING, Predicate
from graph_model.records import AsOf, GraphBatch, LinkAction, LinkEdit, NodeRef
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore
from tests.stores import portrait
from tests.stores.adapters import Adapter, Opened
from tests.stores.model import Model, Scoring
from tests.stores.scenarios import day
from tests.stores.strategies import APPLICATION_FIELDS, NAMES, REFS, TYPES, as_ofs, batches, days, predicates, refs


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to the oracle and compares what they say."""

    def __init__(self, adapter: Adapter) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.opened: Opened = adapter.create(self.folder)
        self.model = Model()
        self.last = GraphBatch()
        self.ids: dict[NodeRef, str] = {}
        self.scorings = 0
        self.edits = 0
        self.links: list[tuple[NodeRef, NodeRef]] = []  # drawn by hand; the place in the list is the id

    def teardown(self) -> None:
        self.opened.store.close()
        shutil.rmtree(self.folder)

    @property
    def store(self) -> GraphStore:
        return self.opened.store

    # --- doing -----------------------------------------------------------------------------------------------------

    @initialize(batch=batches())
    def begin(self, batch: GraphBatch) -> None:
        self.write(batch)

    @rule(batch=batches())
    def write(self, batch: GraphBatch) -> None:
        result = self.store.upsert(batch)
        expected = self.model.upsert(batch)
        assert (list(result.nodes_created), list(result.edges_created), list(result.facts_created)) == expected
        self.last = batch
        for ref in self.model.nodes:
            if ref not in self.ids:
                found = self.store.get(ref)
                assert found is not None
                self.ids[ref] = found.node_id

    @rule()
    def write_again(self) -> None:
        before = self.store.statistics()
        result = self.store.upsert(self.last)
        assert not any((*result.nodes_created, *result.edges_created, *result.facts_created))
        assert self.store.statistics() == before

    @rule()
    def reopen(self) -> None:
        self.opened.reopen()

    @rule(predicate=predicates, channel=st.sampled_from(("app", "shop")))
    def assign(self, predicate: Predicate, channel: str) -> None:
        assert self.store.assign("Application", predicate, {"channel": channel}) == self.model.assign(
            "Application", predicate, {"channel": channel}
        )

    @rule(name=st.sampled_from(NAMES))
    def rename_everyone(self, name: str) -> None:
        assert self.store.assign("Customer", EVERYTHING, {"name": name}) == self.model.assign(
            "Customer", EVERYTHING, {"name": name}
        )

    @precondition(lambda self: len(self.ids) > 0)
    @rule(data=st.data(), as_of=days, scored=days)
    def score(self, data: Any, as_of: int, scored: int) -> None:
        label = data.draw(st.sampled_from(sorted({ref.label for ref in self.ids})))
        columns = self.store.scan_nodes(label)
        count = len(columns.handles)
        grades = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
        rings = data.draw(st.lists(st.integers(-1, 1), min_size=count, max_size=count))
        self.scorings += 1
        self.store.append_assessments(
            AssessmentColumns(
                handles=columns.handles,
                score=np.array(grades, dtype=np.float64) / 10,
                grade=np.array(grades, dtype=np.int8),
                ring=np.array(rings, dtype=np.int32),
                rings=["r0", "r1"],
                reasons=["[]"] * count,
            ),
            source="model",
            model_version=f"m{self.scorings}",
            policy_version="p1",
            as_of=day(as_of),
            scored_at=day(scored),
        )
        for key, grade, ring in zip(columns.keys, grades, rings, strict=True):
            ring_id = None if ring < 0 else f"r{ring}"
            scoring = Scoring(grade / 10, "ABCD"[grade], ring_id, day(as_of), day(scored), self.scorings)
            self.model.assess(NodeRef(label, key), scoring)

    @precondition(lambda self: len(self.ids) > 0)
    @rule(data=st.data(), at=days, expires=st.none() | st.integers(1, 4))
    def draw_link(self, data: Any, at: int, expires: int | None) -> None:
        some = st.sampled_from(sorted(self.ids))
        self.links.append((data.draw(some), data.draw(some)))
        self.edit(len(self.links) - 1, LinkAction.DRAW, at, "drawn", expires)

    @precondition(lambda self: len(self.links) > 0)
    @rule(
        data=st.data(),
        action=st.sampled_from((LinkAction.ANNOTATE, LinkAction.RETRACT)),
        at=days,
        expires=st.none() | st.integers(1, 4),
    )
    def edit_link(self, data: Any, action: LinkAction, at: int, expires: int | None) -> None:
        self.edits += 1
        self.edit(data.draw(st.integers(0, len(self.links) - 1)), action, at, f"said {self.edits}", expires)

    def edit(self, link: int, action: LinkAction, at: int, reason: str, expires: int | None) -> None:
        start, end = self.links[link]
        until = None if expires is None else day(at + expires)
        edit = LinkEdit(f"l{link}", action, self.ids[start], self.ids[end], "li", day(at), reason, "", until)
        if self.model.edit_link(edit, start, end):
            self.store.edit_link(edit)
            self.store.edit_link(edit)  # again, which changes nothing
            assert edit in self.store.link_edits([edit.link_id])[edit.link_id]
        else:
            with pytest.raises(InvalidRequest):
                self.store.edit_link(edit)

    # --- comparing -------------------------------------------------------------------------------------------------

    @rule(ref=refs, as_of=as_ofs)
    def one_node(self, ref: NodeRef, as_of: AsOf | None) -> None:
        found = self.store.get(ref, as_of=as_of)
        expected = self.model.node(ref, as_of)
        assert (None if found is None else portrait.of_node(found)) == portrait.of_model_node(expected)
        if found is not None:
            scoring = self.model.scoring(ref, as_of)
            shown = None if scoring is None else (scoring.score, scoring.grade, scoring.ring_id)
            assert (None if found.grade is None else (found.score, found.grade, found.ring_id)) == shown
            assert self.store.get_by_id([found.node_id], as_of=as_of) == [found]

    @precondition(lambda self: len(self.ids) > 0)
    @rule(
        data=st.data(),
        hops=st.integers(1, 4),
        cap=st.integers(1, 4),
        limit=st.integers(1, 12),
        types=st.none() | st.lists(st.sampled_from(TYPES), unique=True),
        as_of=as_ofs,
    )
    def neighbourhood(
        self, data: Any, hops: int, cap: int, limit: int, types: list[str] | None, as_of: AsOf | None
    ) -> None:
        ref = self._some_visible(data, as_of)
        if ref is not None:
            answer = self.store.neighbourhood(self.ids[ref], hops=hops, cap=cap, limit=limit, types=types, as_of=as_of)
            expected = self.model.neighbourhood(ref, hops=hops, cap=cap, limit=limit, types=types, as_of=as_of)
            assert portrait.of_subgraph(answer) == portrait.of_model_subgraph(expected)

    @rule(data=st.data(), limit=st.integers(1, 12), hub=st.integers(0, 5), as_of=as_ofs)
    def component(self, data: Any, limit: int, hub: int, as_of: AsOf | None) -> None:
        ref = self._some_visible(data, as_of)
        if ref is not None:
            answer = self.store.component(self.ids[ref], limit=limit, hub=hub, as_of=as_of)
            expected = self.model.component(ref, limit=limit, hub=hub, as_of=as_of)
            assert portrait.of_subgraph(answer) == portrait.of_model_subgraph(expected)

    @rule(wanted=st.lists(refs, max_size=6), as_of=as_ofs)
    def induced(self, wanted: list[NodeRef], as_of: AsOf | None) -> None:
        answer = self.store.induced([self.ids.get(ref, "unknown") for ref in wanted], as_of=as_of)
        assert portrait.of_subgraph(answer) == portrait.of_model_subgraph(self.model.induced(wanted, as_of))

    @rule(data=st.data(), k=st.integers(1, 5), max_hops=st.integers(1, 4), hub=st.integers(0, 6), as_of=as_ofs)
    def paths(self, data: Any, k: int, max_hops: int, hub: int, as_of: AsOf | None) -> None:
        start, end = self._some_visible(data, as_of), self._some_visible(data, as_of)
        if start is not None and end is not None and start != end:
            answer = self.store.paths(self.ids[start], self.ids[end], k=k, max_hops=max_hops, hub=hub, as_of=as_of)
            expected = self.model.paths(start, end, k=k, max_hops=max_hops, hub=hub, as_of=as_of)
            assert [portrait.of_path(path) for path in answer] == expected

    @rule(as_of=as_ofs)
    def degrees(self, as_of: AsOf | None) -> None:
        answer = self.store.degrees(list(self.ids.values()), as_of=as_of)
        for ref, node_id in self.ids.items():
            if self.model.node(ref, as_of) is None:
                assert node_id not in answer
            else:
                shown = {(d.type, d.neighbour_label): d.count for d in answer[node_id]}
                assert shown == self.model.degrees(ref, as_of)

    @rule(ref=refs, as_of=as_ofs)
    def facts(self, ref: NodeRef, as_of: AsOf | None) -> None:
        if ref in self.ids:
            assert self.store.facts(self.ids[ref], as_of=as_of) == self.model.facts_about(ref, as_of)

    @rule(
        predicate=predicates,
        order=st.none() | st.sampled_from(APPLICATION_FIELDS),
        descending=st.booleans(),
        limit=st.integers(1, 3),
        offset=st.integers(0, 2),
    )
    def select(self, predicate: Predicate, order: str | None, descending: bool, limit: int, offset: int) -> None:
        answer = self.store.select(
            "Application", predicate, order=order, descending=descending, limit=limit, offset=offset
        )
        expected = self.model.select(
            "Application", predicate, order=order, descending=descending, limit=limit, offset=offset
        )
        assert [node.ref for node in answer] == expected
        assert self.store.count("Application", predicate) == len(self.model.select("Application", predicate))

    @rule(
        text=st.sampled_from(("张伟", "伟国", "wangfang", "WANG", "朝阳", "北京", "#3", "张", "没有", "阳区12")),
        labels=st.none() | st.just(["Address"]),
        limit=st.integers(1, 4),
    )
    def search(self, text: str, labels: list[str] | None, limit: int) -> None:
        answer = self.store.search(text, labels=labels, limit=limit)
        assert [(hit.node.ref, hit.property) for hit in answer] == self.model.search(text, labels, limit)

    @rule(as_of=as_ofs)
    def scans(self, as_of: AsOf | None) -> None:
        refs_of: dict[int, NodeRef] = {}
        for label in {ref.label for ref in REFS}:
            columns = self.store.scan_nodes(label, as_of=as_of)
            refs_of.update(zip(columns.handles.tolist(), (NodeRef(label, k) for k in columns.keys), strict=True))
        assert set(refs_of.values()) == {ref for ref in self.model.nodes if self.model.node(ref, as_of) is not None}
        found = set()
        for start, type, end in SCHEMA.triples:
            e = self.store.scan_edges(type, start, end, as_of=as_of)
            for s, t, q in zip(e.start.tolist(), e.end.tolist(), e.qualifier.tolist(), strict=True):
                found.add((refs_of[s], type, refs_of[t], e.qualifiers[q]))
        told = {(s, type, t, "" if type == "HUMAN_LINK" else q) for s, type, t, q in self.model.visible_edges(as_of)}
        assert found == told

    @invariant()
    def counts(self) -> None:
        statistics = self.store.statistics()
        assert sum(statistics.nodes.values()) == len(self.model.nodes)
        assert sum(statistics.edges.values()) == len(self.model.edges)
        assert sum(statistics.facts.values()) == len(self.model.facts)
        assert statistics.assessments == sum(map(len, self.model.scorings.values()))

    def _some_visible(self, data: Any, as_of: AsOf | None) -> NodeRef | None:
        visible = [ref for ref in self.ids if self.model.node(ref, as_of) is not None]
        return None if len(visible) == 0 else data.draw(st.sampled_from(visible))


@pytest.mark.slow
def test_a_store_answers_as_the_oracle_does(adapter: Adapter) -> None:
    run_state_machine_as_test(
        lambda: StoreMachine(adapter),
        settings=settings(
            max_examples=adapter.examples(40),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

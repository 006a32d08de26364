"""The SQLite adapter: the port's verbs, each one transaction over the functions of this folder. Contracts are in `graph_model/store.py`."""

import sqlite3
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path as FilePath

from graph_model.columns import (
    AssessmentColumns,
    Changes,
    EdgeColumns,
    EdgesAt,
    FactColumns,
    GradeColumns,
    NodeColumns,
    distinct,
)
from graph_model.crossing import Axis, Crossed, TagColumn, TagCounts
from graph_model.errors import StoreFull
from graph_model.moments import to_ms
from graph_model.predicates import EVERYTHING, Predicate
from graph_model.records import (
    AsOf,
    AuditEntry,
    AuditRecord,
    Degree,
    Fact,
    GraphBatch,
    LinkEdit,
    Node,
    NodeRef,
    Path,
    Ring,
    RiskAssessment,
    Scoring,
    SearchHit,
    Subgraph,
    UpsertResult,
)
from graph_model.schema import SCHEMA, Value
from graph_model.store import MAX_CAP, MAX_LIMIT, Capabilities, Clock, Condition, OnProgress, Statistics, utc_now
from graph_model.stores.sqlite import (
    assessing,
    case_counts,
    crossing,
    exporting,
    filing,
    importing,
    incident,
    ledger,
    link_edits,
    neighbourhood,
    past_runs,
    reading,
    scanning,
    selecting,
    tag_pass,
    tagging,
    unfinished,
)
from graph_model.stores.sqlite.backup import backup
from graph_model.stores.sqlite.changes import changes
from graph_model.stores.sqlite.condition import condition
from graph_model.stores.sqlite.connections import BUSY_SECONDS, Connections
from graph_model.stores.sqlite.names import load_names
from graph_model.stores.sqlite.paths import paths
from graph_model.stores.sqlite.scope import Scope
from graph_model.stores.sqlite.search import search
from graph_model.stores.sqlite.soundness import check
from graph_model.stores.sqlite.upsert import upsert
from graph_model.tagging import TagCell, TagChange, TagDifference, TagRule, TagRun, TagStep, TagValue
from graph_model.transfer import Bounds, Page, Part, Record


class SqliteStore:
    """A graph in one SQLite file. A write waits `busy_seconds` for another; `clock` says when now is."""

    def __init__(
        self,
        path: FilePath,
        *,
        create: bool = False,
        read_only: bool = False,
        busy_seconds: float = BUSY_SECONDS,
        clock: Clock = utc_now,
    ) -> None:
        self._connections = Connections(path, create=create, read_only=read_only, busy_seconds=busy_seconds)
        self._address = f"sqlite:///{path.resolve()}"  # one and the same from wherever the file is named
        self._clock = clock
        with self._connections.reading() as connection:
            self._names = load_names(connection)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(online_backup=True, many_writers=False, tells_changes=True)

    @property
    def address(self) -> str:
        return self._address

    # --- writing ---------------------------------------------------------------------------------------------------

    def upsert(self, batch: GraphBatch, *, state: Mapping[str, str] | None = None) -> UpsertResult:
        with self._connections.writing() as connection:
            result, changed = upsert(connection, self._names, batch)
            if changed:
                ledger.mark_changed(connection, self._clock())
            if state is not None:
                ledger.put_state(connection, state)
        return result

    def assign(self, label: str, predicate: Predicate, values: Mapping[str, Value]) -> int:
        with self._connections.writing() as connection:
            return selecting.assign(connection, self._names, label, predicate, values)

    def append_assessments(
        self,
        columns: AssessmentColumns,
        *,
        source: str,
        model_version: str,
        policy_version: str,
        as_of: datetime,
        scored_at: datetime,
        within: Scoring | None = None,
    ) -> None:
        with self._connections.writing() as connection:
            unfinished.require(connection, within)
            changed = assessing.append_assessments(
                connection,
                columns,
                source=source,
                model_version=model_version,
                policy_version=policy_version,
                as_of=as_of,
                scored_at=scored_at,
            )
            if changed:
                ledger.mark_changed(connection, self._clock())

    def append_rings(self, rings: Iterable[Ring], *, within: Scoring | None = None) -> None:
        with self._connections.writing() as connection:
            unfinished.require(connection, within)
            assessing.append_rings(connection, rings)

    def begin_scoring(self, scoring: Scoring) -> None:
        with self._connections.writing() as connection:
            unfinished.begin(connection, scoring)

    def append_scoring(self, scoring: Scoring, *, within: Scoring | None = None) -> None:
        with self._connections.writing() as connection:
            unfinished.require(connection, within)
            if assessing.append_scoring(connection, scoring):
                ledger.mark_changed(connection, self._clock())

    def take_back(self, scoring: Scoring, *, after: int = 0, limit: int = 20_000) -> int | None:
        with self._connections.writing() as connection:
            following = unfinished.take_back(connection, scoring, after=after, limit=limit)
            ledger.mark_changed(connection, self._clock())
        return following

    def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
        with self._connections.writing() as connection:
            return ledger.append_audit(connection, records)

    def edit_link(self, edit: LinkEdit) -> None:
        with self._connections.writing() as connection:
            if link_edits.edit_link(connection, self._names, edit):
                ledger.mark_changed(connection, self._clock())

    def tag(
        self, label: str, rules: Sequence[TagRule], *, within: Predicate = EVERYTHING, limit: int | None = None
    ) -> Generator[Sequence[TagStep], None, None]:
        return tag_pass.tag(self._connections, self._names, label, rules, within=within, limit=limit)

    def give_tag(self, run: TagRun, values: Mapping[str, TagCell | None]) -> list[TagChange]:
        with self._connections.writing() as connection:
            return tagging.give_tag(connection, run, values)

    def put_state(self, name: str, value: str) -> None:
        with self._connections.writing() as connection:
            ledger.put_state(connection, {name: value})

    def swap_state(self, name: str, *, expected: str | None, value: str | None) -> bool:
        with self._connections.writing() as connection:
            return ledger.swap_state(connection, name, expected=expected, value=value)

    def writing(self, purpose: str) -> AbstractContextManager[None]:
        return self._connections.long_job(purpose)

    def begin_load(self) -> None:
        with self._connections.reading() as connection:
            broken_off = filing.is_being_filed(connection)
        if broken_off:  # relationships can't be written until it is through
            self.finish_load()
        with self._connections.writing() as connection:
            filing.begin_load(connection)

    def loading(self) -> bool:
        with self._connections.reading() as connection:
            return not filing.is_filed(connection)

    def finish_load(self, on_progress: OnProgress | None = None) -> bool:
        if not self.loading():
            return False
        try:
            with self._connections.aside() as (connection, turn):
                filing.file_rows(connection, self._names, turn, on_progress)
        except StoreFull as exc:
            raise filing.no_room(self._connections.where) from exc
        return True

    # --- reading one -----------------------------------------------------------------------------------------------

    def get(self, ref: NodeRef, *, as_of: AsOf | None = None) -> Node | None:
        with self._connections.reading() as connection:
            return reading.get(connection, self._names, ref, as_of)

    def get_by_id(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> list[Node]:
        with self._connections.reading() as connection:
            return reading.get_by_id(self._scope(connection, as_of=as_of), node_ids)

    def facts(self, node_id: str, *, kind: str | None = None, as_of: AsOf | None = None) -> list[Fact]:
        with self._connections.reading() as connection:
            told = reading.facts_of(connection, self._names, [node_id], kind=kind, as_of=as_of)
        return told.get(node_id, [])

    def facts_of(
        self, node_ids: Sequence[str], *, kind: str | None = None, as_of: AsOf | None = None
    ) -> dict[str, list[Fact]]:
        with self._connections.reading() as connection:
            return reading.facts_of(connection, self._names, node_ids, kind=kind, as_of=as_of)

    def tags_of(
        self, node_ids: Sequence[str], *, on: date | None = None, as_of: AsOf | None = None
    ) -> dict[str, list[TagValue]]:
        with self._connections.reading() as connection:
            return tagging.tags_of(connection, node_ids, on, as_of)

    def tag_history(self, node_id: str, code: str) -> list[TagValue]:
        with self._connections.reading() as connection:
            return tagging.tag_history(connection, node_id, code)

    def link_edits(self, link_ids: Sequence[str]) -> dict[str, list[LinkEdit]]:
        with self._connections.reading() as connection:
            return link_edits.link_edits(connection, link_ids)

    def assessments(self, node_id: str, *, as_of: AsOf | None = None, limit: int = 50) -> list[RiskAssessment]:
        with self._connections.reading() as connection:
            return assessing.assessments(connection, node_id, as_of=as_of, limit=limit)

    def ring(self, ring_id: str, *, as_of: AsOf | None = None) -> Ring | None:
        with self._connections.reading() as connection:
            return assessing.ring(connection, ring_id, as_of)

    def rings(self, *, as_of: AsOf | None = None, limit: int = 100, offset: int = 0) -> list[Ring]:
        with self._connections.reading() as connection:
            return assessing.rings(connection, as_of=as_of, limit=limit, offset=offset)

    def latest_scoring(self, *, as_of: AsOf | None = None) -> Scoring | None:
        with self._connections.reading() as connection:
            return assessing.latest_scoring(connection, as_of)

    def unfinished_scoring(self) -> Scoring | None:
        with self._connections.reading() as connection:
            return unfinished.unfinished(connection)

    # --- reading around --------------------------------------------------------------------------------------------

    def neighbourhood(
        self,
        node_id: str,
        *,
        hops: int = 2,
        cap: int = 50,
        limit: int = 300,
        types: Sequence[str] | None = None,
        as_of: AsOf | None = None,
    ) -> Subgraph:
        neighbourhood.check_bounds(hops=hops, cap=cap, limit=limit)
        codes = None if types is None else frozenset(self._names.types[SCHEMA.relationship(t).name] for t in types)
        with self._connections.reading() as connection:
            scope = self._scope(connection, types=codes, as_of=as_of)
            return neighbourhood.neighbourhood(scope, node_id, hops=hops, cap=cap, limit=limit)

    def induced(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> Subgraph:
        with self._connections.reading() as connection:
            return neighbourhood.induced(self._scope(connection, as_of=as_of), node_ids)

    def component(self, node_id: str, *, limit: int = 5_000, hub: int = 200, as_of: AsOf | None = None) -> Subgraph:
        neighbourhood.check_bounds(limit=limit)
        with self._connections.reading() as connection:
            scope = self._scope(connection, as_of=as_of)
            return neighbourhood.component(scope, node_id, limit=limit, hub=hub)

    def degrees(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> dict[str, list[Degree]]:
        with self._connections.reading() as connection:
            return reading.degrees(self._scope(connection, as_of=as_of), node_ids)

    def paths(
        self, start: str, end: str, *, k: int = 3, max_hops: int = 4, hub: int = 200, as_of: AsOf | None = None
    ) -> list[Path]:
        with self._connections.reading() as connection:
            scope = self._scope(connection, as_of=as_of)
            return paths(scope, start, end, k=k, max_hops=max_hops, hub=hub)

    # --- finding ---------------------------------------------------------------------------------------------------

    def search(self, text: str, *, labels: Sequence[str] | None = None, limit: int = 20) -> list[SearchHit]:
        with self._connections.reading() as connection:
            return search(connection, self._names, text, labels=labels, limit=limit)

    def select(
        self,
        label: str,
        predicate: Predicate = EVERYTHING,
        *,
        order: str | None = None,
        descending: bool = False,
        limit: int = 1_000,
        offset: int = 0,
    ) -> list[Node]:
        with self._connections.reading() as connection:
            return selecting.select(
                connection,
                self._names,
                label,
                predicate,
                order=order,
                descending=descending,
                limit=limit,
                offset=offset,
            )

    def count(self, label: str, predicate: Predicate = EVERYTHING) -> int:
        with self._connections.reading() as connection:
            return selecting.count(connection, self._names, label, predicate)

    def cross(self, label: str, axes: tuple[Axis, Axis], predicate: Predicate = EVERYTHING) -> list[Crossed]:
        return crossing.cross(self._connections, self._names, label, axes, predicate)

    def tag_counts(self, codes: Sequence[str], among: Sequence[int]) -> TagCounts:
        with self._connections.reading() as connection:
            return crossing.tag_counts(connection, codes, among)

    def count_cases(self, label: str, within: Predicate, cases: Sequence[Predicate]) -> list[int]:
        return case_counts.count_cases(self._connections, self._names, label, within, cases)

    def tagged_by(self, run: TagRun, *, after: str = "", limit: int = MAX_LIMIT) -> list[str]:
        with self._connections.reading() as connection:
            return past_runs.tagged_by(connection, run, after, limit)

    def tag_difference(self, before: TagRun, after: TagRun) -> TagDifference:
        with self._connections.reading() as connection:
            return past_runs.tag_difference(connection, before, after)

    # --- reading all -----------------------------------------------------------------------------------------------

    def changes(self, after: int | None = None) -> Changes:
        with self._connections.reading() as connection:
            return changes(connection, after)

    def scan_nodes(
        self,
        label: str,
        properties: Sequence[str] = (),
        *,
        among: Sequence[int] | None = None,
        as_of: AsOf | None = None,
    ) -> NodeColumns:
        wanted = None if among is None else distinct(among)
        with self._connections.reading() as connection:
            return scanning.scan_nodes(connection, self._names, label, properties, as_of, among=wanted)

    def scan_edges(self, type: str, start_label: str, end_label: str, *, as_of: AsOf | None = None) -> EdgeColumns:
        with self._connections.reading() as connection:
            return scanning.scan_edges(
                connection, self._names, type, start_label, end_label, as_of, to_ms(self._clock())
            )

    def edges_at(
        self,
        handles: Sequence[int],
        *,
        types: Sequence[str] | None = None,
        cap: int = MAX_CAP,
        as_of: AsOf | None = None,
    ) -> EdgesAt:
        neighbourhood.check_bounds(cap=cap)
        codes = None if types is None else frozenset(self._names.types[SCHEMA.relationship(t).name] for t in types)
        with self._connections.reading() as connection:
            return incident.edges_at(self._scope(connection, types=codes, as_of=as_of), handles, cap=cap)

    def scan_facts(
        self,
        kind: str,
        *,
        values: Sequence[str] | None = None,
        among: Sequence[int] | None = None,
        as_of: AsOf | None = None,
    ) -> FactColumns:
        wanted = None if among is None else distinct(among)
        with self._connections.reading() as connection:
            return scanning.scan_facts(connection, self._names, kind, as_of, values=values, among=wanted)

    def grades_at(self, handles: Sequence[int], *, as_of: AsOf | None = None) -> GradeColumns:
        with self._connections.reading() as connection:
            return assessing.grades_at(connection, handles, as_of=as_of)

    def scan_tag(self, code: str, values: Sequence[TagCell]) -> TagColumn:
        with self._connections.reading() as connection:
            return crossing.scan_tag(connection, code, values)

    def node_ids(self, handles: Sequence[int]) -> list[str]:
        with self._connections.reading() as connection:
            return scanning.node_ids(connection, handles)

    def handles(self, node_ids: Sequence[str]) -> list[int]:
        with self._connections.reading() as connection:
            return scanning.handles(connection, node_ids)

    # --- the store itself ------------------------------------------------------------------------------------------

    def state(self, name: str) -> str | None:
        with self._connections.reading() as connection:
            return ledger.state(connection, name)

    def states(self, prefix: str, *, limit: int = 1_000) -> dict[str, str]:
        with self._connections.reading() as connection:
            return ledger.states(connection, prefix, limit=limit)

    def audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        with self._connections.reading() as connection:
            return ledger.audit(connection, after=after, limit=limit)

    def statistics(self) -> Statistics:
        with self._connections.reading() as connection:
            return ledger.statistics(connection)

    def condition(self) -> Condition:
        with self._connections.reading() as connection:
            return condition(connection, self._connections.path, self._clock())

    def check(self, *, thorough: bool = False) -> None:
        with self._connections.reading() as connection:
            check(connection, self._connections.path, self._connections.where, thorough=thorough)

    def backup(self, target: FilePath, *, on_progress: OnProgress | None = None) -> None:
        with self._connections.reading() as connection:
            backup(connection, target, on_progress)

    # --- moving house ----------------------------------------------------------------------------------------------

    def export_bounds(self) -> Bounds:
        with self._connections.reading() as connection:
            return exporting.bounds(connection)

    def export_records(self, part: Part, bounds: Bounds, *, after: str = "", limit: int = 5_000) -> Page:
        with self._connections.reading() as connection:
            return exporting.page(connection, self._names, part, bounds, after=after, limit=limit)

    def import_records(self, part: Part, records: Sequence[Record], *, state: Mapping[str, str]) -> None:
        with self._connections.writing() as connection:
            importing.take_in(connection, self._names, part, records)
            ledger.mark_changed(connection, self._clock())
            ledger.put_state(connection, state)

    def close(self) -> None:
        self._connections.close()

    def _scope(
        self, connection: sqlite3.Connection, *, types: Collection[int] | None = None, as_of: AsOf | None = None
    ) -> Scope:
        return Scope(connection, self._names, now=to_ms(self._clock()), types=types, as_of=as_of)

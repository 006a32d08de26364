"""The Neo4j adapter: the port's verbs, each one transaction over the functions of this folder. Contracts are in `graph_model/store.py`."""

from collections.abc import Generator, Iterable, Mapping, Sequence
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
from graph_model.errors import InvalidRequest
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
from graph_model.stores.neo4j import (
    assessing,
    crossing,
    exporting,
    importing,
    incident,
    ledger,
    linking,
    neighbourhood,
    reading,
    scanning,
    selecting,
    tagging,
    unfinished,
)
from graph_model.stores.neo4j.address import Address
from graph_model.stores.neo4j.backup import backup
from graph_model.stores.neo4j.connections import SCAN_SECONDS, Connections, Transaction
from graph_model.stores.neo4j.health import check, condition
from graph_model.stores.neo4j.paths import paths
from graph_model.stores.neo4j.search import search
from graph_model.stores.neo4j.upsert import upsert
from graph_model.stores.neo4j.walk import HubCounts, Walk
from graph_model.stores.neo4j.writer_lock import long_job
from graph_model.tagging import TagCell, TagChange, TagDifference, TagRule, TagRun, TagStep, TagValue
from graph_model.transfer import Bounds, Page, Part, Record


class Neo4jStore:
    """A graph in a Neo4j database. `clock` dates `Statistics.changed_at` and says which links drawn by hand have expired."""

    def __init__(
        self,
        address: Address,
        *,
        create: bool = False,
        read_only: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self._connections = Connections(address, create=create, read_only=read_only, clock=clock)
        self._clock = clock
        self._hubs = HubCounts()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(online_backup=False, many_writers=False)

    @property
    def address(self) -> str:
        return self._connections.where

    # --- writing ---------------------------------------------------------------------------------------------------

    def upsert(self, batch: GraphBatch, *, state: Mapping[str, str] | None = None) -> UpsertResult:
        def work(transaction: Transaction) -> UpsertResult:
            result, changed = upsert(transaction, batch)
            if changed:
                ledger.mark_changed(transaction, self._clock())
            if state is not None:
                ledger.put_state(transaction, state)
            return result

        return self._connections.write(work)

    def assign(self, label: str, predicate: Predicate, values: Mapping[str, Value]) -> int:
        return self._connections.write(lambda t: selecting.assign(t, label, predicate, values))

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
        def work(transaction: Transaction) -> None:
            unfinished.require(transaction, within)
            changed = assessing.append_assessments(
                transaction,
                columns,
                source=source,
                model_version=model_version,
                policy_version=policy_version,
                as_of=as_of,
                scored_at=scored_at,
            )
            if changed:
                ledger.mark_changed(transaction, self._clock())

        self._connections.write(work)

    def append_rings(self, rings: Iterable[Ring], *, within: Scoring | None = None) -> None:
        found = list(rings)

        def work(transaction: Transaction) -> None:
            unfinished.require(transaction, within)
            assessing.append_rings(transaction, found)

        self._connections.write(work)

    def begin_scoring(self, scoring: Scoring) -> None:
        self._connections.write(lambda t: unfinished.begin(t, scoring))

    def append_scoring(self, scoring: Scoring, *, within: Scoring | None = None) -> None:
        def work(transaction: Transaction) -> None:
            unfinished.require(transaction, within)
            if assessing.append_scoring(transaction, scoring):
                ledger.mark_changed(transaction, self._clock())

        self._connections.write(work)

    def take_back(self, scoring: Scoring, *, after: int = 0, limit: int = 20_000) -> int | None:
        def work(transaction: Transaction) -> int | None:
            following = unfinished.take_back(transaction, scoring, after=after, limit=limit)
            ledger.mark_changed(transaction, self._clock())
            return following

        return self._connections.write(work)

    def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
        return self._connections.write(lambda t: ledger.append_audit(t, records))

    def edit_link(self, edit: LinkEdit) -> None:
        def work(transaction: Transaction) -> None:
            if linking.edit_link(transaction, edit):
                ledger.mark_changed(transaction, self._clock())

        self._connections.write(work)

    def tag(
        self, label: str, rules: Sequence[TagRule], *, within: Predicate = EVERYTHING, limit: int | None = None
    ) -> Generator[Sequence[TagStep], None, None]:
        return tagging.tag(self._connections, label, rules, within=within, limit=limit)

    def give_tag(self, run: TagRun, values: Mapping[str, TagCell | None]) -> list[TagChange]:
        return self._connections.write(lambda t: tagging.give_tag(t, run, values))

    def put_state(self, name: str, value: str) -> None:
        self._connections.write(lambda t: ledger.put_state(t, {name: value}))

    def swap_state(self, name: str, *, expected: str | None, value: str | None) -> bool:
        return self._connections.write(lambda t: ledger.swap_state(t, name, expected=expected, value=value))

    def writing(self, purpose: str) -> AbstractContextManager[None]:
        return long_job(self._connections, purpose)

    def begin_load(self) -> None:
        """Nothing is put off: a relationship is one record, which both ends are followed by."""

    def loading(self) -> bool:
        return False

    def finish_load(self, on_progress: OnProgress | None = None) -> bool:
        return False

    # --- reading one -----------------------------------------------------------------------------------------------

    def get(self, ref: NodeRef, *, as_of: AsOf | None = None) -> Node | None:
        return self._connections.read(lambda t: reading.get(t, ref, as_of))

    def get_by_id(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> list[Node]:
        return self._connections.read(lambda t: reading.get_by_id(t, node_ids, as_of))

    def facts(self, node_id: str, *, kind: str | None = None, as_of: AsOf | None = None) -> list[Fact]:
        return self.facts_of([node_id], kind=kind, as_of=as_of).get(node_id, [])

    def facts_of(
        self, node_ids: Sequence[str], *, kind: str | None = None, as_of: AsOf | None = None
    ) -> dict[str, list[Fact]]:
        return self._connections.read(lambda t: reading.facts_of(t, node_ids, kind=kind, as_of=as_of))

    def tags_of(
        self, node_ids: Sequence[str], *, on: date | None = None, as_of: AsOf | None = None
    ) -> dict[str, list[TagValue]]:
        return self._connections.read(lambda t: tagging.tags_of(t, node_ids, on, as_of))

    def tag_history(self, node_id: str, code: str) -> list[TagValue]:
        return self._connections.read(lambda t: tagging.tag_history(t, node_id, code))

    def link_edits(self, link_ids: Sequence[str]) -> dict[str, list[LinkEdit]]:
        return self._connections.read(lambda t: linking.link_edits(t, link_ids))

    def assessments(self, node_id: str, *, as_of: AsOf | None = None, limit: int = 50) -> list[RiskAssessment]:
        return self._connections.read(lambda t: assessing.assessments(t, node_id, as_of=as_of, limit=limit))

    def ring(self, ring_id: str, *, as_of: AsOf | None = None) -> Ring | None:
        return self._connections.read(lambda t: assessing.ring(t, ring_id, as_of))

    def rings(self, *, as_of: AsOf | None = None, limit: int = 100, offset: int = 0) -> list[Ring]:
        return self._connections.read(lambda t: assessing.rings(t, as_of=as_of, limit=limit, offset=offset))

    def latest_scoring(self, *, as_of: AsOf | None = None) -> Scoring | None:
        return self._connections.read(lambda t: assessing.latest_scoring(t, as_of))

    def unfinished_scoring(self) -> Scoring | None:
        return self._connections.read(unfinished.unfinished)

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
        names = None if types is None else [SCHEMA.relationship(name).name for name in types]
        return self._connections.read(
            lambda t: neighbourhood.neighbourhood(
                Walk(t, self._hubs, names, as_of), node_id, hops=hops, cap=cap, limit=limit
            )
        )

    def induced(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> Subgraph:
        return self._connections.read(lambda t: neighbourhood.induced(Walk(t, self._hubs, as_of=as_of), node_ids))

    def component(self, node_id: str, *, limit: int = 5_000, hub: int = 200, as_of: AsOf | None = None) -> Subgraph:
        neighbourhood.check_bounds(limit=limit)
        return self._connections.read(
            lambda t: neighbourhood.component(Walk(t, self._hubs, as_of=as_of), node_id, limit=limit, hub=hub)
        )

    def degrees(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> dict[str, list[Degree]]:
        return self._connections.read(lambda t: reading.degrees(Walk(t, self._hubs, as_of=as_of), node_ids))

    def paths(
        self, start: str, end: str, *, k: int = 3, max_hops: int = 4, hub: int = 200, as_of: AsOf | None = None
    ) -> list[Path]:
        return self._connections.read(
            lambda t: paths(Walk(t, self._hubs, as_of=as_of), start, end, k=k, max_hops=max_hops, hub=hub)
        )

    # --- finding ---------------------------------------------------------------------------------------------------

    def search(self, text: str, *, labels: Sequence[str] | None = None, limit: int = 20) -> list[SearchHit]:
        return self._connections.read(lambda t: search(t, text, labels=labels, limit=limit))

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
        return self._connections.read(
            lambda t: selecting.select(
                t, label, predicate, order=order, descending=descending, limit=limit, offset=offset
            )
        )

    def count(self, label: str, predicate: Predicate = EVERYTHING) -> int:
        return self._connections.read(lambda t: selecting.count(t, label, predicate))

    def cross(self, label: str, axes: tuple[Axis, Axis], predicate: Predicate = EVERYTHING) -> list[Crossed]:
        return self._connections.read(lambda t: crossing.cross(t, label, axes, predicate), seconds=SCAN_SECONDS)

    def tag_counts(self, codes: Sequence[str], among: Sequence[int]) -> TagCounts:
        return self._connections.read(lambda t: crossing.tag_counts(t, codes, among))

    def count_cases(self, label: str, within: Predicate, cases: Sequence[Predicate]) -> list[int]:
        return self._connections.read(lambda t: selecting.count_cases(t, label, within, cases))

    def tagged_by(self, run: TagRun, *, after: str = "", limit: int = MAX_LIMIT) -> list[str]:
        return self._connections.read(lambda t: tagging.tagged_by(t, run, after, limit))

    def tag_difference(self, before: TagRun, after: TagRun) -> TagDifference:
        return self._connections.read(lambda t: tagging.tag_difference(t, before, after))

    # --- reading all -----------------------------------------------------------------------------------------------

    def changes(self, after: int | None = None) -> Changes:
        raise InvalidRequest("Neo4j keeps no account of what was written. Read what you need anew.")

    def scan_nodes(
        self,
        label: str,
        properties: Sequence[str] = (),
        *,
        among: Sequence[int] | None = None,
        as_of: AsOf | None = None,
    ) -> NodeColumns:
        if among is not None:
            wanted = distinct(among)
            return self._connections.read(lambda t: scanning.nodes_among(t, wanted, label, properties, as_of))
        greatest = self._connections.settled()
        return self._connections.read(
            lambda t: scanning.scan_nodes(t, greatest, label, properties, as_of), seconds=SCAN_SECONDS
        )

    def scan_edges(self, type: str, start_label: str, end_label: str, *, as_of: AsOf | None = None) -> EdgeColumns:
        return self._connections.read(
            lambda t: scanning.scan_edges(t, type, start_label, end_label, as_of), seconds=SCAN_SECONDS
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
        names = None if types is None else [SCHEMA.relationship(name).name for name in types]
        return self._connections.read(lambda t: incident.edges_at(t, handles, types=names, cap=cap, as_of=as_of))

    def scan_facts(
        self,
        kind: str,
        *,
        values: Sequence[str] | None = None,
        among: Sequence[int] | None = None,
        as_of: AsOf | None = None,
    ) -> FactColumns:
        said = None if values is None else list(values)
        if among is not None:
            wanted = distinct(among)
            return self._connections.read(lambda t: scanning.facts_among(t, wanted, kind, said, as_of))
        return self._connections.read(lambda t: scanning.scan_facts(t, kind, said, as_of), seconds=SCAN_SECONDS)

    def grades_at(self, handles: Sequence[int], *, as_of: AsOf | None = None) -> GradeColumns:
        return self._connections.read(lambda t: assessing.grades_at(t, handles, as_of))

    def scan_tag(self, code: str, values: Sequence[TagCell]) -> TagColumn:
        return self._connections.read(lambda t: crossing.scan_tag(t, code, values), seconds=SCAN_SECONDS)

    def node_ids(self, handles: Sequence[int]) -> list[str]:
        return self._connections.read(lambda t: scanning.node_ids(t, handles))

    def handles(self, node_ids: Sequence[str]) -> list[int]:
        return self._connections.read(lambda t: scanning.handles(t, node_ids))

    # --- the store itself ------------------------------------------------------------------------------------------

    def state(self, name: str) -> str | None:
        return self._connections.read(lambda t: ledger.state(t, name))

    def states(self, prefix: str, *, limit: int = 1_000) -> dict[str, str]:
        return self._connections.read(lambda t: ledger.states(t, prefix, limit=limit))

    def audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        return self._connections.read(lambda t: ledger.audit(t, after=after, limit=limit))

    def statistics(self) -> Statistics:
        return self._connections.read(ledger.statistics)

    def condition(self) -> Condition:
        return self._connections.read(condition)

    def check(self, *, thorough: bool = False) -> None:
        self._connections.read(lambda t: check(t, self._connections.where, thorough=thorough), seconds=SCAN_SECONDS)

    def backup(self, target: FilePath, *, on_progress: OnProgress | None = None) -> None:
        backup(self, target, on_progress)

    # --- moving house ----------------------------------------------------------------------------------------------

    def export_bounds(self) -> Bounds:
        greatest = self._connections.settled()
        return self._connections.read(lambda t: exporting.bounds(t, greatest))

    def export_records(self, part: Part, bounds: Bounds, *, after: str = "", limit: int = 5_000) -> Page:
        return self._connections.read(
            lambda t: exporting.page(t, part, bounds, after=after, limit=limit), seconds=SCAN_SECONDS
        )

    def import_records(self, part: Part, records: Sequence[Record], *, state: Mapping[str, str]) -> None:
        def work(transaction: Transaction) -> None:
            importing.take_in(transaction, part, records)
            ledger.mark_changed(transaction, self._clock())
            ledger.put_state(transaction, state)

        self._connections.write(work)

    def close(self) -> None:
        self._connections.close()

"""The store: a port of verbs of the domain, not a query language. Adapters live in `graph_model/stores`; one suite proves them all.

What every adapter promises:

* **Atomic.** A verb that writes does all of it or none of it, and what it has returned from survives kill -9.
* **Idempotent.** Writing the same records again changes nothing.
* **Own writes are read.** A read that begins after a write returned sees it.
* **Threads.** One store object may be used from many threads; several processes may read while one writes.
* **Names** come from `SCHEMA`; a name it does not declare raises UnknownName. Values are always parameters.
* **Order** is total and the same in every adapter, so that answers can be compared: neighbours by `last_seen` falling, then label, then key.
* **Errors** are those of `graph_model.errors`; a driver's own exception never escapes.

As-of: where a verb takes `as_of`, None means now. Otherwise an edge is there when `first_seen <= event` and `recorded_at <= recorded` (where that
is set), a node likewise, a fact when `at <= event` and `recorded_at <= recorded`, an assessment when its `as_of <= event` and `scored_at <= recorded`.
Properties of nodes and edges are current values: what has a history is a fact, or an edit of a link.

Now is the store's clock, which `open_store` is given: only the expiry of links drawn by hand asks for it. Where `graph_model.deadline` sets a
deadline, a read that is past it is stopped and raises StoreTimeout.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path as FilePath
from typing import Protocol

from graph_model.columns import (
    AssessmentColumns,
    Changes,
    EdgeColumns,
    EdgesAt,
    FactColumns,
    GradeColumns,
    NodeColumns,
)
from graph_model.crossing import Axis, Crossed, TagColumn, TagCounts
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
from graph_model.schema import Value
from graph_model.tagging import TagCell, TagChange, TagDifference, TagRule, TagRun, TagStep, TagValue
from graph_model.transfer import Bounds, Page, Part, Record

Clock = Callable[[], datetime]  # aware
OnProgress = Callable[[str, int, int], None]  # stage, done, total (0 where it can't be known)


def utc_now() -> datetime:
    """The system's clock: what a store goes by that is given no other."""
    return datetime.now(UTC)


MAX_HOPS = 6
MAX_CAP = 5_000
MAX_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; the conformance suite tests what is declared."""

    online_backup: bool  # a byte copy while others write; otherwise `backup` is a logical export
    many_writers: bool  # two processes may be in the middle of a write at once
    tells_changes: bool = False  # `changes` tells what was written, by whatever process


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much is in the graph, and when it last changed."""

    nodes: Mapping[str, int]  # by label; every label of the schema is there
    edges: Mapping[str, int]  # by relationship type, likewise; links drawn by hand count after their end too
    facts: Mapping[str, int]  # by kind, likewise
    assessments: int
    changed_at: datetime | None  # of the last committed upsert, scoring or edit of a link


@dataclass(frozen=True, slots=True)
class Condition:
    """What an engine says of itself. `sizes` are bytes by `file`, `log` and `free` (inside the file), where the engine can tell."""

    engine: str  # with its version
    version: int  # of the way in which the graph is kept
    latest: int  # and what this Guanxi would write
    sizes: Mapping[str, int]
    clock: datetime  # of the machine that the engine runs on


class GraphStore(Protocol):
    """A property graph of customers and what they share."""

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def address(self) -> str:
        """Where the store is, without secrets, for messages."""
        ...

    # --- writing ---------------------------------------------------------------------------------------------------

    def upsert(self, batch: GraphBatch, *, state: Mapping[str, str] | None = None) -> UpsertResult:
        """Write records, and `state` entries in the same transaction (an ingest's checkpoint).

        Nodes merge by (label, key): first_seen, recorded_at to the least, last_seen to the greatest; a property is overwritten by a record
        *newer* (`seen`) than the one the node's properties came from, and only filled in where it was missing otherwise. New nodes get a
        random node_id. Edges merge by (start, type, end, qualifier): first_seen and recorded_at to the least, last_seen to the greatest; source
        and properties stay those of the first; the first_seen and recorded_at of its ends fall to its own, so that whoever sees an edge sees
        both ends. One of the schema's human type that has `expires_at` is there until then. Facts are a set of (about, kind, topic, value, at,
        source); recorded_at to the least, and the note stays that of the first.
        Raises InvalidRequest for an end or subject that is neither in the batch nor in the store, or ends that the schema does not allow.
        """
        ...

    def assign(self, label: str, predicate: Predicate, values: Mapping[str, Value]) -> int:
        """Set declared, non-key properties on every node that matches; returns how many did."""
        ...

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
        """Append one scoring of many nodes and make it their latest (where nothing with a later as_of is), in one transaction.

        Calls with the same source, versions and moments are parts of one scoring: a large one is written in parts of some 20,000 nodes,
        so that others can write in between. A node that the scoring has already is left as it is. Raises InvalidRequest; `scoring.lost` where
        `within` is given and is not the unfinished scoring, which is looked up in the transaction that writes.
        """
        ...

    def append_rings(self, rings: Iterable[Ring], *, within: Scoring | None = None) -> None:
        """Append what one scoring found. Several rings of one id are versions of it. `within` as for assessments."""
        ...

    def begin_scoring(self, scoring: Scoring) -> None:
        """Say that a scoring of the whole graph begins, before its first ring and assessment: should it never be completed, `unfinished_scoring`
        names it, and until it is, neither `rings` nor `ring` shows what it found. Raises InvalidRequest `scoring.unfinished` where another
        one was begun and is neither complete nor taken back."""
        ...

    def append_scoring(self, scoring: Scoring, *, within: Scoring | None = None) -> None:
        """Say that a scoring of the whole graph is complete, after its rings and assessments. From then on it is the newest: `latest_scoring`
        names it, and `rings` are its own, even if it found none. The assessment of a single application says nothing of the kind.
        `within` as for assessments."""
        ...

    def take_back(self, scoring: Scoring, *, after: int = 0, limit: int = 20_000) -> int | None:
        """Undo the unfinished scoring for the nodes of the `limit` handles after `after`: they show their newest other assessment again.
        Returns what to go on after; None when all of it is gone, rings too, and it is unfinished no more. Broken off, it may begin again.
        Raises InvalidRequest for a scoring that is not the unfinished one."""
        ...

    def append_audit(self, records: Sequence[AuditRecord]) -> list[AuditEntry]:
        """Append lines to the audit chain, in their order and in one transaction, and return them with sequence and digest
        (`graph_model.audit.digest`). Many processes may append to one chain at once."""
        ...

    def edit_link(self, edit: LinkEdit) -> None:
        """Append one edit of a link drawn by hand and make the graph show it, in one transaction.

        A drawn link is an edge of the schema's human type with `link_id` as its qualifier, `at` as its first_seen, last_seen and recorded_at,
        author as its source, and author, reason, evidence and expires_at as properties, where they say something; annotating changes the last
        three, and what was said at the latest moment stands. It is there from its drawing until it is retracted or expires, whichever is first:
        afterwards no read shows it, unless as of a moment before (`event` or, where it is earlier, `recorded`). The first_seen and recorded_at
        of its ends fall to its own. Source edges are never touched. The same edit again changes nothing.
        Raises NotFound for an unknown end, or a link that was never drawn; InvalidRequest `link.ended` for annotating or retracting one that
        has ended, `link.expiry` for an expiry that is not after `at`, and for drawing an id that is taken, an edit dated before the drawing, or
        other ends than it was drawn between.
        """
        ...

    def tag(
        self, label: str, rules: Sequence[TagRule], *, within: Predicate = EVERYTHING, limit: int | None = None
    ) -> Generator[Sequence[TagStep], None, None]:
        """Give the nodes of `label` that meet `within` what each rule says, and take its tag from all others. `limit` nodes at a time (as many as
        the engine likes when None): once they are written a step of each rule is told. What has its value already is left alone, so the same
        runs again change nothing. No rule may read a tag of another. Others' short writes get in between; one that is closed early leaves whole
        steps. Raises, as it begins, InvalidRequest `tag.past` where the base date of a run is before that of its tag's newest run: the past is
        not written anew."""
        ...

    def give_tag(self, run: TagRun, values: Mapping[str, TagCell | None]) -> list[TagChange]:
        """Give nodes, by opaque id, their value of the run's tag, or take it from them with None; other nodes keep theirs. What has its value
        already is left alone. Returns what changed. Raises NotFound for an unknown id, InvalidRequest `tag.past` as `tag` does."""
        ...

    def put_state(self, name: str, value: str) -> None:
        """Keep a small named text, such as a checkpoint."""
        ...

    def swap_state(self, name: str, *, expected: str | None, value: str | None) -> bool:
        """Set the text `name` to `value` where it is `expected` now, atomically among all processes; None stands for none. Whether it did."""
        ...

    def writing(self, purpose: str) -> AbstractContextManager[None]:
        """Hold the store for one long job of many writes (`ingest`, `score`). Short writes of others still get in between.
        Raises StoreLocked, naming the holder, where another process holds it; a holder that died holds nothing."""
        ...

    def begin_load(self) -> None:
        """Say that a load begins. Into an empty graph, or one whose first load was broken off, an engine may put off what only walks need until
        `finish_load`; until then verbs that follow relationships raise StoreLoading. The caller holds the store for writing."""
        ...

    def loading(self) -> bool:
        """Whether something was put off and not made yet."""
        ...

    def finish_load(self, on_progress: OnProgress | None = None) -> bool:
        """Make what was put off; whether there was anything. Broken off, it goes on when it is called again. Meanwhile others may write
        anything but relationships, which raise StoreLoading. The caller holds the store for writing: what is put off then is nobody else's."""
        ...

    # --- reading one -----------------------------------------------------------------------------------------------

    def get(self, ref: NodeRef, *, as_of: AsOf | None = None) -> Node | None:
        """The node with that natural key."""
        ...

    def get_by_id(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> list[Node]:
        """The nodes of these opaque ids, in the order asked; unknown ids are left out."""
        ...

    def facts(self, node_id: str, *, kind: str | None = None, as_of: AsOf | None = None) -> list[Fact]:
        """Facts about one node by rising `at`, then kind, topic and value."""
        ...

    def facts_of(
        self, node_ids: Sequence[str], *, kind: str | None = None, as_of: AsOf | None = None
    ) -> dict[str, list[Fact]]:
        """The facts about many nodes at once, each node's as `facts` has them; nodes without any are left out."""
        ...

    def tags_of(
        self, node_ids: Sequence[str], *, on: date | None = None, as_of: AsOf | None = None
    ) -> dict[str, list[TagValue]]:
        """The tags of many nodes by rising code, as they are, as they were on a base date, or as of a moment (`TagRun.speaks_by`); nodes without
        any are left out."""
        ...

    def tag_history(self, node_id: str, code: str) -> list[TagValue]:
        """Whatever one tag said of a node, by rising run: None where it ended. Nothing of an unknown node or tag."""
        ...

    def link_edits(self, link_ids: Sequence[str]) -> dict[str, list[LinkEdit]]:
        """The history of links drawn by hand, each by rising `at`, retracted and expired ones too; unknown ids are left out."""
        ...

    def assessments(self, node_id: str, *, as_of: AsOf | None = None, limit: int = 50) -> list[RiskAssessment]:
        """A node's scorings, the newest (by as_of, then scored_at) first."""
        ...

    def ring(self, ring_id: str, *, as_of: AsOf | None = None) -> Ring | None:
        """The newest version of a ring."""
        ...

    def rings(self, *, as_of: AsOf | None = None, limit: int = 100, offset: int = 0) -> list[Ring]:
        """The rings of the newest scoring, by known_fraud then size falling, then ring_id."""
        ...

    def latest_scoring(self, *, as_of: AsOf | None = None) -> Scoring | None:
        """The newest complete scoring of the whole graph, by as_of, then scored_at; None where there was none."""
        ...

    def unfinished_scoring(self) -> Scoring | None:
        """The scoring that was begun and is not complete: at work, or what a process that died left behind."""
        ...

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
        """The nodes within `hops` of one, breadth first, and every edge among them of `types` (all when None).

        From each node at most `cap` neighbours are followed per relationship type (the two directions of a type count as one), the most
        recently seen first, and no more than `limit` nodes are returned in all, nearest first, those of one hop in the order above.
        Everything left out is in `omissions`, one per (node, type) that has more neighbours than are shown in the answer.
        Raises NotFound, or InvalidRequest outside 1..MAX_HOPS, 1..MAX_CAP, 1..MAX_LIMIT.
        """
        ...

    def induced(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> Subgraph:
        """These nodes (at most MAX_LIMIT) and every edge among them. `hops` is empty."""
        ...

    def component(self, node_id: str, *, limit: int = 5_000, hub: int = 200, as_of: AsOf | None = None) -> Subgraph:
        """What hangs together with a node: breadth first without passing *through* nodes that have more than `hub` relationships (they are
        in the answer, with an omission; the node that was asked for is passed through whatever it has). At most `limit` nodes; `omissions`
        says where it stopped."""
        ...

    def degrees(self, node_ids: Sequence[str], *, as_of: AsOf | None = None) -> dict[str, list[Degree]]:
        """For each node, its relationships counted by type and neighbour label (both directions), in schema order. Hubs are counted, not walked."""
        ...

    def paths(
        self, start: str, end: str, *, k: int = 3, max_hops: int = 4, hub: int = 200, as_of: AsOf | None = None
    ) -> list[Path]:
        """Up to k simple paths between two nodes, shortest first, then by the total degree of the nodes between (hub-penalised), never
        through a node of more than `hub` relationships. Between two hubs the search gives up where it would read some 100,000 relationships."""
        ...

    # --- finding ---------------------------------------------------------------------------------------------------

    def search(self, text: str, *, labels: Sequence[str] | None = None, limit: int = 20) -> list[SearchHit]:
        """Nodes whose searchable properties hold `text`: whole, as a prefix or inside, two Chinese characters being enough. Folding as in
        `schema.text.fold_key`. Whole matches first, then prefixes, then the rest; then by label order and key. Fewer than two characters find nothing."""
        ...

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
        """Nodes that match, by the field `order` (nodes without it last) and then by key."""
        ...

    def count(self, label: str, predicate: Predicate = EVERYTHING) -> int:
        """How many nodes match."""
        ...

    def count_cases(self, label: str, within: Predicate, cases: Sequence[Predicate]) -> list[int]:
        """Of the nodes that match `within`, how many meet each of the cases and none before it, and last how many meet none, all at one moment."""
        ...

    def tagged_by(self, run: TagRun, *, after: str = "", limit: int = MAX_LIMIT) -> list[str]:
        """Opaque ids, rising and above `after`, of the nodes that have the run's tag as that run left it, whatever was computed since; none
        where there was no such run."""
        ...

    def tag_difference(self, before: TagRun, after: TagRun) -> TagDifference:
        """What became of who had a tag from one run of it to a later one."""
        ...

    def cross(self, label: str, axes: tuple[Axis, Axis], predicate: Predicate = EVERYTHING) -> list[Crossed]:
        """How many of the nodes that match have which pair of values; each node is counted once, pairs that nobody has are left out.
        Raises InvalidRequest `portrait.too_many` for more than MOST_PAIRS of them, or MOST_VALUES of an axis."""
        ...

    def tag_counts(self, codes: Sequence[str], among: Sequence[int]) -> TagCounts:
        """How many of the nodes of these handles have which newest value of each tag."""
        ...

    # --- reading all -----------------------------------------------------------------------------------------------

    def changes(self, after: int | None = None) -> Changes:
        """The nodes whose properties, relationships or facts were written since the version `after`, by whatever process; scores, tags,
        consents and contacts are not told. With None, the version of now. Raises InvalidRequest where the engine keeps no account."""
        ...

    def scan_nodes(
        self,
        label: str,
        properties: Sequence[str] = (),
        *,
        among: Sequence[int] | None = None,
        as_of: AsOf | None = None,
    ) -> NodeColumns:
        """All nodes of a label, or those of the handles `among`, by rising handle. Handles of other labels or of nothing are left out."""
        ...

    def scan_edges(self, type: str, start_label: str, end_label: str, *, as_of: AsOf | None = None) -> EdgeColumns:
        """All relationships of one type between two labels, by rising start, end and qualifier. Links drawn by hand come without their ids: the
        qualifier is empty."""
        ...

    def edges_at(
        self,
        handles: Sequence[int],
        *,
        types: Sequence[str] | None = None,
        cap: int = MAX_CAP,
        as_of: AsOf | None = None,
    ) -> EdgesAt:
        """The relationships of many nodes at once, as `scan_edges` has them: one EdgeColumns for each kind of which there is any, in schema
        order. Links drawn by hand are not among them.

        Of a node that has more than `cap` of one type (in whatever direction), `cap` of them are read, those kept as seen last first; which of
        several that were seen last at the same moment is not said. Such nodes are in `capped`, and no other. Unknown handles have nothing.
        Raises InvalidRequest for a cap outside 1..MAX_CAP.
        """
        ...

    def scan_facts(
        self,
        kind: str,
        *,
        values: Sequence[str] | None = None,
        among: Sequence[int] | None = None,
        as_of: AsOf | None = None,
    ) -> FactColumns:
        """All facts of a kind, or those of some `values`, or about the handles `among`, by rising `at`, then subject, value and topic."""
        ...

    def grades_at(self, handles: Sequence[int], *, as_of: AsOf | None = None) -> GradeColumns:
        """Grade and ring of many nodes, in the order asked, as `get_by_id` shows them. Unknown handles have none."""
        ...

    def scan_tag(self, code: str, values: Sequence[TagCell]) -> TagColumn:
        """Everybody who has a tag, and which of these values is the newest."""
        ...

    def node_ids(self, handles: Sequence[int]) -> list[str]:
        """The opaque ids of nodes that a scan gave handles of, in the order asked."""
        ...

    def handles(self, node_ids: Sequence[str]) -> list[int]:
        """The handles of nodes, in the order asked, for writing columns about them. Raises NotFound for an unknown id."""
        ...

    # --- the store itself ------------------------------------------------------------------------------------------

    def state(self, name: str) -> str | None: ...

    def states(self, prefix: str, *, limit: int = 1_000) -> dict[str, str]:
        """The small texts whose name begins so, by name falling (names that end in a rising moment come newest first)."""
        ...

    def audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        """Audit lines with a sequence above `after`, in order."""
        ...

    def statistics(self) -> Statistics: ...

    def condition(self) -> Condition: ...

    def check(self, *, thorough: bool = False) -> None:
        """A quick look that the store answers and is sound; a thorough one reads all of it (minutes). Raises a StoreError."""
        ...

    def backup(self, target: FilePath, *, on_progress: OnProgress | None = None) -> None:
        """Write a consistent copy to a new file while others read and write. Raises InvalidRequest where `target` exists."""
        ...

    # --- moving house ----------------------------------------------------------------------------------------------

    def export_bounds(self) -> Bounds:
        """What bounds an export that begins now: new nodes that are written later are in none of its parts."""
        ...

    def export_records(self, part: Part, bounds: Bounds, *, after: str = "", limit: int = 5_000) -> Page:
        """Some of the records of one part (about `limit`, and it may be none), those that come `after` a page's own mark."""
        ...

    def import_records(self, part: Part, records: Sequence[Record], *, state: Mapping[str, str]) -> None:
        """Take in another store's records as they are, node ids and digests included, with `state` in the same transaction.
        The parts come in their order, each record once, and nobody else has written to this store."""
        ...

    def close(self) -> None: ...

"""The oracle: the port's contract in plain dictionaries, written for reading and not for speed. It knows nodes by their natural key."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from graph_model.predicates import AllOf, Among, AnyOf, Compare, Missing, Not, Operator, Predicate
from graph_model.records import AsOf, EdgeRecord, Fact, GraphBatch, LinkAction, LinkEdit, NodeRecord, NodeRef
from graph_model.schema import SCHEMA, Value
from graph_model.schema.text import fold_key

EdgeIdentity = tuple[NodeRef, str, NodeRef, str]
FOREVER = AsOf(datetime.max.replace(tzinfo=UTC), None)


@dataclass(frozen=True)
class ModelNode:
    ref: NodeRef
    first_seen: datetime
    last_seen: datetime
    recorded_at: datetime
    source: str
    properties_at: datetime | None = None
    properties: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Scoring:
    score: float
    grade: str
    ring_id: str | None
    as_of: datetime
    scored_at: datetime
    order: int  # of appending


@dataclass
class ModelSubgraph:
    nodes: list[NodeRef]
    edges: dict[EdgeIdentity, EdgeRecord]
    hops: dict[NodeRef, int]
    omissions: dict[tuple[NodeRef, str], tuple[int, int]]  # (shown, total)


class Model:
    def __init__(self) -> None:
        self.nodes: dict[NodeRef, ModelNode] = {}
        self.edges: dict[EdgeIdentity, EdgeRecord] = {}
        self.retracted: dict[EdgeIdentity, datetime] = {}
        self.told: dict[EdgeIdentity, datetime] = {}  # of drawn links: when what they say was said
        self.facts: dict[tuple[NodeRef, str, str, str, datetime, str], Fact] = {}
        self.scorings: dict[NodeRef, list[Scoring]] = defaultdict(list)

    # --- writing ---------------------------------------------------------------------------------------------------

    def upsert(self, batch: GraphBatch) -> tuple[list[bool], list[bool], list[bool]]:
        return (
            [self._merge_node(record) for record in batch.nodes],
            [self._merge_edge(record) for record in batch.edges],
            [self._merge_fact(record) for record in batch.facts],
        )

    def _merge_node(self, record: NodeRecord) -> bool:
        created = record.ref not in self.nodes
        if created:
            self.nodes[record.ref] = ModelNode(record.ref, record.seen, record.seen, record.recorded_at, record.source)
        known = self.nodes[record.ref]
        properties = dict(known.properties)
        properties_at = known.properties_at
        if len(record.properties) > 0 and (created or not record.implied):
            newer = properties_at is None or record.seen > properties_at
            for name, value in record.properties.items():
                if newer or name not in properties:
                    properties[name] = value
            properties_at = record.seen if newer else properties_at
        self.nodes[record.ref] = replace(
            known,
            first_seen=min(known.first_seen, record.seen),
            last_seen=max(known.last_seen, record.seen),
            recorded_at=min(known.recorded_at, record.recorded_at),
            properties=properties,
            properties_at=properties_at,
        )
        return created

    def _merge_edge(self, record: EdgeRecord) -> bool:
        for ref in (record.start, record.end):
            end = self.nodes[ref]
            self.nodes[ref] = replace(
                end,
                first_seen=min(end.first_seen, record.first_seen),
                recorded_at=min(end.recorded_at, record.recorded_at),
            )
        identity = (record.start, record.type, record.end, record.qualifier)
        known = self.edges.get(identity)
        if known is None:
            self.edges[identity] = record
            return True
        self.edges[identity] = known._replace(
            first_seen=min(known.first_seen, record.first_seen),
            last_seen=max(known.last_seen, record.last_seen),
            recorded_at=min(known.recorded_at, record.recorded_at),
        )
        return False

    def _merge_fact(self, record: Fact) -> bool:
        identity = (record.about, record.kind, record.topic, record.value, record.at, record.source)
        known = self.facts.get(identity)
        if known is None or record.recorded_at < known.recorded_at:
            self.facts[identity] = record
        return known is None

    def edit_link(self, edit: LinkEdit, start: NodeRef, end: NodeRef) -> bool:
        """Whether the edit is accepted."""
        identity = (start, "HUMAN_LINK", end, edit.link_id)
        if edit.action is LinkAction.DRAW:
            moments = (edit.at, edit.at, edit.at)
            self._merge_edge(EdgeRecord("HUMAN_LINK", start, end, *moments, edit.author, edit.link_id))
        else:
            gone = identity in self.retracted or self._has_ended(identity, AsOf(edit.at, None))
            if gone or edit.at < self.edges[identity].first_seen:
                return False
        if edit.action is LinkAction.RETRACT:
            self.retracted[identity] = edit.at
        elif edit.at >= self.told.get(identity, edit.at):
            self.told[identity] = edit.at
            said: dict[str, Value] = {"author": edit.author, "reason": edit.reason}
            if edit.expires_at is not None:
                said["expires_at"] = edit.expires_at
            self.edges[identity] = self.edges[identity]._replace(properties=said)
        return True

    def assign(self, label: str, predicate: Predicate, values: Mapping[str, Value]) -> int:
        matching = [n for n in self.nodes.values() if n.ref.label == label and self.matches(n, predicate)]
        for known in matching:
            self.nodes[known.ref] = replace(known, properties={**known.properties, **values})
        return len(matching)

    def assess(self, ref: NodeRef, scoring: Scoring) -> None:
        self.scorings[ref].append(scoring)

    # --- as of -----------------------------------------------------------------------------------------------------

    def node(self, ref: NodeRef, as_of: AsOf | None = None) -> ModelNode | None:
        known, moment = self.nodes.get(ref), as_of or FOREVER
        if known is None or known.first_seen > moment.event or _after(known.recorded_at, moment):
            return None
        return replace(known, last_seen=known.last_seen if known.last_seen <= moment.event else known.first_seen)

    def visible_edges(
        self, as_of: AsOf | None = None, types: Sequence[str] | None = None
    ) -> dict[EdgeIdentity, EdgeRecord]:
        moment = as_of or FOREVER
        return {
            identity: e._replace(last_seen=e.last_seen if e.last_seen <= moment.event else e.first_seen)
            for identity, e in self.edges.items()
            if (types is None or e.type in types)
            and e.first_seen <= moment.event
            and not _after(e.recorded_at, moment)
            and not self._has_ended(identity, moment)
        }

    def _has_ended(self, identity: EdgeIdentity, moment: AsOf) -> bool:
        expires_at = self.edges[identity].properties.get("expires_at")
        ends = [end for end in (expires_at, self.retracted.get(identity)) if isinstance(end, datetime)]
        looked_from = moment.event if moment.recorded is None else min(moment.event, moment.recorded)
        return any(end <= looked_from for end in ends)

    def facts_about(self, ref: NodeRef, as_of: AsOf | None = None) -> list[Fact]:
        moment = as_of or FOREVER
        found = [
            f
            for f in self.facts.values()
            if f.about == ref and f.at <= moment.event and not _after(f.recorded_at, moment)
        ]
        return sorted(found, key=lambda f: (f.at, f.kind, f.topic, f.value, f.source))

    def scoring(self, ref: NodeRef, as_of: AsOf | None = None) -> Scoring | None:
        moment = as_of or FOREVER
        found = [s for s in self.scorings[ref] if s.as_of <= moment.event and not _after(s.scored_at, moment)]
        return max(found, key=lambda s: (s.as_of, s.scored_at, s.order), default=None)

    # --- walking ---------------------------------------------------------------------------------------------------

    def neighbours(self, edges: Iterable[EdgeRecord], ref: NodeRef) -> dict[str, dict[NodeRef, datetime]]:
        """By type the other ends, with the moment each was last seen beside `ref`."""
        found: dict[str, dict[NodeRef, datetime]] = defaultdict(dict)
        for e in edges:
            for one, other in ((e.start, e.end), (e.end, e.start)):
                if one == ref and other != ref:
                    seen = found[e.type].get(other)
                    found[e.type][other] = e.last_seen if seen is None else max(seen, e.last_seen)
        return found

    def neighbourhood(
        self,
        ref: NodeRef,
        *,
        hops: int,
        cap: int,
        limit: int,
        types: Sequence[str] | None = None,
        as_of: AsOf | None = None,
    ) -> ModelSubgraph:
        edges = self.visible_edges(as_of, types)
        distance, frontier = {ref: 0}, [ref]
        for hop in range(1, hops + 1):
            reached: dict[NodeRef, datetime] = {}
            for one in frontier:
                for others in self.neighbours(edges.values(), one).values():
                    _reach(reached, {other: others[other] for other in _in_order(others)[:cap]})
            frontier = _take(distance, reached, hop, limit)
        return self._subgraph(distance, edges)

    def component(self, ref: NodeRef, *, limit: int, hub: int, as_of: AsOf | None = None) -> ModelSubgraph:
        edges = self.visible_edges(as_of)
        distance, frontier, hop = {ref: 0}, [ref], 0
        while len(frontier) > 0 and len(distance) < limit:
            hop += 1
            reached: dict[NodeRef, datetime] = {}
            for one in frontier:
                if one == ref or self.degree(one, edges.values()) <= hub:
                    for others in self.neighbours(edges.values(), one).values():
                        _reach(reached, others)
            frontier = _take(distance, reached, hop, limit)
        return self._subgraph(distance, edges)

    def induced(self, refs: Sequence[NodeRef], as_of: AsOf | None = None) -> ModelSubgraph:
        nodes = [ref for ref in dict.fromkeys(refs) if self.node(ref, as_of) is not None]
        edges = {k: e for k, e in self.visible_edges(as_of).items() if e.start in nodes and e.end in nodes}
        return ModelSubgraph(nodes, edges, {}, {})

    def _subgraph(self, distance: dict[NodeRef, int], edges: Mapping[EdgeIdentity, EdgeRecord]) -> ModelSubgraph:
        omissions = {}
        for ref in distance:
            for type, others in self.neighbours(edges.values(), ref).items():
                shown = sum(other in distance for other in others)
                if shown < len(others):
                    omissions[ref, type] = (shown, len(others))
        among = {k: e for k, e in edges.items() if e.start in distance and e.end in distance}
        return ModelSubgraph(list(distance), among, distance, omissions)

    def degree(self, ref: NodeRef, edges: Iterable[EdgeRecord]) -> int:
        return sum(ref in (e.start, e.end) for e in edges)

    def degrees(self, ref: NodeRef, as_of: AsOf | None = None) -> dict[tuple[str, str], int]:
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for e in self.visible_edges(as_of).values():
            if ref in (e.start, e.end):
                counts[e.type, (e.end if e.start == ref else e.start).label] += 1
        return counts

    def paths(
        self, start: NodeRef, end: NodeRef, *, k: int, max_hops: int, hub: int, as_of: AsOf | None = None
    ) -> list[tuple[NodeRef, ...]]:
        edges = self.visible_edges(as_of)
        degree = {ref: self.degree(ref, edges.values()) for ref in self.nodes}

        def extend(path: tuple[NodeRef, ...]) -> Iterator[tuple[NodeRef, ...]]:
            if path[-1] == end:
                yield path
            elif len(path) <= max_hops and (len(path) == 1 or degree[path[-1]] <= hub):
                following = {o for others in self.neighbours(edges.values(), path[-1]).values() for o in others}
                for other in following - set(path):
                    yield from extend((*path, other))

        return sorted(extend((start,)), key=lambda p: (len(p), sum(degree[ref] for ref in p[1:-1]), p))[:k]

    # --- finding ---------------------------------------------------------------------------------------------------

    def select(
        self,
        label: str,
        predicate: Predicate,
        *,
        order: str | None = None,
        descending: bool = False,
        limit: int = 1_000,
        offset: int = 0,
    ) -> list[NodeRef]:
        found = sorted(
            (n for n in self.nodes.values() if n.ref.label == label and self.matches(n, predicate)),
            key=lambda n: n.ref.key,
        )
        if order is not None:
            has = [n for n in found if self.field(n, order) is not None]
            has.sort(key=lambda n: self.field(n, order), reverse=descending)  # type: ignore[arg-type, return-value]
            found = has + [n for n in found if self.field(n, order) is None]
        return [n.ref for n in found[offset : offset + limit]]

    def matches(self, node: ModelNode, predicate: Predicate) -> bool:
        match predicate:
            case Compare(field=name, operator=operator, value=value):
                own = self.field(node, name)
                return own is not None and _compare(own, operator, value)
            case Among(field=name, values=values):
                own = self.field(node, name)
                return own is not None and own in values
            case Missing(field=name):
                return self.field(node, name) is None
            case AllOf(parts=parts):
                return all(self.matches(node, part) for part in parts)
            case AnyOf(parts=parts):
                return any(self.matches(node, part) for part in parts)
            case Not(part=part):
                return not self.matches(node, part)

    def field(self, node: ModelNode, name: str) -> Value | None:
        scoring = self.scoring(node.ref)
        if name in ("score", "grade", "ring_id"):
            return None if scoring is None else getattr(scoring, name)
        if name in ("first_seen", "last_seen", "recorded_at", "source"):
            value: Value = getattr(node, name)
            return value
        if name == SCHEMA.node(node.ref.label).key.name:
            return node.ref.key
        return node.properties.get(name)

    def search(self, text: str, labels: Sequence[str] | None = None, limit: int = 20) -> list[tuple[NodeRef, str]]:
        wanted = fold_key(text)
        if len(wanted) < 2:
            return []
        hits = []
        for node in self.nodes.values():
            if labels is not None and node.ref.label not in labels:
                continue
            for declared in SCHEMA.node(node.ref.label).searchable:
                folded = fold_key(str(self.field(node, declared.name) or ""))
                if wanted in folded:
                    rank = 0 if folded == wanted else 1 if folded.startswith(wanted) else 2
                    hits.append((rank, SCHEMA.labels.index(node.ref.label), node.ref.key, declared.name, node.ref))
        return [(hit[4], hit[3]) for hit in sorted(hits)[:limit]]


def _after(recorded_at: datetime, as_of: AsOf) -> bool:
    return as_of.recorded is not None and recorded_at > as_of.recorded


def _reach(reached: dict[NodeRef, datetime], others: Mapping[NodeRef, datetime]) -> None:
    for other, seen in others.items():
        reached[other] = max(seen, reached.get(other, seen))


def _in_order(seen: Mapping[NodeRef, datetime]) -> list[NodeRef]:
    by_name = sorted(seen)
    return sorted(by_name, key=lambda ref: seen[ref], reverse=True)  # stable, so names rise within a moment


def _take(distance: dict[NodeRef, int], reached: dict[NodeRef, datetime], hop: int, limit: int) -> list[NodeRef]:
    fresh = {ref: seen for ref, seen in reached.items() if ref not in distance}
    taken = _in_order(fresh)[: limit - len(distance)]
    distance.update(dict.fromkeys(taken, hop))
    return taken


def _compare(own: Value, operator: Operator, value: Value) -> bool:
    match operator:
        case Operator.EQ:
            return own == value
        case Operator.NE:
            return own != value
        case Operator.LT:
            return own < value  # type: ignore[operator]
        case Operator.LE:
            return own <= value  # type: ignore[operator]
        case Operator.GT:
            return own > value  # type: ignore[operator]
        case Operator.GE:
            return own >= value  # type: ignore[operator]

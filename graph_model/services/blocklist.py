"""The blocklist (黑名单): whom and what no application may come with. Listing and removing are dated facts about nodes, so its past can be asked.

Keys are personal data: they are cleaned by the schema's types, and no message repeats one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graph_model.errors import InvalidRequest
from graph_model.moments import to_ms, whole
from graph_model.principal import Principal, Right
from graph_model.records import Fact, GraphBatch, Node, NodeRecord, NodeRef
from graph_model.schema import SCHEMA, Value
from graph_model.schema.identifiers import birth_date_of, sex_of
from graph_model.schema.text import tidy
from graph_model.services.blocklist_facts import KIND, LISTED, REMOVED, changes, is_listed, stated
from graph_model.services.lookup import by_node_id
from graph_model.services.wording import reason_of
from graph_model.store import GraphStore

LISTABLE = ("Customer", *SCHEMA.identifiers)  # people, and what they use
_AT_ONCE = 500  # nodes read at a time


@dataclass(frozen=True, slots=True)
class Listing:
    """Somebody or something to be listed. `told` is what the key itself says, for a node that is not in the graph yet."""

    ref: NodeRef
    told: Mapping[str, Value]
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A node's place on the blocklist: since when, why, by whom and until when; `listed` is False for one that was taken off."""

    node: Node
    listed: bool
    reason: str
    source: str
    since: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the blocklist, newest first. `places` are where its entries stand; `total` counts all that is listed, of that type."""

    entries: Sequence[Entry]
    places: Sequence["Place"]
    more: bool
    total: int


Place = tuple[int, str]  # milliseconds of the last statement, node id

# --- reading -------------------------------------------------------------------------------------------------------


def blocked(store: GraphStore, node_ids: Sequence[str], *, moment: datetime) -> set[str]:
    """Those of the nodes that are on the blocklist at a moment, in one read. For whoever decides; people ask `is_blocklisted`."""
    found = store.facts_of(node_ids, kind=KIND)
    return {node_id for node_id, facts in found.items() if is_listed(facts, moment)}


def is_blocklisted(store: GraphStore, principal: Principal, node_id: str, *, moment: datetime) -> bool:
    principal.require(Right.SEE_RISK)
    return len(blocked(store, [node_id], moment=moment)) > 0


def entry_of(store: GraphStore, principal: Principal, node: Node, *, moment: datetime) -> Entry | None:
    """A node's place on the blocklist at a moment; None where it is not listed then."""
    principal.require(Right.SEE_RISK)
    facts = store.facts(node.node_id, kind=KIND)
    return _entry(node, facts, moment) if is_listed(facts, moment) else None


def page(
    store: GraphStore,
    principal: Principal,
    *,
    label: str | None = None,
    first: int,
    after: Place | None = None,
    now: datetime,
) -> Page:
    """Who is listed now, of one type or of all; `after` is the place of the last entry seen. Raises UnknownName."""
    principal.require(Right.SEE_RISK)
    wanted = None if label is None else SCHEMA.node(label).label
    everybody = _listed_now(store, now, wanted)
    rest = everybody if after is None else [place for place in everybody if _behind(place, after)]
    entries: list[Entry] = []
    places: list[Place] = []
    for begin in range(0, len(rest), _AT_ONCE):
        some = rest[begin : begin + _AT_ONCE]
        ids = [node_id for _, node_id in some]
        facts = store.facts_of(ids, kind=KIND)
        nodes = {node.node_id: node for node in store.get_by_id(ids)}
        for place in some:
            node = nodes.get(place[1])
            if node is not None and is_listed(facts.get(place[1], ()), now):
                entries.append(_entry(node, facts[place[1]], now))
                places.append(place)
        if len(entries) > first:
            break
    return Page(entries[:first], places[:first], len(entries) > first, len(everybody))


def _listed_now(store: GraphStore, now: datetime, label: str | None) -> list[Place]:
    columns = store.scan_facts(KIND)
    past = np.flatnonzero(columns.at <= to_ms(now))
    # Facts are by (at, handle, value): the last one of each node counts.
    about, first_from_end = np.unique(columns.about[past][::-1], return_index=True)
    last = past[::-1][first_from_end]
    listed = np.asarray([value == LISTED for value in columns.values], dtype=np.bool_)[columns.value[last]]
    if label is not None:
        listed &= np.isin(about, store.scan_nodes(label, among=about.tolist()).handles)
    moments = columns.at[last][listed].tolist()
    ids = store.node_ids(about[listed].tolist())
    return sorted(zip(moments, ids, strict=True), key=_order)


def _order(place: Place) -> Place:
    return -place[0], place[1]


def _behind(place: Place, other: Place) -> bool:
    return _order(place) > _order(other)


def _entry(node: Node, facts: Sequence[Fact], now: datetime) -> Entry:
    """Of a node that was listed or removed at least once."""
    ordered = changes(facts)
    past = [fact for fact in ordered if fact.at <= now]
    current = past[-1]
    begun = current
    for fact in reversed(past):
        if fact.value != current.value:
            break
        begun = fact
    ends = [fact.at for fact in ordered if fact.at > now and fact.value == REMOVED]
    listed = current.value == LISTED
    return Entry(node, listed, current.note, current.source, begun.at, ends[0] if listed and len(ends) > 0 else None)


# --- writing -------------------------------------------------------------------------------------------------------


def listing(label: str, key: str, *, reason: str, expires_at: datetime | None, now: datetime) -> Listing:
    """What is to be listed, cleaned by its type. Raises UnknownName, InvalidValue with the type's reason, or InvalidRequest blocklist.which,
    blocklist.reason, blocklist.expiry, text.personal. No message holds the key."""
    node_type = SCHEMA.node(label)
    _require_listable(label)
    if len(tidy(key)) == 0:
        raise InvalidRequest("The key is empty.", code="blocklist.which")
    clean = str(node_type.key.type.clean(key))
    told: dict[str, Value] = {}
    if label == "Customer":
        sex, born = sex_of(clean), birth_date_of(clean)
        told = {} if sex is None or born is None else {"sex": sex, "birth_date": born}
    elif node_type.title is not None:
        told = {node_type.title: node_type.declared(node_type.title).type.clean(key)}
    return Listing(NodeRef(label, clean), told, _reason(reason), _expiry(expires_at, now))


def add(store: GraphStore, principal: Principal, wanted: Sequence[Listing], *, now: datetime) -> Sequence[Entry]:
    """List all of these, or none; a key that is not in the graph becomes a node. Listing again says reason and expiry anew; the same again
    changes nothing."""
    principal.require(Right.BLOCK)
    moment = whole(now)
    met = {one.ref: store.get(one.ref) for one in wanted}
    facts = _facts_by_ref(store, [node for node in met.values() if node is not None])
    nodes = [
        NodeRecord(one.ref, moment, moment, principal.source, one.told)
        for one in {one.ref: one for one in wanted}.values()
        if met[one.ref] is None
    ]
    new: list[Fact] = []
    since = dict.fromkeys(met, moment)
    for one in wanted:
        before = facts.setdefault(one.ref, [])
        if not _says_the_same(before, one, moment):
            made = stated(
                before, one.ref, LISTED, one.reason, source=principal.source, now=moment, until=one.expires_at
            )
            since[one.ref] = made[0].at
            before += made
            new += made
    store.upsert(GraphBatch(nodes, facts=new))
    return [_entry(_there(store, one.ref), facts[one.ref], since[one.ref]) for one in wanted]


def add_node(
    store: GraphStore, principal: Principal, node_id: str, *, reason: str, expires_at: datetime | None, now: datetime
) -> Entry:
    """List a node of the graph. Raises NotFound, or InvalidRequest as `listing` does."""
    principal.require(Right.BLOCK)
    node = by_node_id(store, node_id)
    _require_listable(node.label)
    wanted = Listing(node.ref, {}, _reason(reason), _expiry(expires_at, now))
    (entry,) = add(store, principal, [wanted], now=now)
    return entry


def remove(store: GraphStore, principal: Principal, node_id: str, *, reason: str, now: datetime) -> Entry:
    """Take a node off, and whatever was dated ahead with it. Raises NotFound, or InvalidRequest blocklist.reason, blocklist.not_listed."""
    principal.require(Right.BLOCK)
    why, moment = _reason(reason), whole(now)
    node = by_node_id(store, node_id)
    before = store.facts(node_id, kind=KIND)
    if not is_listed(before, moment):
        raise InvalidRequest("This is not on the blocklist.", code="blocklist.not_listed")
    made = stated(before, node.ref, REMOVED, why, source=principal.source, now=moment)
    store.upsert(GraphBatch(facts=made))
    return _entry(node, [*before, *made], made[0].at)


def _says_the_same(before: Sequence[Fact], wanted: Listing, now: datetime) -> bool:
    if not is_listed(before, now):
        return False
    ordered = changes(before)
    current = [fact for fact in ordered if fact.at <= now][-1]
    ends = [fact.at for fact in ordered if fact.at > now and fact.value == REMOVED]
    # Reasons were once kept with full-width characters folded: the same file, loaded again, says nothing new of them.
    return tidy(current.note) == tidy(wanted.reason) and (ends[0] if ends else None) == wanted.expires_at


def _facts_by_ref(store: GraphStore, nodes: Sequence[Node]) -> dict[NodeRef, list[Fact]]:
    found = store.facts_of([node.node_id for node in nodes], kind=KIND)
    return {node.ref: list(found.get(node.node_id, ())) for node in nodes}


def _there(store: GraphStore, ref: NodeRef) -> Node:
    node = store.get(ref)
    assert node is not None  # it was written, or there before
    return node


def _require_listable(label: str) -> None:
    if label not in LISTABLE:
        raise InvalidRequest(f"On the blocklist are: {', '.join(LISTABLE)}.", code="blocklist.which")


def _reason(text: str) -> str:
    return reason_of(text, code="blocklist.reason")


def _expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is None:
        return None
    if expires_at <= now:
        raise InvalidRequest("A listing expires in the future. Choose a later moment.", code="blocklist.expiry")
    return whole(expires_at)

"""The graph of a ring: its customers, and whatever ties them to each other. A few reads however many they are."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from graph_model.columns import EdgesAt
from graph_model.predicates import Compare, Operator
from graph_model.records import AsOf, Node, Subgraph
from graph_model.schema import SCHEMA
from graph_model.services.ring_then import left_since
from graph_model.store import GraphStore

SHARED_CAP = 50  # relationships of one member that are looked at, per type
MOST_ASKED = 200  # members of whom it is asked, one by one, what investigators tied to them by hand
APPLIED = "APPLIED"
_HUMAN = tuple(kind.name for kind in SCHEMA.relationships if kind.human)


def ring_graph(
    store: GraphStore, subject: Node, *, limit: int, source_only: bool, as_of: AsOf | None
) -> Subgraph | None:
    """The subject, its ring's customers, every node that at least two of them are tied to, by themselves or by an application, and the applications
    that tie whom nothing else does. None where the ring is the subject alone."""
    assert subject.ring_id is not None
    ring: Sequence[Node] = store.select("Customer", Compare("ring_id", Operator.EQ, subject.ring_id), limit=limit)
    if as_of is not None:
        # Who is in the ring today but was not known, or not in it, at that moment is no part of the answer.
        then = store.get_by_id([node.node_id for node in ring], as_of=as_of)
        ring = [node for node in then if node.ring_id == subject.ring_id]
    customers = list(dict.fromkeys([subject.node_id, *(node.node_id for node in ring)]))[:limit]
    if as_of is not None and len(customers) < limit:
        room = limit - len(customers)
        customers += left_since(store, customers, subject.ring_id, cap=SHARED_CAP, limit=room, as_of=as_of)
    if len(customers) < 2:
        return None
    members = dict(zip(store.handles(customers), customers, strict=True))
    ties: defaultdict[int, set[int]] = defaultdict(set)  # what is tied -> the members that it is tied to
    forms: dict[int, int] = {}  # application -> who made it
    for kind, start, end in _pairs(store.edges_at(list(members), cap=SHARED_CAP, as_of=as_of)):
        if kind == APPLIED:
            forms[end] = start
        for member, other in ((start, end), (end, start)):
            if member in members:
                ties[other].add(member)
    by_form: defaultdict[int, dict[int, int]] = defaultdict(dict)  # what is tied -> member -> by which application
    for kind, start, end in _pairs(store.edges_at(list(forms), cap=SHARED_CAP, as_of=as_of)):
        if kind != APPLIED and start in forms:
            by_form[end].setdefault(forms[start], start)
    if not source_only:
        for member, other in _drawn(store, members, as_of):
            ties[other].add(member)
    shared = [other for other in {**ties, **by_form} if len(ties[other] | by_form[other].keys()) >= 2]
    tying = [form for other in shared for member, form in by_form[other].items() if member not in ties[other]]
    others = store.node_ids([handle for handle in dict.fromkeys((*shared, *tying)) if handle not in members])
    return store.induced([*customers, *others][:limit], as_of=as_of)


def _pairs(found: EdgesAt) -> Iterator[tuple[str, int, int]]:
    for columns in found.columns:
        for start, end in zip(columns.start.tolist(), columns.end.tolist(), strict=True):
            yield columns.type, start, end


def _drawn(store: GraphStore, members: dict[int, str], as_of: AsOf | None) -> Iterator[tuple[int, int]]:
    """What investigators tied to each of the first members by hand; it is asked where there are such links at all."""
    drawn = store.statistics().edges
    if sum(drawn[name] for name in _HUMAN) == 0:
        return
    for member, node_id in islice(members.items(), MOST_ASKED):
        around = store.neighbourhood(node_id, hops=1, cap=SHARED_CAP, limit=1_000, types=_HUMAN, as_of=as_of)
        for other in store.handles([node.node_id for node in around.nodes if node.node_id != node_id]):
            yield member, other

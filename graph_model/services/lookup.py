"""Look-up: what a person typed → the nodes it may mean. Identifiers are cleaned by their own types and found by key; the rest is searched."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph_model.errors import InvalidRequest, InvalidValue, NotFound, NotKnownThen
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Grade, Node, NodeRef
from graph_model.schema import SCHEMA
from graph_model.schema.text import compact, tidy
from graph_model.services.masking import caption
from graph_model.store import GraphStore

MAX_TEXT = 200
MAX_HITS = 50
_LOOKS_LIKE_ID = re.compile(r"\d{17}[\dXx]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A node that was found, captioned for its reader. `matched` names the property."""

    id: str
    type: str
    caption: str
    matched: str
    grade: Grade | None


def view_as_of(moment: datetime | None) -> AsOf | None:
    """How a person looks back: the world as it was at a moment, with all that was learnt of it since. (Replays, scores and training
    use the strict `AsOf.at`: files without `recorded_at` would show an empty past.)"""
    return None if moment is None else AsOf(event=moment, recorded=None)


def subject_by_id_number(store: GraphStore, principal: Principal, id_number: str, *, as_of: AsOf | None = None) -> Node:
    """The customer of a document number. Raises InvalidValue with the reason (id.length, id.malformed, id.checksum,
    id.component, id.document_type), NotFound, or NotKnownThen."""
    if not principal.may(Right.SEE_RISK):
        principal.require(Right.SEE_GRAPH)
    ref = NodeRef("Customer", clean_key("Customer", id_number))
    node = store.get(ref, as_of=as_of)
    if node is not None:
        return node
    later = None if as_of is None else store.get(ref)
    if later is not None:
        raise _not_known_then(later)
    raise NotFound("No customer with this ID number is in the graph. Check the number, or ingest the customer's file.")


def clean_key(label: str, text: str) -> str:
    """The natural key that somebody meant. Raises InvalidValue with the reason of the key's property type, or UnknownName for an undeclared type."""
    node_type = SCHEMA.node(label)
    if label == "Customer" and len(compact(text)) == 0:
        raise InvalidValue("id.length", "Type an ID number: 18 characters, or TYPE:number for another document.")
    return str(node_type.key.type.clean(text))


def by_key(store: GraphStore, principal: Principal, label: str, text: str, *, as_of: AsOf | None = None) -> Node | None:
    """The node of this type with that natural key, as somebody wrote it. Raises InvalidValue or UnknownName."""
    principal.require(Right.SEE_GRAPH)
    return store.get(NodeRef(label, clean_key(label, text)), as_of=as_of)


def by_node_id(store: GraphStore, node_id: str, *, as_of: AsOf | None = None) -> Node:
    """Raises NotFound; NotKnownThen where it is of later. The caller has checked the principal's right to what it will show."""
    found = store.get_by_id([node_id], as_of=as_of)
    if len(found) > 0:
        return found[0]
    later = [] if as_of is None else store.get_by_id([node_id])
    if len(later) > 0:
        raise _not_known_then(later[0])
    raise NotFound("There is no such node in the graph.")


def _not_known_then(node: Node) -> NotKnownThen:
    begins = node.first_seen.isoformat(timespec="seconds")
    return NotKnownThen(
        f"Nothing was known of it at that moment: its first record is of {begins}. Ask as of a later one."
    )


def search(store: GraphStore, principal: Principal, text: str, *, limit: int = 10) -> Sequence[Hit]:
    """Exact identifiers first, then names and addresses. Raises InvalidRequest `search.too_short` under two characters, and the
    ID number's own InvalidValue when the text is shaped like one, is wrong, and means nothing else."""
    principal.require(Right.SEE_GRAPH)
    if not 1 <= limit <= MAX_HITS:
        raise InvalidRequest(f"limit is between 1 and {MAX_HITS}.")
    wanted = tidy(text)
    if len(compact(wanted)) < 2:
        raise InvalidRequest("Type at least two characters.", code="search.too_short")
    if len(wanted) > MAX_TEXT:
        raise InvalidRequest(f"Type at most {MAX_TEXT} characters.", code="search.too_long")
    exact, refused = _by_key(store, wanted)
    hits: dict[str, Hit] = {}
    for node in exact:
        key = SCHEMA.node(node.label).key.name
        hits[node.node_id] = Hit(node.node_id, node.label, caption(node, principal), key, _grade(node, principal))
    for found in store.search(wanted, limit=limit):
        node = found.node
        hits.setdefault(
            node.node_id,
            Hit(node.node_id, node.label, caption(node, principal), found.property, _grade(node, principal)),
        )
    if len(hits) == 0 and refused is not None:
        raise refused
    return tuple(hits.values())[:limit]


def _by_key(store: GraphStore, text: str) -> tuple[list[Node], InvalidValue | None]:
    """Nodes whose key the text is, in schema order; and why it is no ID number, where it looks like one and like nothing else."""
    found: list[Node] = []
    cleaned: set[str] = set()
    refused: InvalidValue | None = None
    for node_type in SCHEMA.nodes:
        try:
            keys = node_type.key.type.keys(text)
        except InvalidValue as exc:
            if node_type.label == "Customer" and _LOOKS_LIKE_ID.fullmatch(compact(text)):
                refused = exc
            continue
        cleaned.add(node_type.label)
        found += [node for key in keys if (node := store.get(NodeRef(node_type.label, key))) is not None]
    is_card = "BankAccount" in cleaned and re.fullmatch(r"[3-6]\d{15,18}", compact(text)) is not None
    return found, None if is_card else refused


def _grade(node: Node, principal: Principal) -> Grade | None:
    return node.grade if principal.may(Right.SEE_RISK) else None

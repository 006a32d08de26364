"""What a builder of rules offers: the names a rule about customers may use, with their captions, as far as a principal may see. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from graph_model.errors import UnknownName
from graph_model.predicates import COMMON_FIELDS, Direction, ends, sharing_types
from graph_model.principal import Principal, Right
from graph_model.schema import SCHEMA, Caption, NodeType, RelationshipType, StorageKind
from graph_model.schema.property_types import Choice
from graph_model.services.segments.definition import LABEL
from graph_model.services.tags.binding import RISK_PROPERTIES

_COMMON = {"first_seen": Caption("首次出现", "First seen"), "last_seen": Caption("最近出现", "Last seen")}
_RISK = {"grade": Caption("评级", "Grade"), "score": Caption("评分", "Score")}


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"  # a date or a moment, compared by its day
    FLAG = "flag"
    AGE = "age"  # a date of which only the years since may be asked


_KINDS = {
    StorageKind.TEXT: Kind.TEXT,
    StorageKind.INTEGER: Kind.NUMBER,
    StorageKind.REAL: Kind.NUMBER,
    StorageKind.DATE: Kind.DAY,
    StorageKind.MOMENT: Kind.DAY,
    StorageKind.BOOLEAN: Kind.FLAG,
}


@dataclass(frozen=True, slots=True)
class Field:
    """`choices` are (code, zh, en) of values that have words; where it is `open`, there may be others."""

    name: str
    caption: Caption
    kind: Kind
    choices: Sequence[tuple[str, str, str]]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A type of node, and what may be asked of one."""

    label: str
    caption: Caption
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Tie:
    """A type of relationship that customers have, to which types of node; `directed` where it leads from customer to customer."""

    type: str
    caption: Caption
    to: Sequence[str]
    directed: bool


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`targets` begin with the customer; `shared` are types of node that several customers may have in common."""

    targets: Sequence[Target]
    ties: Sequence[Tie]
    shared: Sequence[str]
    blocklist: bool


def vocabulary(principal: Principal) -> Vocabulary:
    principal.require(Right.SEE_TAGS)
    risk = principal.may(Right.SEE_RISK)
    ties = [tie for tie in (_tie(each) for each in SCHEMA.relationships if not each.human) if tie is not None]
    near = dict.fromkeys([LABEL, *(label for tie in ties for label in tie.to)])
    targets = [_target(SCHEMA.node(label), risk=risk) for label in near]
    return Vocabulary(targets, ties, [label for label in SCHEMA.identifiers if _is_shared(label)], risk)


def _target(node_type: NodeType, *, risk: bool) -> Target:
    fields = [
        Field(p.name, p.caption, _KINDS[p.type.storage], p.type.named, open=not isinstance(p.type, Choice))
        for p in node_type.properties
        if not p.personal and (risk or f"{node_type.label}.{p.name}" not in RISK_PROPERTIES)
    ]
    ages = [
        Field(p.name, p.caption, Kind.AGE, ())
        for p in node_type.properties
        if p.personal and p.type.storage is StorageKind.DATE
    ]
    common = _COMMON | (_RISK if risk else {})
    shown = [Field(name, caption, _KINDS[COMMON_FIELDS[name]], _grades(name)) for name, caption in common.items()]
    return Target(node_type.label, node_type.caption, [*fields, *ages, *shown])


def _grades(name: str) -> Sequence[tuple[str, str, str]]:
    return [(grade, grade, grade) for grade in "ABCD"] if name == "grade" else ()


def _tie(relationship: RelationshipType) -> Tie | None:
    to = _ends(relationship.name)
    if len(to) == 0:
        return None
    directed = LABEL in _ends(relationship.name, Direction.OUT) and LABEL in _ends(relationship.name, Direction.IN)
    return Tie(relationship.name, relationship.caption, to, directed)


def _ends(type: str, direction: Direction | None = None) -> list[str]:
    try:
        return ends(LABEL, type, direction)
    except UnknownName:
        return []


def _is_shared(label: str) -> bool:
    try:
        return len(sharing_types(LABEL, label)) > 0
    except UnknownName:
        return False

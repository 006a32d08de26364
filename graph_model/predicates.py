"""Predicates: one typed tree by which nodes are selected, counted and assigned to. Pure; every adapter compiles it from fixed fragments.

Names are checked against the schema before any adapter sees them; values always travel as parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from graph_model.errors import UnknownName
from graph_model.schema import SCHEMA, Value

# Kept on every node beside its declared properties.
COMMON_FIELDS = ("first_seen", "last_seen", "recorded_at", "source", "score", "grade", "ring_id")


class Operator(StrEnum):
    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """`field operator value`. A node without the field never matches, whatever the operator."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """The field is one of the values (at most 1,000)."""

    field: str
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Missing:
    """The node has no such field."""

    field: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; an empty one is true."""

    parts: "Sequence[Predicate]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds; an empty one is false."""

    parts: "Sequence[Predicate]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Predicate"


Predicate = Compare | Among | Missing | AllOf | AnyOf | Not
EVERYTHING = AllOf(())


def check_predicate(label: str, predicate: Predicate) -> None:
    """Raises UnknownName for a field that nodes of `label` can't have."""
    match predicate:
        case Compare(field=name) | Among(field=name) | Missing(field=name):
            if name not in COMMON_FIELDS:
                SCHEMA.node(label).declared(name)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                check_predicate(label, part)
        case Not(part=part):
            check_predicate(label, part)
        case _:
            raise UnknownName(f"{type(predicate).__name__} is no predicate.")

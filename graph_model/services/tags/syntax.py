"""The rule language of tags and segments, as a tree with the places in the text from which its parts come. Pure; knows no schema.

The grammar is `rule.lark`. Complaints say where and what could stand there instead, and repeat nothing of the text: it may hold somebody's number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError
from lark.tree import Meta

from graph_model.errors import InvalidRequest
from graph_model.predicates import Direction, Operator
from graph_model.services.tags.since import Unit

MAX_LENGTH = 4_000

Literal = str | float | date | bool


@dataclass(frozen=True, slots=True)
class Place:
    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Name:
    """A word of the rule that something must be called."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Field:
    name: Name


@dataclass(frozen=True, slots=True)
class Since:
    """Whole days or years from a property to the base date, or days from it to the property."""

    unit: Unit
    name: Name


@dataclass(frozen=True, slots=True)
class DegreeOf:
    type: Name
    direction: Direction | None
    label: Name | None
    where: "Condition | None"


@dataclass(frozen=True, slots=True)
class SharedOf:
    identifier: Name
    type: Name | None


@dataclass(frozen=True, slots=True)
class TagOf:
    code: Name


@dataclass(frozen=True, slots=True)
class SegmentOf:
    """Whoever the rule of a segment reaches; in rules of segments only."""

    code: Name


Operand = Field | Since | DegreeOf | SharedOf | TagOf


@dataclass(frozen=True, slots=True)
class Comparison:
    operand: Operand
    operator: Operator
    value: Literal
    place: Place


@dataclass(frozen=True, slots=True)
class OneOf:
    operand: Operand
    values: Sequence[Literal]
    place: Place


@dataclass(frozen=True, slots=True)
class Known:
    operand: Operand
    place: Place


@dataclass(frozen=True, slots=True)
class NearBy:
    label: Name
    hops: float
    where: "Condition | None"
    place: Place


@dataclass(frozen=True, slots=True)
class OnBlocklist:
    place: Place


@dataclass(frozen=True, slots=True)
class Every:
    parts: "Sequence[Condition]"


@dataclass(frozen=True, slots=True)
class Some:
    parts: "Sequence[Condition]"


@dataclass(frozen=True, slots=True)
class Negated:
    part: "Condition"


Condition = Comparison | OneOf | Known | NearBy | OnBlocklist | TagOf | SegmentOf | Every | Some | Negated


@dataclass(frozen=True, slots=True)
class Case:
    condition: Condition
    value: Literal


@dataclass(frozen=True, slots=True)
class Cases:
    """The first case that holds gives the value; `otherwise` is for those whom none fits."""

    cases: Sequence[Case]
    otherwise: Literal | None


def parse(text: str) -> Condition | Cases:
    """Raises InvalidRequest tag.syntax with the place in the text."""
    if len(text) > MAX_LENGTH:
        raise _refusal(f"The rule is longer than {MAX_LENGTH} characters. Make two of it.")
    try:
        built: Condition | Cases = _Build().transform(_parser().parse(text))
    except UnexpectedInput as exc:
        raise _refusal(_complaint(exc, text)) from exc
    except VisitError as exc:
        raise _refusal("A date in the rule is not in the calendar.") from exc
    except RecursionError as exc:
        raise _refusal("The rule is nested too deep. Flatten it.") from exc
    return built


@cache
def _parser() -> Lark:
    grammar = files(__package__).joinpath("rule.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def _refusal(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="tag.syntax")


_WORDS = {
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "OPERATOR": "a comparison (= <> < <= > >=)",
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": 'a text in "quotes"',
    "DATE": "a date such as 2026-03-31",
    "$END": "the end",
}


def _complaint(error: UnexpectedInput, text: str) -> str:
    if isinstance(error, UnexpectedCharacters):
        expected = error.allowed or set()
    elif isinstance(error, UnexpectedToken):
        expected = error.accepts or error.expected
    else:
        expected = set(error.expected) if isinstance(error, UnexpectedEOF) else set()
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    lines = text.split("\n")
    place = Place(len(lines), len(lines[-1]) + 1) if at_end else Place(max(error.line, 1), max(error.column, 1))
    told = [_WORDS.get(name, name.lower()) for name in sorted(expected)]
    return f"The rule can't be read at {place}. There could be: {', '.join(told)}."


@v_args(meta=True)
class _Build(Transformer[Token, Any]):
    """Each method builds what the grammar's rule of that name stands for."""

    def start(self, _: Meta, children: list[Any]) -> Condition | Cases:
        found: Condition | Cases = children[0]
        return found

    def cases(self, _: Meta, children: list[Any]) -> Cases:
        *found, otherwise = children
        return Cases(tuple(found), otherwise)

    def case(self, _: Meta, children: list[Any]) -> Case:
        return Case(*children)

    def condition(self, _: Meta, children: list[Any]) -> Some:
        return Some(tuple(children))

    def conjunction(self, _: Meta, children: list[Any]) -> Every:
        return Every(tuple(children))

    def negated(self, _: Meta, children: list[Any]) -> Negated:
        return Negated(children[0])

    def comparison(self, meta: Meta, children: list[Any]) -> Comparison:
        operand, operator, value = children
        return Comparison(operand, Operator("<>" if operator == "!=" else str(operator)), value, _place(meta))

    def among(self, meta: Meta, children: list[Any]) -> OneOf:
        return OneOf(children[0], tuple(children[1:]), _place(meta))

    def not_among(self, meta: Meta, children: list[Any]) -> Every:
        operand, *values = children
        return Every((Known(operand, _place(meta)), Negated(OneOf(operand, tuple(values), _place(meta)))))

    def known(self, meta: Meta, children: list[Any]) -> Known:
        return Known(children[0], _place(meta))

    def missing(self, meta: Meta, children: list[Any]) -> Negated:
        return Negated(Known(children[0], _place(meta)))

    def blocklisted(self, meta: Meta, _: list[Any]) -> OnBlocklist:
        return OnBlocklist(_place(meta))

    def near(self, meta: Meta, children: list[Any]) -> NearBy:
        label, hops, where = children
        return NearBy(_name(label), float(hops), where, _place(meta))

    def field(self, _: Meta, children: list[Any]) -> Field:
        return Field(_name(children[0]))

    def days_since(self, _: Meta, children: list[Any]) -> Since:
        return Since(Unit.DAYS_SINCE, _name(children[0]))

    def days_until(self, _: Meta, children: list[Any]) -> Since:
        return Since(Unit.DAYS_UNTIL, _name(children[0]))

    def years_since(self, _: Meta, children: list[Any]) -> Since:
        return Since(Unit.YEARS_SINCE, _name(children[0]))

    def degree(self, _: Meta, children: list[Any]) -> DegreeOf:
        type, direction, label, where = children
        return DegreeOf(_name(type), direction, None if label is None else _name(label), where)

    def shared(self, _: Meta, children: list[Any]) -> SharedOf:
        identifier, type = children
        return SharedOf(_name(identifier), None if type is None else _name(type))

    def tag(self, _: Meta, children: list[Any]) -> TagOf:
        return TagOf(_name(children[0]))

    def segment(self, _: Meta, children: list[Any]) -> SegmentOf:
        return SegmentOf(_name(children[0]))

    def direction(self, _: Meta, children: list[Any]) -> Direction:
        return Direction(str(children[0]))

    def text(self, _: Meta, children: list[Any]) -> str:
        return str(children[0])[1:-1]

    def number(self, _: Meta, children: list[Any]) -> float:
        return float(children[0])

    def day(self, _: Meta, children: list[Any]) -> date:
        return date.fromisoformat(str(children[0]))

    def yes(self, _: Meta, __: list[Any]) -> bool:
        return True

    def no(self, _: Meta, __: list[Any]) -> bool:
        return False


def _place(meta: Meta) -> Place:
    return Place(meta.line, meta.column)


def _name(token: Token) -> Name:
    return Name(str(token), Place(token.line or 1, token.column or 1))

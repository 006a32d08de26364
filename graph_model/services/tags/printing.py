"""A rule as text: what `syntax` reads gives the same conditions again, whatever they were built from. Pure; knows no schema."""

from collections.abc import Sequence
from datetime import date

from graph_model.services.tags.syntax import (
    Comparison,
    Condition,
    DegreeOf,
    Every,
    Field,
    Known,
    Literal,
    NearBy,
    Negated,
    OnBlocklist,
    OneOf,
    Operand,
    SegmentOf,
    SharedOf,
    Since,
    Some,
    TagOf,
)

_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"))
_ANY, _ALL, _NOT, _ATOM = range(4)  # how close the words bind


def text_of(condition: Condition) -> str:
    return _text(condition, _ANY)


def clauses(condition: Condition) -> Sequence[Condition]:
    """What a condition asks for one after the other."""
    if isinstance(condition, Every) and not_among(condition) is None:
        return condition.parts
    return (condition,)


def not_among(condition: Condition) -> OneOf | None:
    """`x not in (…)`, which is read as known and none of them: the part that says of what and which."""
    match condition:
        case Every((Known(operand=known), Negated(OneOf(operand=operand) as among))) if known == operand:
            return among
    return None


def quoted(text: str) -> str:
    """Raises ValueError for a text that no quotes of the language can hold."""
    for left, right in _QUOTES:
        if right not in text and "\n" not in text and len(text) <= 200:
            return f"{left}{text}{right}"
    raise ValueError


def literal(value: Literal) -> str:
    """Raises ValueError for what can't be written in a rule."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return quoted(value)
    written = f"{value:.6f}".rstrip("0").rstrip(".")
    if float(written) != value or abs(value) >= 10**15:
        raise ValueError
    return "0" if written == "-0" else written


def _text(condition: Condition, within: int) -> str:
    among = not_among(condition)
    if among is not None:
        return f"{_operand(among.operand)} not in ({_listed(among.values)})"
    match condition:
        case Some(parts):
            return _grouped(" or ".join(_text(part, _ALL) for part in parts), within > _ANY)
        case Every(parts):
            return _grouped(" and ".join(_text(part, _NOT) for part in parts), within > _ALL)
        case Negated(Known(operand=operand)):
            return f"{_operand(operand)} is missing"
        case Negated(part):
            return _grouped(f"not {_text(part, _NOT)}", within > _NOT)
        case Comparison(operand, operator, value):
            return f"{_operand(operand)} {operator} {literal(value)}"
        case OneOf(operand, values):
            return f"{_operand(operand)} in ({_listed(values)})"
        case Known(operand):
            return f"{_operand(operand)} is known"
        case NearBy(label, hops, where):
            return f"near({label.text} within {literal(hops)}{_where(where)})"
        case TagOf(code):
            return f"tag({code.text})"
        case SegmentOf(code):
            return f"segment({code.text})"
        case OnBlocklist():
            return "blocklisted"


def _operand(operand: Operand) -> str:
    match operand:
        case Field(name):
            return name.text
        case Since(unit, name):
            return f"{unit}({name.text})"
        case DegreeOf(type, direction, label, where):
            way = "" if direction is None else f" {direction}"
            to = "" if label is None else f" to {label.text}{_where(where)}"
            return f"degree({type.text}{way}{to})"
        case SharedOf(identifier, by):
            return f"shared({identifier.text}{'' if by is None else f' by {by.text}'})"
        case TagOf(code):
            return f"tag({code.text})"


def _where(where: Condition | None) -> str:
    return "" if where is None else f" where {text_of(where)}"


def _listed(values: Sequence[Literal]) -> str:
    return ", ".join(literal(value) for value in values)


def _grouped(text: str, parentheses: bool) -> str:
    return f"({text})" if parentheses else text

"""A segment's rule as a tree of plain JSON, which a builder edits: the same conditions as the text, either made from the other without loss. Pure.

docs/marketer-segments.md has the forms. A complaint says where in the tree, such as `all[1].value`, and repeats nothing that was sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NoReturn

from graph_model.errors import InvalidRequest
from graph_model.predicates import Direction, Operator
from graph_model.services.tags.printing import literal, not_among
from graph_model.services.tags.since import Unit
from graph_model.services.tags.syntax import (
    Comparison,
    Condition,
    DegreeOf,
    Every,
    Field,
    Known,
    Literal,
    Name,
    NearBy,
    Negated,
    OnBlocklist,
    OneOf,
    Operand,
    Place,
    SegmentOf,
    SharedOf,
    Since,
    Some,
    TagOf,
)

Json = Mapping[str, object]

DEEPEST = 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_NOWHERE = Place(1, 1)  # what was built has no place in a text
_UNITS = {"daysSince": Unit.DAYS_SINCE, "daysUntil": Unit.DAYS_UNTIL, "yearsSince": Unit.YEARS_SINCE}
_CONDITIONS = "all, any, not, tag, segment, blocklisted, near, or of with is, in or notIn"
_OPERANDS = "property, daysSince, daysUntil, yearsSince, degree, shared or tag"


# --- from conditions -------------------------------------------------------------------------------------------------


def tree_of(condition: Condition) -> Json:
    among = not_among(condition)
    if among is not None:
        return {"of": _operand_tree(among.operand), "notIn": [_value_tree(value) for value in among.values]}
    match condition:
        case Every(parts):
            return {"all": [tree_of(part) for part in parts]}
        case Some(parts):
            return {"any": [tree_of(part) for part in parts]}
        case Negated(Known(operand=operand)):
            return {"of": _operand_tree(operand), "is": "missing"}
        case Negated(part):
            return {"not": tree_of(part)}
        case Known(operand):
            return {"of": _operand_tree(operand), "is": "known"}
        case Comparison(operand, operator, value):
            return {"of": _operand_tree(operand), "is": str(operator), "value": _value_tree(value)}
        case OneOf(operand, values):
            return {"of": _operand_tree(operand), "in": [_value_tree(value) for value in values]}
        case NearBy(label, hops, where):
            told: dict[str, object] = {"type": label.text, "within": _value_tree(hops)}
            return {"near": told | _where_tree(where)}
        case TagOf(code):
            return {"tag": code.text}
        case SegmentOf(code):
            return {"segment": code.text}
        case OnBlocklist():
            return {"blocklisted": True}


def _operand_tree(operand: Operand) -> Json:
    match operand:
        case Field(name):
            return {"property": name.text}
        case Since(unit, name):
            return {next(key for key, each in _UNITS.items() if each is unit): name.text}
        case DegreeOf(type, direction, label, where):
            told: dict[str, object] = {"degree": type.text}
            if direction is not None:
                told["direction"] = str(direction)
            if label is not None:
                told["to"] = label.text
            return told | _where_tree(where)
        case SharedOf(identifier, by):
            return {"shared": identifier.text} | ({} if by is None else {"by": by.text})
        case TagOf(code):
            return {"tag": code.text}


def _where_tree(where: Condition | None) -> dict[str, object]:
    return {} if where is None else {"where": tree_of(where)}


def _value_tree(value: Literal) -> object:
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


# --- to conditions ---------------------------------------------------------------------------------------------------


def condition_of(tree: object) -> Condition:
    """Raises InvalidRequest segment.tree."""
    return _condition(tree, "the tree", 0)


def _condition(tree: object, at: str, depth: int) -> Condition:
    if depth > DEEPEST:
        _refuse(at, f"Groups are nested more than {DEEPEST} deep. Flatten them.")
    found = _object(tree, at)
    match found:
        case {"all": parts, **rest}:
            return _group(Every, parts, rest, f"{at}.all", depth)
        case {"any": parts, **rest}:
            return _group(Some, parts, rest, f"{at}.any", depth)
        case {"not": part, **rest}:
            _nothing_else(rest, at)
            return Negated(_condition(part, f"{at}.not", depth + 1))
        case {"near": near, **rest}:
            _nothing_else(rest, at)
            return _near(_object(near, f"{at}.near"), f"{at}.near", depth)
        case {"segment": code, **rest}:
            _nothing_else(rest, at)
            return SegmentOf(_name(code, f"{at}.segment"))
        case {"tag": code, **rest}:
            _nothing_else(rest, at)
            return TagOf(_name(code, f"{at}.tag"))
        case {"blocklisted": True, **rest}:
            _nothing_else(rest, at)
            return OnBlocklist(_NOWHERE)
        case {"of": operand, **rest}:
            return _compared(_operand(_object(operand, f"{at}.of"), f"{at}.of", depth), rest, at)
    _refuse(at, f"A condition is one of: {_CONDITIONS}.")


def _group(
    kind: Callable[[Sequence[Condition]], Condition], parts: object, rest: Json, at: str, depth: int
) -> Condition:
    _nothing_else(rest, at)
    if not isinstance(parts, list) or len(parts) == 0:
        _refuse(at, "A group is a list of at least one condition.")
    found = tuple(_condition(part, f"{at}[{place}]", depth + 1) for place, part in enumerate(parts))
    return found[0] if len(found) == 1 else kind(found)


def _compared(operand: Operand, rest: Json, at: str) -> Condition:
    match rest:
        case {"is": "known", **more}:
            _nothing_else(more, at)
            return Known(operand, _NOWHERE)
        case {"is": "missing", **more}:
            _nothing_else(more, at)
            return Negated(Known(operand, _NOWHERE))
        case {"is": "=" | "<>" | "<" | "<=" | ">" | ">=" as operator, "value": value, **more}:
            _nothing_else(more, at)
            return Comparison(operand, Operator(operator), _value(value, f"{at}.value"), _NOWHERE)
        case {"in": values, **more}:
            _nothing_else(more, at)
            return OneOf(operand, _values(values, f"{at}.in"), _NOWHERE)
        case {"notIn": values, **more}:
            _nothing_else(more, at)
            among = OneOf(operand, _values(values, f"{at}.notIn"), _NOWHERE)
            return Every((Known(operand, _NOWHERE), Negated(among)))
    _refuse(at, "Say is (= <> < <= > >= with a value, known, missing), in or notIn.")


def _operand(found: Json, at: str, depth: int) -> Operand:
    match found:
        case {"property": name, **rest}:
            _nothing_else(rest, at)
            return Field(_name(name, f"{at}.property"))
        case {"degree": type, **rest}:
            direction, to, where = rest.pop("direction", None), rest.pop("to", None), rest.pop("where", None)
            _nothing_else(rest, at)
            if direction not in (None, "out", "in"):
                _refuse(f"{at}.direction", "A direction is out or in.")
            if where is not None and to is None:
                _refuse(f"{at}.where", "Say to which type before where.")
            return DegreeOf(
                _name(type, f"{at}.degree"),
                None if direction is None else Direction(str(direction)),
                None if to is None else _name(to, f"{at}.to"),
                None if where is None else _condition(where, f"{at}.where", depth + 1),
            )
        case {"shared": identifier, **rest}:
            by = rest.pop("by", None)
            _nothing_else(rest, at)
            return SharedOf(_name(identifier, f"{at}.shared"), None if by is None else _name(by, f"{at}.by"))
        case {"tag": code, **rest}:
            _nothing_else(rest, at)
            return TagOf(_name(code, f"{at}.tag"))
    for key, unit in _UNITS.items():
        if found.keys() == {key}:
            return Since(unit, _name(found[key], f"{at}.{key}"))
    _refuse(at, f"What is compared is one of: {_OPERANDS}.")


def _near(found: Json, at: str, depth: int) -> Condition:
    match found:
        case {"type": type, "within": hops, **rest}:
            where = rest.pop("where", None)
            _nothing_else(rest, at)
            if hops not in (1, 2) or isinstance(hops, bool):
                _refuse(f"{at}.within", "Near is within 1 or 2 hops.")
            inner = None if where is None else _condition(where, f"{at}.where", depth + 1)
            return NearBy(_name(type, f"{at}.type"), float(str(hops)), inner, _NOWHERE)
    _refuse(at, "Near says type and within.")


def _values(values: object, at: str) -> tuple[Literal, ...]:
    if not isinstance(values, list) or len(values) == 0:
        _refuse(at, "Give a list of at least one value.")
    return tuple(_value(value, f"{at}[{place}]") for place, value in enumerate(values))


def _value(value: object, at: str) -> Literal:
    match value:
        case {"day": str() as day, **rest} if len(rest) == 0:
            try:
                return date.fromisoformat(day)
            except ValueError:
                _refuse(f"{at}.day", "That is no day such as 2026-03-31.")
        case bool() | str():
            found: Literal = value
        case int() | float() if abs(value) < 10**15:
            found = float(value)
        case _:
            _refuse(at, "A value is a text, a number of up to 15 digits, true, false or a day.")
    try:
        literal(found)
    except ValueError:
        _refuse(
            at,
            "No rule can hold this value: texts have up to 200 characters on one line, numbers up to 15 digits and 6 decimals.",
        )
    return found


def _name(value: object, at: str) -> Name:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        _refuse(at, "A name is letters, digits and underscores, a letter first.")
    return Name(value, _NOWHERE)


def _object(value: object, at: str) -> Json:
    if not isinstance(value, dict):
        _refuse(at, "This is an object.")
    return value


def _nothing_else(rest: Json, at: str) -> None:
    if len(rest) > 0:
        _refuse(at, "There is more in it than belongs together.")


def _refuse(at: str, message: str) -> NoReturn:
    raise InvalidRequest(f"At {at}: {message}", code="segment.tree")

"""What a rule means: names are found in the schema and the dictionary, dates become those of one base date, all of it one predicate. Pure.

Nothing in a rule may single a person out, so keys and personal properties are not compared; of a birth date the years since may be. What says
something of risk is noted in `Reads.risk`, through the tags that a rule reads too: it never depends on who wrote the rule.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from graph_model.errors import InvalidRequest, InvalidValue, UnknownName
from graph_model.predicates import (
    COMMON_FIELDS,
    EVERYTHING,
    AllOf,
    AnyOf,
    Blocklisted,
    Compare,
    Missing,
    Near,
    Neighbours,
    Not,
    Operator,
    Predicate,
    Sharing,
    Tagged,
    check_predicate,
)
from graph_model.schema import SCHEMA, NodeType, StorageKind, Value
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.tags import syntax
from graph_model.services.tags.definition import ConsentClass, Plain, Reads, TagDefinition, ValueType
from graph_model.services.tags.since import Unit, on_days, since
from graph_model.services.tags.syntax import Name

MOST_CASES = 50
# Of what every node has, without its source: whoever listed a phone that was not in the graph is the source of that phone.
_COMMON = {name: kind for name, kind in COMMON_FIELDS.items() if name != "source"}
# What says something of risk: scores, and what became of an application.
RISK_FIELDS = frozenset({"score", "grade", "ring_id"})
RISK_PROPERTIES = frozenset({"Application.outcome"})
_ORDERED = (Operator.LT, Operator.LE, Operator.GT, Operator.GE)
_FITS: Mapping[ValueType, type] = {
    ValueType.BOOL: bool,
    ValueType.NUMBER: float,
    ValueType.TEXT: str,
    ValueType.DATE: date,
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A rule for one base date: the first case that holds gives the value. Together they say who has the tag at all."""

    cases: Sequence[tuple[Plain, Predicate]]
    value_type: ValueType
    reads: Reads


@dataclass(frozen=True, slots=True)
class BoundConditions:
    """Some conditions about one type of node for one base date, each a predicate, and what they read; `segments` are those they name themselves."""

    predicates: Sequence[Predicate]
    reads: Reads
    segments: Sequence[str]


Dictionary = Callable[[str], TagDefinition | None]
Segments = Callable[[str], str | None]  # a segment's rule by its code


def end_of(base_date: date) -> datetime:
    """The last moment of a base date, by the clock of those who read it: what was seen and recorded by then is what a rule is about."""
    following = datetime.combine(base_date, datetime.min.time(), LOCAL_ZONE) + timedelta(days=1)
    return following - timedelta(milliseconds=1)


def population(label: str, base_date: date) -> Predicate:
    """Whom a tag of a base date can be about at all. Of identifiers those that something uses: one that was only ever listed is nobody's, and that
    it is there would tell what the blocklist brought."""
    there = _there(base_date)
    if not SCHEMA.node(label).identifier:
        return there
    types = (r.name for r in SCHEMA.relationships if not r.human and any(label in way for way in r.ends))
    uses = [Neighbours(type, Operator.GE, 1, at=end_of(base_date)) for type in types]
    return AllOf((there, AnyOf(tuple(uses))))


def _there(base_date: date) -> Predicate:
    end = end_of(base_date)
    return AllOf((Compare("first_seen", Operator.LE, end), Compare("recorded_at", Operator.LE, end)))


def bind(text: str, label: str, base_date: date, *, tags: Dictionary) -> Bound:
    """Raises InvalidRequest tag.syntax or tag.rule, with the place in the text."""
    SCHEMA.node(label)
    rule = syntax.parse(text)
    binder = _Binder(base_date, tags)
    if isinstance(rule, syntax.Cases):
        cases = [(case.value, binder.condition(label, case.condition)) for case in rule.cases]
        if rule.otherwise is not None:
            cases.append((rule.otherwise, EVERYTHING))
    else:
        cases = [(True, binder.condition(label, rule))]
    if len(cases) > MOST_CASES:
        raise _refusal(f"The rule has more than {MOST_CASES} cases. Make two tags of it.")
    # Together, as who counts them has them: each without those before it.
    check_predicate(label, AllOf((population(label, base_date), *(Not(predicate) for _, predicate in cases))))
    return Bound(tuple(cases), _type_of([value for value, _ in cases]), binder.reads())


def bind_conditions(
    conditions: Sequence[syntax.Condition], label: str, base_date: date, *, tags: Dictionary, segments: Segments
) -> BoundConditions:
    """What conditions mean that may name segments: such a one is whoever the segment's rule reaches. Raises InvalidRequest tag.rule, tag.personal."""
    SCHEMA.node(label)
    binder = _Binder(base_date, tags, segments)
    predicates = [binder.condition(label, condition) for condition in conditions]
    check_predicate(label, AllOf((population(label, base_date), *predicates)))
    return BoundConditions(predicates, binder.reads(), binder.segments())


def _type_of(values: Sequence[Plain]) -> ValueType:
    found = {next(kind for kind, fits in _FITS.items() if isinstance(value, fits)) for value in values}
    if len(found) > 1:
        raise _refusal("The values of a rule are all of one kind: texts, numbers, dates, or true.")
    (kind,) = found
    if kind is ValueType.BOOL and values != [True]:
        raise _refusal("A tag of yes and no is its condition alone, without when: who doesn't meet it has no such tag.")
    return kind


class _Binder:
    """Binds the conditions of one rule and notes what they read."""

    def __init__(self, base_date: date, tags: Dictionary, segments: Segments | None = None) -> None:
        self._base = base_date
        self._end = end_of(base_date)
        self._tags = tags
        self._segments = segments
        self._within: list[str] = []  # the segments whose rules are being bound
        self._named: set[str] = set()
        self._properties: set[str] = set()
        self._relationships: set[str] = set()
        self._identifiers: set[str] = set()
        self._read: set[str] = set()
        self._risk = False

    def reads(self) -> Reads:
        return Reads(
            properties=tuple(sorted(self._properties)),
            relationships=tuple(sorted(self._relationships)),
            identifiers=tuple(sorted(self._identifiers)),
            tags=tuple(sorted(self._read)),
            risk=self._risk,
        )

    def segments(self) -> tuple[str, ...]:
        return tuple(sorted(self._named))

    def condition(self, label: str, condition: syntax.Condition) -> Predicate:
        match condition:
            case syntax.Every(parts):
                return AllOf(tuple(self.condition(label, part) for part in parts))
            case syntax.Some(parts):
                return AnyOf(tuple(self.condition(label, part) for part in parts))
            case syntax.Negated(part):
                return Not(self.condition(label, part))
            case syntax.OneOf(operand, values, place):
                return AnyOf(tuple(self._compared(label, operand, Operator.EQ, value, place) for value in values))
            case syntax.Comparison(operand, operator, value, place):
                return self._compared(label, operand, operator, value, place)
            case syntax.Known(operand, place):
                return self._known(label, operand, place)
            case syntax.TagOf(code):
                return self._flag(label, code)
            case syntax.SegmentOf(code):
                return self._segment(label, code)
            case syntax.OnBlocklist():
                self._risk = True
                return Blocklisted(self._end)
            case syntax.NearBy(other, hops, where, place):
                self._label(other)
                if not hops.is_integer():
                    raise _refusal("Hops are a whole number.", place)
                found = Near(other.text, int(hops), self._where(other.text, where), self._end)
                return self._placed(found, label, place)

    def _where(self, label: str, where: syntax.Condition | None) -> Predicate:
        """Of a neighbour, which was there by the base date itself."""
        told = () if where is None else (self.condition(label, where),)
        return AllOf((_there(self._base), *told))

    # --- comparing ---------------------------------------------------------------------------------------------------

    def _compared(
        self, label: str, operand: syntax.Operand, operator: Operator, value: syntax.Literal, place: syntax.Place
    ) -> Predicate:
        match operand:
            case syntax.Field(name):
                return self._field(label, name, operator, value, place)
            case syntax.Since(unit, name):
                kind = self._kind(label, name, comparing=unit is not Unit.YEARS_SINCE)  # so many days are one date
                if kind not in (StorageKind.DATE, StorageKind.MOMENT):
                    raise _refusal(f"{name.text} is no date.", name.place)
                return since(name.text, kind, unit, operator, self._count(value, place), self._base)
            case syntax.DegreeOf(type, direction, other, where):
                self._one_of(type, [r.name for r in SCHEMA.relationships if not r.human], "relationship type")
                self._relationships.add(type.text)
                if other is not None:
                    self._label(other)
                inner = None if where is None or other is None else self._where(other.text, where)
                far = None if other is None else other.text
                number = self._count(value, place)
                return self._placed(
                    Neighbours(type.text, operator, number, direction, far, inner, self._end), label, type.place
                )
            case syntax.SharedOf(identifier, by):
                self._one_of(identifier, SCHEMA.identifiers, "shared identifier")
                self._identifiers.add(identifier.text)
                types = () if by is None else (by.text,)
                number = self._count(value, place)
                return self._placed(
                    Sharing(identifier.text, operator, number, types, self._end), label, identifier.place
                )
            case syntax.TagOf(code):
                return self._tag(label, code, operator, value, place)

    def _field(
        self, label: str, name: Name, operator: Operator, value: syntax.Literal, place: syntax.Place
    ) -> Predicate:
        kind = self._kind(label, name)
        match kind, value:
            case (StorageKind.DATE | StorageKind.MOMENT, date()):
                return on_days(name.text, kind, operator, value)
            case (StorageKind.INTEGER | StorageKind.REAL, float()):
                return Compare(name.text, operator, self._number(kind, value, place))
            case (StorageKind.BOOLEAN, bool()) if operator not in _ORDERED:
                return Compare(name.text, operator, value)
            case (StorageKind.TEXT, str()) if operator not in _ORDERED:
                return Compare(name.text, operator, self._clean(label, name, value, place))
        wanted = {
            StorageKind.DATE: "a date such as 2026-03-31",
            StorageKind.MOMENT: "a date such as 2026-03-31",
            StorageKind.INTEGER: "a number",
            StorageKind.REAL: "a number",
            StorageKind.BOOLEAN: "true or false, by = or <>",
            StorageKind.TEXT: 'a text in "quotes", by = or <> or in',
        }
        raise _refusal(f"{name.text} is compared with {wanted[kind]}.", place)

    def _kind(self, label: str, name: Name, *, comparing: bool = True) -> StorageKind:
        """How a property is kept; noted as read. Refuses what would single a person out."""
        node_type = SCHEMA.node(label)
        if name.text in _COMMON:
            if name.text in RISK_FIELDS:
                self._risk = True
            self._properties.add(f"{label}.{name.text}")
            return _COMMON[name.text]
        if all(name.text != each.name for each in (node_type.key, *node_type.properties)):
            self._one_of(name, _offered(node_type, comparing=comparing), f"property of {label}")
        declared = node_type.declared(name.text)
        if comparing and (declared is node_type.key or declared.personal):
            since = " Ask for years_since of it." if declared.type.storage is StorageKind.DATE else ""
            raise InvalidRequest(
                f"{name.text} at {name.place} would single people out and is not compared.{since}", code="tag.personal"
            )
        self._properties.add(f"{label}.{name.text}")
        if f"{label}.{name.text}" in RISK_PROPERTIES:
            self._risk = True
        return declared.type.storage

    def _clean(self, label: str, name: Name, value: str, place: syntax.Place) -> Value:
        if name.text in _COMMON:
            return value
        try:
            return SCHEMA.node(label).declared(name.text).type.clean(value)
        except InvalidValue as exc:
            raise _refusal(f"{name.text}: {exc.message}", place) from exc

    def _number(self, kind: StorageKind, value: float, place: syntax.Place) -> int | float:
        if kind is StorageKind.REAL:
            return value
        if not value.is_integer():
            raise _refusal("Only whole numbers are there to compare with.", place)
        return int(value)

    def _count(self, value: syntax.Literal, place: syntax.Place) -> int:
        if isinstance(value, bool) or not isinstance(value, float) or not value.is_integer() or value < 0:
            raise _refusal("This is compared with a whole number that is not below 0.", place)
        return int(value)

    def _known(self, label: str, operand: syntax.Operand, place: syntax.Place) -> Predicate:
        match operand:
            case syntax.Field(name):
                self._kind(label, name, comparing=False)
                return Not(Missing(name.text))
            case syntax.TagOf(code):
                if self._definition(label, code).value_type in (ValueType.TEXT, ValueType.DATE):
                    return Tagged(code.text, Operator.GE, "")
                return AnyOf((Tagged(code.text, Operator.GE, 0), Tagged(code.text, Operator.LT, 0)))
        raise _refusal("Known or missing are properties and tags.", place)

    # --- tags --------------------------------------------------------------------------------------------------------

    def _definition(self, label: str, code: Name) -> TagDefinition:
        found = self._tags(code.text)
        if found is None:
            raise _refusal(f"There is no tag {code.text}. Define it first, or ask `guanxi tags list`.", code.place)
        if found.label != label:
            raise _refusal(f"The tag {code.text} is about {found.label}, not {label}.", code.place)
        self._read.add(code.text)
        self._risk = self._risk or is_risk(found)
        return found

    def _flag(self, label: str, code: Name) -> Predicate:
        if self._definition(label, code).value_type is not ValueType.BOOL:
            raise _refusal(f"The tag {code.text} has values. Compare it with one.", code.place)
        return Tagged(code.text, Operator.EQ, True)

    def _tag(self, label: str, code: Name, operator: Operator, value: syntax.Literal, place: syntax.Place) -> Predicate:
        kind = self._definition(label, code).value_type
        if kind is ValueType.BOOL or not isinstance(value, _FITS[kind]) or isinstance(value, bool):
            how = "is yes or missing: write it alone, or not before it" if kind is ValueType.BOOL else f"holds a {kind}"
            raise _refusal(f"The tag {code.text} {how}.", place)
        if kind is ValueType.TEXT and operator in _ORDERED:
            raise _refusal(f"The texts of {code.text} have no order. Compare by = or <> or in.", place)
        return Tagged(code.text, operator, value.isoformat() if isinstance(value, date) else value)

    # --- segments ----------------------------------------------------------------------------------------------------

    def _segment(self, label: str, code: Name) -> Predicate:
        """Its rule, in place of its name."""
        if self._segments is None:
            raise _refusal("Rules of tags name no segments. Make a segment of it.", code.place)
        rule = self._segments(code.text)
        if rule is None:
            raise _refusal(
                f"There is no segment {code.text}. Define it first, or ask `guanxi segments list`.", code.place
            )
        if code.text in self._within:
            raise _refusal(f"The segment {code.text} would read itself. Leave that out.", code.place)
        if len(self._within) == 0:
            self._named.add(code.text)
        found = syntax.parse(rule)
        assert not isinstance(found, syntax.Cases)  # what a segment's rule is not
        self._within.append(code.text)
        try:
            return self.condition(label, found)
        except InvalidRequest as exc:
            raise InvalidRequest(f"In the segment {code.text}: {exc.message}", code=exc.code) from exc
        finally:
            self._within.pop()

    # --- names -------------------------------------------------------------------------------------------------------

    def _label(self, name: Name) -> None:
        self._one_of(name, SCHEMA.labels, "node type")

    def _one_of(self, name: Name, known: Sequence[str], what: str) -> None:
        if name.text in known:
            return
        near = get_close_matches(name.text, known, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if len(near) > 0 else f"There are: {', '.join(known)}."
        raise _refusal(f"That is no {what}. {hint}", name.place)

    def _placed(self, predicate: Predicate, label: str, place: syntax.Place) -> Predicate:
        """The same, complaints of which say where."""
        try:
            check_predicate(label, predicate)
        except (UnknownName, InvalidRequest) as exc:
            raise _refusal(exc.message, place) from exc
        return predicate


def _offered(node_type: NodeType, *, comparing: bool) -> list[str]:
    """What is named to whoever named no property: what may be used as it was, and nothing of risk, as it isn't known who asks."""
    personal = [] if comparing else [node_type.key, *(p for p in node_type.properties if p.personal)]
    told = [*personal, *(p for p in node_type.properties if not p.personal)]
    harmless = [p.name for p in told if f"{node_type.label}.{p.name}" not in RISK_PROPERTIES]
    return [*harmless, *(name for name in _COMMON if name not in RISK_FIELDS)]


def is_risk(definition: TagDefinition) -> bool:
    """Whether a tag says something of risk: by its class or by what it reads."""
    return definition.consent is ConsentClass.RISK or definition.reads.risk


def _refusal(message: str, place: syntax.Place | None = None) -> InvalidRequest:
    return InvalidRequest(message if place is None else f"At {place}: {message}", code="tag.rule")

"""Defining, changing, deleting and finding segments. Versions are kept for good; every change names who made it.

As with tags, who may not see risk does not learn of segments that say something of it: the code tells (`risk_…`), for good, so that no refusal
tells that such a segment exists.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.moments import whole
from graph_model.predicates import TAG_CODE
from graph_model.principal import Principal, Right
from graph_model.schema.text import tidy
from graph_model.services.segments.definition import (
    LABEL,
    MOST_SEGMENTS,
    PREFIX,
    RISK_CODE,
    VERSIONS,
    Segment,
    current,
    everything,
)
from graph_model.services.segments.tree import condition_of
from graph_model.services.tags import dictionary as tags
from graph_model.services.tags import syntax
from graph_model.services.tags.binding import BoundConditions, bind_conditions
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.definition import ConsentClass, Reads, Schedule, TagDefinition
from graph_model.services.tags.printing import clauses, text_of
from graph_model.services.wording import refuse_personal
from graph_model.store import GraphStore

_LONGEST_NAME = 60
_LONGEST_DESCRIPTION = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants a segment to be: its rule as text, or as a tree."""

    code: str
    name: str
    rule: str | None = None
    tree: object = None
    description: str = ""
    schedule: Schedule = Schedule.MANUAL
    owner: str = ""  # whoever defines it when empty


@dataclass(frozen=True, slots=True)
class Understood:
    """A rule that was read: its conditions, one after the other, and what they mean on a day."""

    text: str
    condition: syntax.Condition
    clauses: Sequence[syntax.Condition]
    bound: BoundConditions


def visible(store: GraphStore, principal: Principal) -> dict[str, Segment]:
    """Those that the principal may know of, by code."""
    principal.require(Right.SEE_TAGS)
    return {code: segment for code, segment in everything(store).items() if tags.may_know_segment(principal, segment)}


def find(store: GraphStore, principal: Principal, code: str) -> Segment:
    """Raises NotFound for a segment that isn't there, or that the principal may not know of."""
    principal.require(Right.SEE_TAGS)
    found = current(store, code) if TAG_CODE.fullmatch(code) is not None else None
    if found is None or not tags.may_know_segment(principal, found):
        raise NotFound("There is no such segment. `guanxi segments list` shows those that there are.")
    return found


def versions(store: GraphStore, principal: Principal, code: str) -> Sequence[Segment]:
    """Every version of a segment, the newest first."""
    found = find(store, principal, code)
    kept = [Segment.parse(text) for text in store.states(f"{VERSIONS}{code}/").values()]
    return [segment for segment in kept if segment.version >= found.first]


def dependants(segments: Mapping[str, Segment], code: str) -> list[str]:
    """Codes of the segments whose rules name this one."""
    return sorted(other for other, segment in segments.items() if code in segment.segments)


def dependants_of_each(segments: Mapping[str, Segment]) -> dict[str, list[str]]:
    """The same of all that are named by any."""
    found: dict[str, list[str]] = {}
    for other, segment in sorted(segments.items()):
        for code in set(segment.segments):
            found.setdefault(code, []).append(other)
    return found


def not_for_marketing(store: GraphStore, segment: Segment, version: int) -> list[str]:
    """The tags that a version of a segment reads, by way of other segments and tags too, and that are not of class marketing."""
    text = store.state(_version(segment.code, version))
    read_by = [segment if text is None else Segment.parse(text)]
    named, ahead = set[str](), list[str]()
    while read_by:
        rule = read_by.pop()
        ahead.extend(rule.reads.tags)
        others = [current(store, code) for code in rule.segments if code not in named]
        named.update(rule.segments)
        read_by.extend(other for other in others if other is not None)
    seen, closed = set[str](), set[str]()
    while ahead:
        code = ahead.pop()
        if code not in seen:
            seen.add(code)
            tag = tags.current(store, code)
            if tag is None or tag.consent is not ConsentClass.MARKETING:
                closed.add(code)
            ahead.extend(() if tag is None else tag.reads.tags)
    return sorted(closed)


def understand(store: GraphStore, principal: Principal, rule: str | None, tree: object, base_date: date) -> Understood:
    """What a rule, as text or as a tree, means for a principal. Raises InvalidRequest segment.which, segment.tree, segment.cases, tag.syntax, tag.rule,
    tag.personal, or Forbidden where it reads what says something of risk and the principal may not see that."""
    if (rule is None) == (tree is None):
        raise InvalidRequest("Give a segment's rule as text or as a tree, one of them.", code="segment.which")
    text = text_of(condition_of(tree)) if rule is None else rule.strip()
    understood = read(text, base_date, tags.visible(store, principal), visible(store, principal))
    tags.require_may_read(principal, understood.bound.reads)
    return understood


def read(text: str, base_date: date, known: Mapping[str, TagDefinition], segments: Mapping[str, Segment]) -> Understood:
    """What a rule means to whoever knows these tags and segments."""
    condition = syntax.parse(text)
    if isinstance(condition, syntax.Cases):
        raise InvalidRequest("A segment's rule is a condition, without when and then.", code="segment.cases")

    def rule_of(code: str) -> str | None:
        return segments[code].rule if code in segments else None

    parts = clauses(condition)
    bound = bind_conditions(parts, LABEL, base_date, tags=tags.lookup(known), segments=rule_of)
    return Understood(text, condition, parts, bound)


def define(store: GraphStore, principal: Principal, draft: Draft, *, now: datetime) -> Segment:
    """A new segment. Raises Forbidden, or InvalidRequest segment.code, segment.exists, segment.too_many, segment.name, segment.risk,
    segment.changed, text.personal, and as `understand` does."""
    principal.require(Right.EDIT_TAGS)
    if TAG_CODE.fullmatch(draft.code) is None:
        raise InvalidRequest(
            "A segment's code is up to 40 small letters, digits and underscores, a letter first.", code="segment.code"
        )
    refuse_personal(draft.code)
    if draft.code.startswith(RISK_CODE):
        _require_risk(principal)
    if store.state(PREFIX + draft.code) is not None:
        raise InvalidRequest(
            "A segment of this code exists. Change that one, or choose another code.", code="segment.exists"
        )
    if len(everything(store)) >= MOST_SEGMENTS:
        raise InvalidRequest(
            f"There are {MOST_SEGMENTS:,} segments already. Delete some that nobody needs.", code="segment.too_many"
        )
    version = _next_version(store, draft.code)
    made = _made(store, principal, draft, version, version, now)
    _put(store, made, expected=None)
    return made


def change(store: GraphStore, principal: Principal, draft: Draft, *, now: datetime) -> Segment:
    """The next version of a segment; the same again makes none. Raises NotFound, and as `define` does."""
    principal.require(Right.EDIT_TAGS)
    before = find(store, principal, draft.code)
    made = _made(store, principal, draft, _next_version(store, draft.code), before.first, now)
    if replace(made, version=before.version, changed_by=before.changed_by, changed_at=before.changed_at) == before:
        return before
    _put(store, made, expected=before.dump())
    return made


def delete(store: GraphStore, principal: Principal, code: str) -> Segment:
    """Take a segment out of the dictionary; its versions and the history of who was in it stay. Raises NotFound, InvalidRequest segment.in_use
    with the list of what names it."""
    principal.require(Right.EDIT_TAGS)
    found = find(store, principal, code)
    segments = everything(store)
    using = dependants(segments, code)
    if len(using) > 0:
        told = [other for other in using if tags.may_know_segment(principal, segments[other])]
        by = ", ".join(told) if len(told) > 0 else "others. Ask the risk team"
        raise InvalidRequest(f"The segment {code} is named by {by}. Change those first.", code="segment.in_use")
    if not store.swap_state(PREFIX + code, expected=found.dump(), value=None):
        raise _changed_meanwhile()
    return found


def _made(store: GraphStore, principal: Principal, draft: Draft, version: int, first: int, now: datetime) -> Segment:
    understood = understand(store, principal, draft.rule, draft.tree, base_date_of(now))
    refuse_personal(understood.text)
    reads, named = understood.bound.reads, understood.bound.segments
    _require_no_circle(draft.code, named, everything(store))
    _require_class(draft.code, reads)
    return Segment(
        code=draft.code,
        version=version,
        first=first,
        name=_text(draft.name, "name", 1, _LONGEST_NAME),
        description=_text(draft.description, "description", 0, _LONGEST_DESCRIPTION),
        owner=_text(draft.owner or principal.name, "owner", 1, _LONGEST_NAME),
        schedule=draft.schedule,
        rule=understood.text,
        reads=reads,
        segments=tuple(named),
        changed_by=principal.source,
        changed_at=whole(now),
    )


def _require_class(code: str, reads: Reads) -> None:
    if reads.risk and not code.startswith(RISK_CODE):
        raise InvalidRequest(
            "The rule reads what says something of risk, so marketing could read it from the segment. Leave that out, or define a segment "
            f"whose code begins with {RISK_CODE}, which is counted and never handed out.",
            code="segment.risk",
        )


def _require_risk(principal: Principal) -> None:
    if not principal.may(Right.SEE_RISK):
        raise Forbidden(
            f"Codes that begin with {RISK_CODE} are of segments that say something of risk. Choose another code."
        )


def _require_no_circle(code: str, named: Sequence[str], segments: Mapping[str, Segment]) -> None:
    seen: set[str] = set()
    ahead = list(named)
    while ahead:
        other = ahead.pop()
        if other == code:
            raise InvalidRequest(
                "The rule names the segment itself, by way of others. Leave that out.", code="tag.rule"
            )
        if other not in seen and other in segments:
            seen.add(other)
            ahead.extend(segments[other].segments)


def _text(raw: str, what: str, least: int, most: int) -> str:
    text = tidy(raw)
    if not least <= len(text) <= most:
        raise InvalidRequest(f"Give the segment's {what} in {least} to {most} characters.", code="segment.name")
    refuse_personal(text)
    return text


def _put(store: GraphStore, made: Segment, *, expected: str | None) -> None:
    # The version first: a segment is never there without its history, and no change writes over the version of another.
    version, text = _version(made.code, made.version), made.dump()
    if not store.swap_state(version, expected=None, value=text):
        raise _changed_meanwhile()
    if not store.swap_state(PREFIX + made.code, expected=expected, value=text):
        store.swap_state(version, expected=text, value=None)
        raise _changed_meanwhile()


def _version(code: str, number: int) -> str:
    return f"{VERSIONS}{code}/{number:06d}"


def _next_version(store: GraphStore, code: str) -> int:
    """Also after one that was deleted."""
    last = next(iter(store.states(f"{VERSIONS}{code}/", limit=1).values()), None)
    return 1 if last is None else Segment.parse(last).version + 1


def _changed_meanwhile() -> InvalidRequest:
    return InvalidRequest(
        "Somebody else changed this segment just now. Look at it, then try again.", code="segment.changed"
    )

"""The dictionary of tags: defining, changing, deleting and finding them. Versions are kept for good; every change names who made it.

Who may not see risk does not learn of tags that say something of it: for them such a tag isn't there, in lists, rules and refusals alike. So class
risk is in the code (`risk_…`) and for good: no refusal of a code tells that such a tag exists, and no value that once said risk is ever read as another's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.moments import whole
from graph_model.predicates import TAG_CODE
from graph_model.principal import Principal, Right
from graph_model.schema import SCHEMA
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.schema.text import tidy
from graph_model.services.segments.definition import Segment, readers_of_tag
from graph_model.services.segments.definition import everything as segments_of
from graph_model.services.tags import computed
from graph_model.services.tags.binding import Dictionary, bind, is_risk
from graph_model.services.tags.definition import (
    ConsentClass,
    Reads,
    Schedule,
    TagDefinition,
    TagKind,
    ValueType,
)
from graph_model.services.tags.runs import last_run
from graph_model.services.wording import refuse_personal
from graph_model.store import GraphStore

PREFIX = "tag/"
VERSIONS = "tag-version/"
MOST_TAGS = 2_000
RISK_CODE = "risk_"  # begins the codes of tags of class risk, and of no others
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants a tag to be."""

    code: str
    name_zh: str
    name_en: str
    category: str
    subcategory: str
    rule: str = ""  # none where values come from elsewhere
    kind: TagKind = TagKind.RULE
    computation: str = ""  # of kind computed only
    label: str = "Customer"
    value_type: ValueType | None = None  # yes or no when None, or what the computation gives
    consent: ConsentClass = ConsentClass.MARKETING
    schedule: Schedule = Schedule.DAILY
    owner: str = ""  # whoever defines it when empty


def everything(store: GraphStore) -> dict[str, TagDefinition]:
    """All tags by code, for those who compute them."""
    found = store.states(PREFIX, limit=MOST_TAGS)
    return {name.removeprefix(PREFIX): TagDefinition.parse(text) for name, text in sorted(found.items())}


def visible(store: GraphStore, principal: Principal) -> dict[str, TagDefinition]:
    """Those that the principal may know of, by code."""
    principal.require(Right.SEE_TAGS)
    return {code: tag for code, tag in everything(store).items() if may_know(principal, tag)}


def lookup(tags: Mapping[str, TagDefinition]) -> Dictionary:
    return tags.get


def current(store: GraphStore, code: str) -> TagDefinition | None:
    """A tag as it is now, for those who compute it."""
    text = store.state(PREFIX + code)
    return None if text is None else TagDefinition.parse(text)


def find(store: GraphStore, principal: Principal, code: str) -> TagDefinition:
    """Raises NotFound for a tag that isn't there, or that the principal may not know of."""
    principal.require(Right.SEE_TAGS)
    found = current(store, code) if TAG_CODE.fullmatch(code) is not None else None
    if found is None or not may_know(principal, found):
        raise NotFound("There is no such tag. `guanxi tags list` shows those that there are.")
    return found


def versions(store: GraphStore, principal: Principal, code: str) -> Sequence[TagDefinition]:
    """Every version of a tag that the principal may know of, the newest first."""
    find(store, principal, code)
    found = store.states(f"{VERSIONS}{code}/")
    return [tag for tag in map(TagDefinition.parse, found.values()) if may_know(principal, tag)]


def newest_version(store: GraphStore, code: str) -> TagDefinition | None:
    """Of a tag that is there, or was once."""
    found = next(iter(store.states(f"{VERSIONS}{code}/", limit=1).values()), None)
    return None if found is None else TagDefinition.parse(found)


def dependants(tags: Mapping[str, TagDefinition], code: str) -> list[str]:
    """Codes of the tags whose rules read this one."""
    return sorted(other for other, tag in tags.items() if code in tag.reads.tags)


def define(store: GraphStore, principal: Principal, draft: Draft, *, now: datetime) -> TagDefinition:
    """A new tag. Raises Forbidden, or InvalidRequest tag.code, tag.exists, tag.too_many, tag.name, text.personal, tag.syntax, tag.rule, tag.personal,
    tag.risk, tag.value_type, tag.kind, tag.computation, tag.changed."""
    principal.require(Right.EDIT_TAGS)
    if TAG_CODE.fullmatch(draft.code) is None:
        raise InvalidRequest(
            "A tag's code is up to 40 small letters, digits and underscores, a letter first.", code="tag.code"
        )
    refuse_personal(draft.code)
    _require_code_of_class(principal, draft)
    if store.state(PREFIX + draft.code) is not None:
        raise InvalidRequest("A tag of this code exists. Change that one, or choose another code.", code="tag.exists")
    if last_run(store, draft.code) is not None:
        raise InvalidRequest(
            "A tag of this code was deleted, and some still have its values: the next computation takes them away. "
            "Define it after that, or choose another code.",
            code="tag.exists",
        )
    if len(everything(store)) >= MOST_TAGS:
        raise InvalidRequest(
            f"There are {MOST_TAGS:,} tags already. Delete some that nobody needs.", code="tag.too_many"
        )
    made = _made(store, principal, draft, _next_version(store, draft.code), now)
    _put(store, made, expected=None)
    return made


def change(store: GraphStore, principal: Principal, draft: Draft, *, now: datetime) -> TagDefinition:
    """The next version of a tag; the same again makes none. Raises NotFound, InvalidRequest tag.fixed for another kind, computation or type of node or
    value, and as `define` does."""
    principal.require(Right.EDIT_TAGS)
    before = find(store, principal, draft.code)
    text = before.dump()
    value_type = _value_type(principal, draft)
    if (draft.label, value_type, draft.kind, draft.computation) != (
        before.label,
        before.value_type,
        before.kind,
        before.computation,
    ):
        raise InvalidRequest(
            "A tag keeps its kind, its computation and its type of node and of value: its history would mix two. Define a new tag.",
            code="tag.fixed",
        )
    if (draft.consent is ConsentClass.RISK) != (before.consent is ConsentClass.RISK):
        raise InvalidRequest(
            "A tag is of class risk or of another for good: what it has said would be told to others. Define a new tag.",
            code="tag.fixed",
        )
    made = _made(store, principal, draft, _next_version(store, draft.code), now)
    if replace(made, version=before.version, changed_by=before.changed_by, changed_at=before.changed_at) == before:
        return before
    _put(store, made, expected=text)
    return made


def delete(store: GraphStore, principal: Principal, code: str) -> TagDefinition:
    """Take a tag out of the dictionary; its versions and the history of its values stay. Raises NotFound, InvalidRequest tag.in_use with the
    list of what reads it."""
    principal.require(Right.EDIT_TAGS)
    found = find(store, principal, code)
    tags = everything(store)
    using = dependants(tags, code)
    if len(using) > 0:
        raise _in_use(code, [other for other in using if may_know(principal, tags[other])])
    segments = readers_of_tag(store, code)
    if len(segments) > 0:
        raise _in_use(code, [f"the segment {each.code}" for each in segments if may_know_segment(principal, each)])
    if not store.swap_state(PREFIX + code, expected=found.dump(), value=None):
        raise _changed_meanwhile()
    return found


def _made(store: GraphStore, principal: Principal, draft: Draft, version: int, now: datetime) -> TagDefinition:
    tags = everything(store)
    known = {code: tag for code, tag in tags.items() if may_know(principal, tag)}
    value_type = _value_type(principal, draft)
    reads = _reads(principal, draft, value_type, known, now)
    _require_no_circle(draft.code, reads, tags)
    made = TagDefinition(
        code=draft.code,
        version=version,
        name_zh=_text(draft.name_zh, "Chinese name"),
        name_en=_text(draft.name_en, "English name"),
        category=_text(draft.category, "category"),
        subcategory=_text(draft.subcategory, "second category"),
        label=SCHEMA.node(draft.label).label,
        kind=draft.kind,
        value_type=value_type,
        consent=draft.consent,
        schedule=Schedule.MANUAL if draft.kind.is_given else draft.schedule,
        owner=_text(draft.owner or principal.name, "owner"),
        changed_by=principal.source,
        changed_at=whole(now),
        rule=draft.rule.strip(),
        computation=draft.computation,
        reads=reads,
    )
    refuse_personal(made.rule)
    _require_class(principal, made)
    return made


def _reads(
    principal: Principal, draft: Draft, value_type: ValueType, known: Mapping[str, TagDefinition], now: datetime
) -> Reads:
    if draft.kind is not TagKind.RULE:
        if draft.rule.strip():
            raise InvalidRequest(
                f"A tag of kind {draft.kind} has no rule: its values are computed or given otherwise. Leave the rule out.",
                code="tag.kind",
            )
        return computed.one(principal, draft.computation).reads if draft.kind is TagKind.COMPUTED else Reads()
    today = now.astimezone(LOCAL_ZONE).date()
    bound = bind(draft.rule, draft.label, today, tags=lookup(known))
    if bound.value_type is not value_type:
        raise InvalidRequest(
            f"The rule gives values of type {bound.value_type}, and the tag is to hold {value_type}.",
            code="tag.value_type",
        )
    return bound.reads


def _value_type(principal: Principal, draft: Draft) -> ValueType:
    """Raises InvalidRequest tag.kind, tag.computation, tag.value_type."""
    if draft.kind is not TagKind.COMPUTED:
        if draft.computation:
            raise InvalidRequest(
                f"A tag of kind {draft.kind} has no computation: those of kind computed do. Leave it out.",
                code="tag.kind",
            )
        return draft.value_type or ValueType.BOOL
    computation = computed.one(principal, draft.computation)
    if draft.label != computed.LABEL:
        raise InvalidRequest(f"Computations are about {computed.LABEL}. Leave the type out.", code="tag.computation")
    if draft.value_type not in (None, computation.value_type):
        raise InvalidRequest(
            f"{computation.name} gives values of type {computation.value_type}, and the tag is to hold {draft.value_type}.",
            code="tag.value_type",
        )
    return computation.value_type


def _require_code_of_class(principal: Principal, draft: Draft) -> None:
    require_may_read(principal, Reads(), draft.consent)
    if draft.code.startswith(RISK_CODE) != (draft.consent is ConsentClass.RISK):
        raise InvalidRequest(
            f"Codes of tags of class risk begin with {RISK_CODE}, and no others do. Choose another code or class.",
            code="tag.code",
        )


def _require_class(principal: Principal, made: TagDefinition) -> None:
    """What says something of risk is of class risk, whoever defines it, and is defined by who may see risk."""
    require_may_read(principal, made.reads, made.consent)
    if made.reads.risk and made.consent is not ConsentClass.RISK:
        raise InvalidRequest(
            "What it reads says something of risk, so marketing could read that from the tag. Leave that out, or define a tag of class risk.",
            code="tag.risk",
        )


def require_may_read(principal: Principal, reads: Reads, consent: ConsentClass = ConsentClass.SERVICE) -> None:
    """Raises Forbidden where a rule, or the class of a tag, says something of risk, and the principal may not see that."""
    if (reads.risk or consent is ConsentClass.RISK) and not principal.may(Right.SEE_RISK):
        raise Forbidden(
            "This rule or its class says something of risk (score, grade, ring, blocklist, outcome, or a tag that reads them). "
            f"The role {principal.role} may not use that. Leave it out."
        )


def _require_no_circle(code: str, reads: Reads, tags: Mapping[str, TagDefinition]) -> None:
    seen: set[str] = set()
    ahead = list(reads.tags)
    while ahead:
        other = ahead.pop()
        if other == code:
            raise InvalidRequest("The rule reads the tag itself, by way of others. Leave that out.", code="tag.rule")
        if other not in seen and other in tags:
            seen.add(other)
            ahead.extend(tags[other].reads.tags)


def may_know(principal: Principal, tag: TagDefinition) -> bool:
    return principal.may(Right.SEE_RISK) or not is_risk(tag)


def may_know_segment(principal: Principal, segment: Segment) -> bool:
    return principal.may(Right.SEE_RISK) or not (segment.risk or segment.reads.risk)


def segments_reading(store: GraphStore, principal: Principal) -> dict[str, list[str]]:
    """By tag, the codes of the segments that the principal may know of that read it."""
    found: dict[str, list[str]] = {}
    for code, segment in segments_of(store).items():
        for tag in segment.reads.tags if may_know_segment(principal, segment) else ():
            found.setdefault(tag, []).append(code)
    return found


def _in_use(code: str, told: Sequence[str]) -> InvalidRequest:
    by = ", ".join(told) if len(told) > 0 else "others. Ask the risk team"
    return InvalidRequest(f"The tag {code} is read by {by}. Change those first.", code="tag.in_use")


def _text(raw: str, what: str) -> str:
    text = tidy(raw)
    if not 1 <= len(text) <= _LONGEST:
        raise InvalidRequest(f"Give the tag's {what} in 1 to {_LONGEST} characters.", code="tag.name")
    refuse_personal(text)
    return text


def _put(store: GraphStore, made: TagDefinition, *, expected: str | None) -> None:
    # The version first: a tag is never there without its history, and no change writes over the version of another.
    version, text = f"{VERSIONS}{made.code}/{made.version:06d}", made.dump()
    if not store.swap_state(version, expected=None, value=text):
        raise _changed_meanwhile()
    if not store.swap_state(PREFIX + made.code, expected=expected, value=text):
        store.swap_state(version, expected=text, value=None)
        raise _changed_meanwhile()


def _next_version(store: GraphStore, code: str) -> int:
    """Also after one that was deleted."""
    last = newest_version(store, code)
    return 1 if last is None else last.version + 1


def _changed_meanwhile() -> InvalidRequest:
    return InvalidRequest("Somebody else changed this tag just now. Look at it, then try again.", code="tag.changed")

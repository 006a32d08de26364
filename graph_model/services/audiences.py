"""Seed audiences (种子人群): people from referral circles and those like them who passed the gate, named, versioned, frozen; handed out through it again.

A version keeps its members; who of them is handed out on a day goes by the gate's risk of that day, the same for all versions and audiences, so that no
two tell by their difference who became a risk. What may change from day to day is that, who opted out, was contacted too often, or rests by chance.
A version is handed out for a few days and then drawn anew.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graph_model.errors import InvalidRequest, NotFound
from graph_model.moments import to_ms, whole
from graph_model.principal import Principal, Right
from graph_model.records import AuditRecord
from graph_model.schema.text import tidy
from graph_model.services import audience_records as records
from graph_model.services.audience_records import Audience, Recipe, Version, Withdrawal
from graph_model.services.circle_lists import one_circle, required, spreaders
from graph_model.services.consent_facts import CHANNELS
from graph_model.services.gate import EXCLUSIONS, Handles, Passed, pass_gate, risk_moment, told
from graph_model.services.gate_policy import Gate
from graph_model.services.lookalikes import MOST_GROWN, TagLikeness, ranked
from graph_model.services.referrals import Circles
from graph_model.services.wording import reason_of, refuse_personal
from graph_model.store import GraphStore, OnProgress

MOST_SPREADERS = 100_000
MOST_CIRCLES = 1_000
_CIRCLE = re.compile(r"circle-[0-9a-f]{16}")
_LONGEST_NAME = 80
_TRIES = 5
_LEAST_AT_ONCE = 2_000  # candidates that go through the gate together


def _unheard(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody asked for."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Who passed, and of those how many are like the others, by what."""

    passed: Passed
    risk: datetime
    grown: int
    likeness: tuple[TagLikeness, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """An audience as it is to be."""

    name: str
    channel: str
    purpose: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class MemberPage:
    node_ids: Sequence[str]
    total: int  # when it was drawn; who left since is in no page
    has_next: bool
    has_previous: bool


def new_id(moment: datetime) -> str:
    """Those of later moments come later."""
    return f"{to_ms(moment):013d}-{secrets.token_hex(4)}"


def checked(store: GraphStore, principal: Principal, draft: Draft) -> Draft:
    """A draft as it would be kept, before anybody is drawn. Raises InvalidRequest audience.name, audience.channel, audience.purpose, audience.recipe,
    text.personal."""
    principal.require(Right.MARKET)
    if draft.channel not in CHANNELS:
        raise InvalidRequest(f"A channel is one of: {', '.join(CHANNELS)}.", code="audience.channel")
    return Draft(
        name=_name(store, draft.name),
        channel=draft.channel,
        purpose=reason_of(draft.purpose, code="audience.purpose"),
        recipe=_checked(draft.recipe),
    )


def create(
    store: GraphStore,
    gate: Gate,
    circles: Circles,
    principal: Principal,
    draft: Draft,
    *,
    now: datetime,
    own_id: str | None = None,
    on_progress: OnProgress = _unheard,
) -> tuple[Audience, Version]:
    """A new audience and its first version; `own_id` is one that `new_id` made. Raises as `checked` does, and InvalidRequest audience.unscored,
    audience.too_small, audience.unlike, or NotFound for a circle that is not there or too small."""
    draft, moment = checked(store, principal, draft), whole(now)
    audience = Audience(
        id=own_id or new_id(moment),
        name=draft.name,
        channel=draft.channel,
        purpose=draft.purpose,
        recipe=draft.recipe,
        created_by=principal.name,
        created_at=moment,
    )
    drawn = _draw(store, gate, circles, principal, audience, moment, on_progress)
    version = _keep(store, gate, principal, audience, drawn, moment)
    if not records.keep(store, audience):
        records.drop_version(store, version)
        raise _name_taken()
    _audit_draw(store, principal, audience, version)
    return audience, version


def redraw(
    store: GraphStore,
    gate: Gate,
    circles: Circles,
    principal: Principal,
    audience_id: str,
    *,
    now: datetime,
    on_progress: OnProgress = _unheard,
) -> tuple[Audience, Version]:
    """The same recipe once more: the next version. Raises as `create` does, and NotFound for an unknown audience."""
    principal.require(Right.MARKET)
    audience, moment = one(store, principal, audience_id), whole(now)
    drawn = _draw(store, gate, circles, principal, audience, moment, on_progress)
    version = _keep(store, gate, principal, audience, drawn, moment)
    _audit_draw(store, principal, audience, version)
    return audience, version


def one(store: GraphStore, principal: Principal, audience_id: str) -> Audience:
    principal.require(Right.MARKET)
    found = records.read(store, audience_id)
    if found is None:
        raise NotFound("There is no such audience. Take an id from the list of audiences.")
    return found


def listed(store: GraphStore, principal: Principal, *, first: int) -> list[Audience]:
    """The newest first."""
    principal.require(Right.MARKET)
    return records.newest(store, limit=first)


def versions(store: GraphStore, principal: Principal, audience: Audience) -> list[Version]:
    """The newest first."""
    principal.require(Right.MARKET)
    return records.versions(store, audience.id)


def version(store: GraphStore, principal: Principal, audience: Audience, number: int | None = None) -> Version:
    """The one of this number, the newest when None. Raises NotFound."""
    for found in versions(store, principal, audience):
        if number is None or found.number == number:
            return found
    raise NotFound("This audience has no such version.")


def member_page(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    audience: Audience,
    of: Version,
    *,
    first: int,
    after: str = "",
    now: datetime,
) -> MemberPage:
    """Members who may be handed out now, by opaque id. Raises as `handed_out` does."""
    found: list[str] = []
    for piece in handed_out(store, gate, principal, audience, of, after=after, now=now):
        found += piece
        if len(found) > first:
            break
    return MemberPage(found[:first], of.members, len(found) > first, after != "")


def handed_out(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    audience: Audience,
    of: Version,
    *,
    after: str = "",
    now: datetime,
) -> Iterator[list[str]]:
    """All who may be handed out now, piece by piece, by opaque id: every page and every export comes from here. Raises InvalidRequest
    audience.expired, audience.withdrawn, audience.unscored."""
    principal.require(Right.MARKET)
    require_open(of, now)
    return _through(store, gate, audience, of, after, _risk(store, gate, now), now)


def withdraw(
    store: GraphStore, principal: Principal, audience: Audience, number: int, *, reason: str, now: datetime
) -> Version:
    """A version is handed out no more: for when something is wrong with it as a whole. Raises NotFound, or InvalidRequest audience.reason,
    audience.withdrawn."""
    principal.require(Right.SEE_EXCLUSIONS)
    why = reason_of(reason, code="audience.reason")
    found = version(store, principal, audience, number)
    if found.withdrawn is not None or not records.withdraw(store, found, Withdrawal(principal.name, whole(now), why)):
        raise InvalidRequest("This version has been withdrawn already.", code="audience.withdrawn")
    _audit(store, principal, "audience.withdraw", audience, now, version=number, reason=why)
    return version(store, principal, audience, number)


def export_record(
    principal: Principal, audience: Audience, of: Version, *, rows: int, form: str, now: datetime
) -> AuditRecord:
    """The line of the audit chain that whoever exports writes before the file is given away."""
    principal.require(Right.MARKET)
    return _record(principal, "audience.export", audience, now, version=of.number, rows=rows, format=form)


# --- drawing -------------------------------------------------------------------------------------------------------


def _draw(
    store: GraphStore,
    gate: Gate,
    circles: Circles,
    principal: Principal,
    audience: Audience,
    now: datetime,
    on_progress: OnProgress,
) -> _Drawn:
    """Keeps nothing; `on_progress` is told before whatever takes long, and may raise to end it."""
    risk = _risk(store, gate, now)
    on_progress("gate", 0, 0)

    def passing(candidates: Handles) -> Passed:
        return pass_gate(store, gate, candidates, channel=audience.channel, moment=now, risk=risk)

    people = _candidates(circles, principal, gate, audience.recipe)
    handles = circles.people.handles[people]
    wanted = audience.recipe.spreaders
    passed = passing(handles) if wanted is None else _strongest(handles, wanted, passing)
    alike, likeness = _nobody(), list[TagLikeness]()
    seed = handles[:wanted]  # before the gate: nothing that follows tells of anybody's risk or consent
    if audience.recipe.grow > 0 and len(seed) >= gate.policy.least_members:
        on_progress("lookalikes", 0, 0)
        others, likeness = ranked(store, gate.secret, seed)
        on_progress("gate", 0, 0)
        alike = _strongest(others, audience.recipe.grow, passing)
        passed = _together(passed, alike)
    if len(passed.handles) < gate.policy.least_members:
        steps = told(principal, passed.excluded).steps
        exact = "" if steps is None else f" Left out: {', '.join(f'{reason} {n:,}' for reason, n in steps if n > 0)}."
        raise InvalidRequest(
            f"Fewer than {gate.policy.least_members} people may be handed out, which is too few for an audience. "
            f"Choose more or larger circles, or another channel.{exact}",
            code="audience.too_small",
        )
    on_progress("keeping", 0, 0)
    return _Drawn(passed, risk, len(alike.handles), tuple(likeness))


def _risk(store: GraphStore, gate: Gate, now: datetime) -> datetime:
    found = risk_moment(store, gate.policy, now=now)
    if found is None:
        raise InvalidRequest(
            f"Nobody was scored in the last {gate.policy.most_days} days, so that nobody's risk is known and nobody may be handed out. "
            "Have everybody scored (guanxi score), then try again.",
            code="audience.unscored",
        )
    return found


def _nobody() -> Passed:
    return Passed(np.empty(0, dtype=np.int64), [], 0, dict.fromkeys(EXCLUSIONS, 0))


def _together(one: Passed, other: Passed) -> Passed:
    """Of two groups without anybody in common."""
    return Passed(
        np.union1d(one.handles, other.handles),
        [*one.node_ids, *other.node_ids],
        one.candidates + other.candidates,
        {reason: one.excluded[reason] + other.excluded[reason] for reason in EXCLUSIONS},
    )


def _candidates(circles: Circles, principal: Principal, gate: Gate, recipe: Recipe) -> Handles:
    """Places of people, in the order in which they are to be taken."""
    everybody = np.arange(len(circles.people.handles))
    if len(recipe.circles) > 0:
        chosen = [required(one_circle(circles, principal, gate.policy, each)).number for each in recipe.circles]
        inside = np.isin(circles.people.circle, chosen)
    else:
        inside = np.ones(len(everybody), dtype=np.bool_)
    if recipe.spreaders is None:
        return everybody[inside]
    ranked = spreaders(circles, by=recipe.by)
    return ranked[inside[ranked]]


def _strongest(ranked: Handles, wanted: int, passing: Callable[[Handles], Passed]) -> Passed:
    """As many as are wanted, the strongest first, of those who pass: so that how many were left out can't be told from how many were asked for."""
    drawn, begin, size = _nobody(), 0, max(_LEAST_AT_ONCE, wanted // 2)
    while begin < len(ranked) and len(drawn.handles) < wanted:
        some, missing = ranked[begin : begin + size], wanted - len(drawn.handles)
        passed = passing(some)
        if len(passed.handles) >= missing:
            kept = np.flatnonzero(np.isin(some, passed.handles))
            passed = passing(some[: int(kept[missing - 1]) + 1])
        drawn, begin = _together(drawn, passed), begin + size
    return drawn


def _keep(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    audience: Audience,
    drawn: _Drawn,
    now: datetime,
) -> Version:
    for _ in range(_TRIES):
        before = records.versions(store, audience.id)
        made = Version(
            audience_id=audience.id,
            number=before[0].number + 1 if len(before) > 0 else 1,
            drawn_by=principal.name,
            drawn_at=now,
            risk_at=drawn.risk,
            valid_until=records.valid_until(now, gate.policy.valid_days),
            policy_version=gate.policy.version,
            candidates=drawn.passed.candidates,
            excluded=dict(drawn.passed.excluded),
            members=len(drawn.passed.node_ids),
            draft=secrets.token_hex(8),
            grown=drawn.grown,
            likeness=drawn.likeness if drawn.grown > 0 else (),
        )
        if records.keep_version(store, made, drawn.passed.node_ids):
            return made
    raise InvalidRequest("Others draw this audience at the same time. Draw it again in a moment.", code="audience.busy")


def _through(
    store: GraphStore, gate: Gate, audience: Audience, of: Version, after: str, risk: datetime, now: datetime
) -> Iterator[list[str]]:
    for piece in records.members(store, of, after=after):
        handles = np.array(store.handles(piece), dtype=np.int64)
        passed = pass_gate(store, gate, handles, channel=audience.channel, moment=now, risk=risk)
        yield sorted(passed.node_ids)


def require_open(of: Version, now: datetime) -> None:
    """Raises InvalidRequest audience.withdrawn, audience.expired."""
    if of.withdrawn is not None:
        raise InvalidRequest("This version was withdrawn. Draw the audience anew.", code="audience.withdrawn")
    if now > of.valid_until:
        raise InvalidRequest(
            f"This version was good until {of.valid_until:%Y-%m-%d %H:%M} UTC. Draw the audience anew.",
            code="audience.expired",
        )


def _name(store: GraphStore, text: str) -> str:
    name = tidy(text)
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InvalidRequest(f"A name has 1 to {_LONGEST_NAME} characters.", code="audience.name")
    refuse_personal(name)
    if any(each.name == name for each in records.newest(store)):
        raise _name_taken()
    return name


def _name_taken() -> InvalidRequest:
    return InvalidRequest(
        "There is an audience of this name. Draw that one anew, or choose another name.", code="audience.name"
    )


def _checked(recipe: Recipe) -> Recipe:
    if recipe.spreaders is None and len(recipe.circles) == 0:
        raise InvalidRequest("Name circles, or say how many spreaders.", code="audience.recipe")
    if len(recipe.circles) > MOST_CIRCLES:
        raise InvalidRequest(f"An audience comes from {MOST_CIRCLES} circles at most.", code="audience.recipe")
    # Before they are kept or looked for: what isn't one may be anything, a person's number too.
    if not all(_CIRCLE.fullmatch(each) for each in recipe.circles):
        raise InvalidRequest("A circle is named by its id, as the list of circles shows it.", code="audience.recipe")
    if recipe.spreaders is not None and not 1 <= recipe.spreaders <= MOST_SPREADERS:
        raise InvalidRequest(f"Spreaders are 1 to {MOST_SPREADERS:,}.", code="audience.recipe")
    if not 0 <= recipe.grow <= MOST_GROWN:
        raise InvalidRequest(f"Look-alikes are 0 to {MOST_GROWN:,}.", code="audience.recipe")
    return recipe


def _audit_draw(store: GraphStore, principal: Principal, audience: Audience, version: Version) -> None:
    detail = {"version": version.number, "members": version.members}
    _audit(store, principal, "audience.draw", audience, version.drawn_at, **detail)


def _audit(
    store: GraphStore, principal: Principal, operation: str, audience: Audience, now: datetime, **detail: object
) -> None:
    store.append_audit([_record(principal, operation, audience, now, **detail)])


def _record(principal: Principal, operation: str, audience: Audience, now: datetime, **detail: object) -> AuditRecord:
    more = {"audience": audience.id, "channel": audience.channel, **detail}
    return AuditRecord(now, principal.name, principal.role, operation, (), "ok", more)

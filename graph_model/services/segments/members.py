"""Who of a segment may be handed to marketing: members of an edition through the gate, each time anew, by opaque ids in an order that says nothing.

Every page and every file comes from `handed_out`. It refuses an edition that is too old, of which nobody's risk is known, or of which too few may be handed
out, in the same words whatever left it so small; and a segment that says something of risk, or reads a tag that is not for marketing, is counted and never
handed out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graph_model.errors import InvalidRequest, NotFound
from graph_model.principal import Principal, Right
from graph_model.records import AuditRecord
from graph_model.services.consent_facts import CHANNELS
from graph_model.services.gate import EXCLUSIONS, Passed, Told, disclosed, pass_gate, risk_moment, told
from graph_model.services.gate_policy import Gate
from graph_model.services.segments.definition import Segment
from graph_model.services.segments.dictionary import not_for_marketing
from graph_model.services.segments.editions import Edition, editions
from graph_model.store import GraphStore

_READ = 200_000  # members that are read together: each reading goes through the whole history of the segment
_PIECE = 20_000  # who are looked at together
_FIRST_PIECE = 1_000  # and where it is a page that is asked for


@dataclass(frozen=True, slots=True)
class Page:
    node_ids: Sequence[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of an edition may be handed out now through a channel. To who may not see exclusions `members` is rounded."""

    channel: str
    candidates: int | None
    members: int | None
    told: Told


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of who was in one edition until another; None where too few to tell."""

    before: Edition
    after: Edition
    stayed: int | None
    left: int | None
    joined: int | None


def edition(store: GraphStore, segment: Segment, number: int | None = None) -> Edition:
    """The one of this number, the newest when None. Raises NotFound."""
    for found in editions(store, segment):
        if number is None or found.number == number:
            return found
    raise NotFound("Nobody has computed who is in this segment, or not this edition of it. Compute it first.")


def member_page(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    segment: Segment,
    of: Edition,
    channel: str,
    *,
    first: int,
    after: str = "",
    now: datetime,
) -> Page:
    """Raises as `handed_out` does."""
    found: list[str] = []
    pieces = handed_out(store, gate, principal, segment, of, channel, after=after, piece=_FIRST_PIECE, now=now)
    for piece in pieces:
        found += piece
        if len(found) > first:
            break
    return Page(found[:first], len(found) > first, after != "")


def handed_out(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    segment: Segment,
    of: Edition,
    channel: str,
    *,
    after: str = "",
    piece: int = _PIECE,
    now: datetime,
) -> Iterator[list[str]]:
    """All who may be handed out now, piece by piece, by opaque id. Raises InvalidRequest segment.channel, segment.risk, segment.service,
    segment.expired, segment.unscored, segment.too_small."""
    principal.require(Right.MARKET)
    risk = _require_open(store, gate, segment, of, channel, now)
    _require_enough(store, gate, of, channel, risk, now)
    return (sorted(passed.node_ids) for passed in _passed(store, gate, of, channel, risk, after, piece, now))


def reach(
    store: GraphStore, gate: Gate, principal: Principal, segment: Segment, of: Edition, channel: str, *, now: datetime
) -> Reach:
    """Raises as `handed_out` does."""
    principal.require(Right.MARKET)
    risk = _require_open(store, gate, segment, of, channel, now)
    _require_enough(store, gate, of, channel, risk, now)
    members, excluded = 0, dict.fromkeys(EXCLUSIONS, 0)
    for passed in _passed(store, gate, of, channel, risk, "", _PIECE, now):
        members += len(passed.node_ids)
        for reason, number in passed.excluded.items():
            excluded[reason] += number
    exact = principal.may(Right.SEE_EXCLUSIONS)
    candidates = members + sum(excluded.values()) if exact else None
    return Reach(channel, candidates, disclosed(members, exact=exact), told(principal, excluded))


def difference(store: GraphStore, principal: Principal, segment: Segment, first: int, second: int) -> Difference:
    """Raises NotFound, InvalidRequest segment.order for two in the wrong order."""
    principal.require(Right.SEE_TAGS)
    before, after = edition(store, segment, first), edition(store, segment, second)
    if before.number >= after.number:
        raise InvalidRequest("Name the earlier edition first.", code="segment.order")
    found = store.tag_difference(before.run, after.run)
    exact = principal.may(Right.SEE_RISK)
    numbers = (disclosed(number, exact=exact) for number in (found.stayed, found.left, found.joined))
    return Difference(before, after, *numbers)


def export_record(
    principal: Principal, segment: Segment, of: Edition, channel: str, *, rows: int, form: str, now: datetime
) -> AuditRecord:
    """The line of the audit chain for a file of so many, which is written before the file is given away."""
    told = {
        "segment": segment.code,
        "version": of.version,
        "edition": of.number,
        "channel": channel,
        "rows": rows,
        "format": form,
    }
    return AuditRecord(now, principal.name, principal.role, "segment.export", (), "ok", told)


def _passed(
    store: GraphStore, gate: Gate, of: Edition, channel: str, risk: datetime, after: str, piece: int, now: datetime
) -> Iterator[Passed]:
    limit = piece
    while True:
        found = store.tagged_by(of.run, after=after, limit=limit)
        for begin in range(0, len(found), _PIECE):
            handles = np.array(store.handles(found[begin : begin + _PIECE]), dtype=np.int64)
            yield pass_gate(store, gate, handles, channel=channel, moment=now, risk=risk)
        if len(found) < limit:
            return
        after, limit = found[-1], _READ


def _require_open(
    store: GraphStore, gate: Gate, segment: Segment, of: Edition, channel: str, now: datetime
) -> datetime:
    """The moment from which the risk of its members is looked at: the day's, whatever it was when the edition was computed."""
    if channel not in CHANNELS:
        raise InvalidRequest(f"A channel is one of: {', '.join(CHANNELS)}.", code="segment.channel")
    if segment.risk or segment.reads.risk:
        raise InvalidRequest(
            "This segment says something of risk: it is counted and never handed out to marketing.", code="segment.risk"
        )
    closed = not_for_marketing(store, segment, of.version)
    if len(closed) > 0:
        raise InvalidRequest(
            f"This segment reads tags that are not of class marketing ({', '.join(closed)}): it is counted and never handed out to marketing. "
            "Leave them out, then compute the segment anew.",
            code="segment.service",
        )
    if now > of.valid_until:
        raise InvalidRequest(
            f"This edition was good until {of.valid_until:%Y-%m-%d %H:%M} UTC. Compute the segment anew.",
            code="segment.expired",
        )
    if of.risk_at is None:
        raise InvalidRequest(
            "Nobody's risk was known when this edition was computed. Have everybody scored (guanxi score), then compute the segment anew.",
            code="segment.unscored",
        )
    risk = risk_moment(store, gate.policy, now=now)
    if risk is None:
        raise InvalidRequest(
            f"Nobody was scored in the last {gate.policy.most_days} days, so that nobody's risk is known and nobody may be handed out. "
            "Have everybody scored (guanxi score).",
            code="segment.unscored",
        )
    return risk


def _require_enough(store: GraphStore, gate: Gate, of: Edition, channel: str, risk: datetime, now: datetime) -> None:
    """Looks no further than until there are enough."""
    found = 0
    for passed in _passed(store, gate, of, channel, risk, "", _FIRST_PIECE, now):
        found += len(passed.node_ids)
        if found >= gate.policy.least_members:
            return
    raise InvalidRequest(
        f"Fewer than {gate.policy.least_members} people may be handed out, which is too few. Widen the segment, or choose another channel.",
        code="segment.too_small",
    )

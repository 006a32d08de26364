"""What facts about one node say of the blocklist (黑名单), and the facts that change it. Pure.

Facts are added, never changed, and one may be dated ahead: an expiry is a removal that is to come. Whoever lists again, or removes, before it
comes takes it back by a fact a millisecond after it; a reader that takes the last fact up to a moment is wrong for that millisecond at most.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph_model.records import Fact, NodeRef

KIND = "blocklist"
LISTED, REMOVED = "listed", "removed"
_TICK = timedelta(milliseconds=1)  # what a store tells moments apart by


def is_listed(facts: Sequence[Fact], moment: datetime) -> bool:
    """Whether these facts about one node put it on the blocklist at a moment."""
    past = [fact for fact in changes(facts) if fact.at <= moment]
    return len(past) > 0 and past[-1].value == LISTED


def changes(facts: Sequence[Fact]) -> list[Fact]:
    """The facts by time, without those that another one takes back within a millisecond."""
    ordered = sorted((fact for fact in facts if fact.kind == KIND), key=lambda fact: (fact.at, fact.value))
    return [
        fact
        for place, fact in enumerate(ordered)
        if place + 1 == len(ordered) or ordered[place + 1].at - fact.at > _TICK
    ]


def stated(
    before: Sequence[Fact],
    ref: NodeRef,
    value: str,
    reason: str,
    *,
    source: str,
    now: datetime,
    until: datetime | None = None,
) -> list[Fact]:
    """The facts that make `value` hold from now until then, whatever was said before of the time after now."""

    def fact(value: str, at: datetime) -> Fact:
        return Fact(ref, KIND, value, at, now, source, note=reason)

    begin = _free_for(value, before, now)
    made = [fact(value, begin)]
    if until is not None:
        made.append(fact(REMOVED, until))
    ahead = sorted({other.at for other in before if other.at > begin})
    for at in ahead:
        then = max(other.value for other in before if other.at == at)  # of two at one moment, `removed` counts
        wanted = value if until is None or at < until else REMOVED
        if then != wanted and at + _TICK not in ahead:
            made.append(fact(wanted, at + _TICK))
    return made


def _free_for(value: str, before: Sequence[Fact], now: datetime) -> datetime:
    """Now, or after all that follows now a millisecond upon the other, where some of that says otherwise: it would take back what is said now."""
    end, contradicted = now, False
    for other in sorted(before, key=lambda fact: fact.at):
        if now <= other.at <= end + _TICK:
            end, contradicted = other.at, contradicted or other.value != value
    return end + _TICK if contradicted else now

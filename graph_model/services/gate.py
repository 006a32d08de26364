"""The gate: of some customers, those who may be handed to marketing through a channel, and how many of the others were left out for what.

Everything that shows or exports customers to whoever may not see risk goes through `pass_gate`. Each who is left out is counted once, for the
first of `EXCLUSIONS` that holds, so that a waterfall sums to the last person. Whoever may not see exclusions gets one number for all of them
together, rounded and suppressed where it is small (`told`): that nobody's absence says why, chance withholds some too.

Consent and contacts are those of the moment. Risk is that of one scoring of everybody for every list that is handed out on a day (`risk_moment`), and of
what was known when it was made: so risk changes for all at once, at midnight, when others go to rest by chance. Nothing that happens to one customer
between two scorings shows in who is handed out, and no two lists of one day differ for risk, whenever they were drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from graph_model.principal import Principal, Right
from graph_model.records import AsOf
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.blocklist_facts import KIND as BLOCKLIST
from graph_model.services.blocklist_facts import LISTED
from graph_model.services.consent_facts import CHANNELS, consented, contacts
from graph_model.services.gate_policy import ANY_CHANNEL, Gate, GatePolicy
from graph_model.services.withheld import withheld
from graph_model.store import MAX_CAP, GraphStore

UNKNOWN, NO_CONSENT, CONTACTED = "unknown", "no_consent", "contacted"
UNSCORED, GRADE, RING, BLOCKLISTED, FRAUD, WITHHELD = (
    "unscored", "grade", "ring", "blocklisted", "confirmed_fraud", "withheld",
)  # fmt: skip
EXCLUSIONS = (UNKNOWN, NO_CONSENT, CONTACTED, UNSCORED, GRADE, RING, BLOCKLISTED, FRAUD, WITHHELD)

ROUNDED_TO = 5
LEAST_TOLD = 10
_GRADES = "ABCD"
_THROUGH = timedelta(hours=1)  # a scoring that was begun so long before a day is complete when it begins
_MOMENT = timedelta(milliseconds=1)  # the least that moments are apart

Handles = NDArray[np.int64]
Count = TypeVar("Count", int, Handles)


@dataclass(frozen=True, slots=True)
class Passed:
    """Who passed, rising, and how many did not, by reason in the order of `EXCLUSIONS`."""

    handles: Handles
    node_ids: Sequence[str]
    candidates: int
    excluded: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Told:
    """What one principal is told of exclusions. `steps` are None for whoever may not see them; `excluded` is None below `LEAST_TOLD` then."""

    excluded: int | None
    steps: Sequence[tuple[str, int]] | None


def told(principal: Principal, excluded: Mapping[str, int]) -> Told:
    total = sum(excluded.values())
    if principal.may(Right.SEE_EXCLUSIONS):
        return Told(total, [(reason, excluded.get(reason, 0)) for reason in EXCLUSIONS])
    return Told(disclosed(total, exact=False), None)


def disclosed(number: int, *, exact: bool) -> int | None:
    """A number of people as it is told: exact, or rounded, and not at all where so few could be somebody."""
    if exact:
        return number
    return None if number < LEAST_TOLD else rounded(number)


def rounded(count: Count) -> Count:
    """To the nearest five."""
    return ROUNDED_TO * ((count + ROUNDED_TO // 2) // ROUNDED_TO)


def risk_moment(store: GraphStore, policy: GatePolicy, *, now: datetime) -> datetime | None:
    """The moment from which everybody's risk is looked at, one for the whole day (Asia/Shanghai): that of the newest scoring of everybody that was
    complete when the day began. Where there was none, or none that the policy still allows, that of the first scoring of this day, which stays the
    day's whatever follows; None before there is one."""
    midnight = datetime.combine(now.astimezone(LOCAL_ZONE).date(), time(), LOCAL_ZONE)
    settled = _scored_by(store, midnight - _THROUGH)
    if settled is not None and midnight - settled <= timedelta(days=policy.most_days):
        return settled
    first, made = None, _scored_by(store, now)
    while made is not None and made > midnight - _THROUGH:
        first, made = made, _scored_by(store, made - _MOMENT)
    return first


def _scored_by(store: GraphStore, moment: datetime) -> datetime | None:
    """When the scoring of everybody that was the newest at a moment was made."""
    found = store.latest_scoring(as_of=AsOf.at(moment))
    return None if found is None else max(found.as_of, found.scored_at)


def pass_gate(
    store: GraphStore,
    gate: Gate,
    candidates: Handles,
    *,
    channel: str,
    moment: datetime,
    risk: datetime | None,
) -> Passed:
    """The candidates who may be handed out at a moment. `risk` is the moment from which their risk is looked at; without one nobody's is known,
    and nobody passes."""
    asked = np.unique(candidates)
    left = np.intersect1d(asked, store.scan_nodes("Customer", among=asked.tolist(), as_of=AsOf.at(moment)).handles)
    excluded = {UNKNOWN: len(asked) - len(left)}

    def keep(reason: str, out: NDArray[np.bool_]) -> None:
        nonlocal left
        excluded[reason] = int(out.sum())
        left = left[~out]

    keep(NO_CONSENT, ~consented(store, left, channel, moment))
    keep(CONTACTED, _too_often(store, gate, left, channel, moment))
    then = None if risk is None else AsOf.at(risk)
    worn = store.grades_at(left.tolist(), as_of=then)
    refused = [_GRADES.index(grade) for grade in gate.policy.grades]
    unscored = (worn.grade < 0) if then is not None else np.ones(len(left), dtype=np.bool_)
    risky, in_ring = np.isin(worn.grade, refused), worn.ring >= 0
    keep(UNSCORED, unscored)
    keep(GRADE, risky[~unscored])
    keep(RING, in_ring[~unscored & ~risky])
    keep(BLOCKLISTED, _blocklisted(store, left, then))
    keep(FRAUD, confirmed_fraud(store, left, then))
    ids = store.node_ids(left.tolist())
    out = withheld(gate, ids, channel, moment.astimezone(LOCAL_ZONE).date())
    keep(WITHHELD, out)
    kept = [node_id for node_id, gone in zip(ids, out.tolist(), strict=True) if not gone]
    return Passed(left, kept, len(asked), excluded)


def _too_often(store: GraphStore, gate: Gate, handles: Handles, channel: str, moment: datetime) -> NDArray[np.bool_]:
    sent = contacts(store, handles, moment)
    out = np.zeros(len(handles), dtype=np.bool_)
    for limit in gate.policy.limits:
        if limit.covers(channel):
            counted = CHANNELS if limit.channel == ANY_CHANNEL else [channel]
            out |= sent.count(counted, days=limit.days) >= limit.most
    return out


def _blocklisted(store: GraphStore, handles: Handles, then: AsOf | None) -> NDArray[np.bool_]:
    """By the last statement of each; what was dated ahead counts from its day."""
    return _last_says(store, BLOCKLIST, LISTED, handles, then)


def confirmed_fraud(store: GraphStore, handles: Handles, then: AsOf | None) -> NDArray[np.bool_]:
    """Whose fraud is confirmed (`handles` rise): by an investigator's conclusion about them, or by the label of an application of theirs."""
    out = _last_says(store, "disposition", "confirmed_fraud", handles, then)
    for edges in store.edges_at(handles.tolist(), types=["APPLIED"], cap=MAX_CAP, as_of=then).columns:
        applications = np.unique(edges.end)
        fraud = applications[_last_says(store, "label", "confirmed_fraud", applications, then)]
        out |= np.isin(handles, edges.start[np.isin(edges.end, fraud)])
    return out


def _last_says(store: GraphStore, kind: str, value: str, handles: Handles, then: AsOf | None) -> NDArray[np.bool_]:
    """Of which nodes the last fact of a kind has a value. Facts come by time, and of one moment in the order of their values."""
    facts = store.scan_facts(kind, among=handles.tolist(), as_of=then)
    said = np.zeros(len(handles), dtype=np.bool_)
    if value in facts.values:
        said[np.searchsorted(handles, facts.about)] = facts.value == facts.values.index(value)
    return said

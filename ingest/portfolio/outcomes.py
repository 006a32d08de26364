"""What becomes of an application: decision, status history, and labels that become known months later.

A decision is no label, and most refused applications never get one. Ten in a hundred fraudulent customers are never found out.
"""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio.applications import Applications
from ingest.portfolio.arrays import NONE, Bools, Ints, Rng, chance, pick
from ingest.portfolio.rings import FraudPlan
from ingest.portfolio.window import DAY, HOUR, Window

APPROVED, REFUSED, WITHDRAWN = range(3)
OUTCOMES = ("approved", "refused", "withdrawn")
STATUSES = ("registered", "lead_left", "applied", "approved", "refused", "drawn", "repaid", "overdue")
_REGISTERED, _LEAD_LEFT, _APPLIED, _APPROVED, _REFUSED, _DRAWN, _REPAID, _OVERDUE = range(8)
LABELS = ("confirmed_fraud", "early_default", "good", "unknown")
CONFIRMED_FRAUD, EARLY_DEFAULT, GOOD, UNKNOWN = range(4)
NEVER_LABELLED_SHARE = 0.10
_MONTH = 30 * DAY


@dataclass(frozen=True, slots=True)
class History:
    """One entry per status or per label."""

    application: Ints
    value: Ints
    at: Ints


@dataclass(frozen=True, slots=True)
class Outcomes:
    """By application: the decision (NONE: pending at the window's end) and the fraud's label to be, if any."""

    decision: Ints
    statuses: History
    labels: History  # known within the window
    eventual_labels: History  # those that come later as well
    never_labelled: Bools  # fraudulent applications only


def settle_outcomes(rng: Rng, apps: Applications, plan: FraudPlan, registered: Ints, window: Window) -> Outcomes:
    """`registered` is when each customer registered."""
    total = len(apps)
    decision = np.where(apps.fraud, pick(rng, (0.66, 0.29, 0.05), total), pick(rng, (0.69, 0.24, 0.07), total))
    decided_at = apps.at + (10 * 60 + rng.exponential(1.0, total) * 9 * HOUR).astype(np.int64)
    decision[decided_at > window.last] = NONE
    drawn = (decision == APPROVED) & chance(rng, 0.90, total)
    drawn_at = decided_at + (HOUR + rng.exponential(1.2, total) * DAY).astype(np.int64)

    defaults = drawn & ~apps.fraud & chance(rng, 0.028, total)
    defaults |= drawn & apps.fraud & chance(rng, 0.80, total)
    overdue_at = drawn_at + _MONTH + (rng.random(total) * 2.5 * _MONTH).astype(np.int64)
    full_term = chance(rng, 0.6, total)
    repaid_at = drawn_at + (apps.term * _MONTH * np.where(full_term, 1.0, 0.25 + 0.7 * rng.random(total))).astype(
        np.int64
    )
    late = drawn & ~defaults & chance(rng, 0.06, total)
    late_at = drawn_at + (_MONTH + rng.random(total) * np.maximum(repaid_at - drawn_at - 2 * _MONTH, DAY)).astype(
        np.int64
    )
    late &= late_at < repaid_at

    first = np.ones(total, dtype=np.bool_)
    _, first_rows = np.unique(apps.customer, return_index=True)
    first[:] = False
    first[first_rows] = True
    lead_left = first & (apps.at - registered[apps.customer] > 2 * HOUR) & chance(rng, 0.7, total)
    lead_at = registered[apps.customer] + (
        (apps.at - registered[apps.customer]) * (0.05 + 0.9 * rng.random(total))
    ).astype(np.int64)
    statuses = _history(
        window,
        (first, _REGISTERED, registered[apps.customer]),
        (lead_left, _LEAD_LEFT, lead_at),
        (np.ones(total, dtype=np.bool_), _APPLIED, apps.at),
        (decision == APPROVED, _APPROVED, decided_at),
        (decision == REFUSED, _REFUSED, decided_at),
        (drawn, _DRAWN, drawn_at),
        (defaults, _OVERDUE, overdue_at),
        (late, _OVERDUE, late_at),
        (drawn & ~defaults, _REPAID, repaid_at),
    )
    never = _never_found_out(rng, apps, plan)
    eventual = _labels(rng, apps, decision, drawn, drawn_at, decided_at, overdue_at, defaults, never)
    known = eventual.at <= window.last
    labels = History(eventual.application[known], eventual.value[known], eventual.at[known])
    return Outcomes(decision, statuses, labels, eventual, never)


def _never_found_out(rng: Rng, apps: Applications, plan: FraudPlan) -> Bools:
    """Every tenth fraudulent customer, taken in order of how often they apply, so that it is every tenth application too."""
    fraudulent = np.flatnonzero(plan.kind_of != NONE)
    often = np.bincount(apps.customer[apps.fraud], minlength=len(plan.kind_of))[fraudulent]
    order = fraudulent[np.lexsort((rng.random(len(fraudulent)), often))]
    start = int(rng.integers(0, 10))
    hidden = np.zeros(len(plan.kind_of), dtype=np.bool_)
    hidden[order[start :: round(1 / NEVER_LABELLED_SHARE)]] = True
    return np.asarray(apps.fraud & hidden[apps.customer])


def _labels(
    rng: Rng,
    apps: Applications,
    decision: Ints,
    drawn: Bools,
    drawn_at: Ints,
    decided_at: Ints,
    overdue_at: Ints,
    defaults: Bools,
    never: Bools,
) -> History:
    total = len(apps)
    found = apps.fraud & ~never
    months = np.exp(rng.normal(np.log(3.4), 0.45, total)).clip(0.5, 11)
    confirmed_at = apps.at + (months * _MONTH).astype(np.int64) + rng.integers(0, DAY, size=total)
    confirmed_at = np.maximum(confirmed_at, decided_at + HOUR)
    default_at = overdue_at + _MONTH + rng.integers(0, 20 * DAY, size=total)
    # A third of the fraud that was paid out is taken for plain default first; not all of that is ever understood.
    mistaken = found & drawn & defaults & chance(rng, 0.34, total)
    understood = mistaken & chance(rng, 0.6, total)
    confirmed = (found & ~mistaken) | understood
    confirmed_at = np.where(understood, default_at + 10 * DAY + rng.integers(0, 3 * _MONTH, size=total), confirmed_at)
    early_default = mistaken | (~apps.fraud & defaults & chance(rng, 0.9, total))
    good = drawn & ~apps.fraud & ~defaults & chance(rng, 0.94, total)
    good_at = drawn_at + 5 * _MONTH + rng.integers(0, 3 * _MONTH, size=total)
    not_known = ((decision == REFUSED) & ~apps.fraud & chance(rng, 0.35, total)) | (never & chance(rng, 0.3, total))
    unknown_at = decided_at + 2 * _MONTH + rng.integers(0, 2 * _MONTH, size=total)
    return _history(
        None,
        (confirmed, CONFIRMED_FRAUD, confirmed_at),
        (early_default, EARLY_DEFAULT, default_at),
        (good, GOOD, good_at),
        (not_known, UNKNOWN, unknown_at),
    )


def _history(window: Window | None, *kinds: tuple[Bools, int, Ints]) -> History:
    """Entries of all kinds in order of application and time; with a window, those that fall into it."""
    rows = [np.flatnonzero(which) for which, _, _ in kinds]
    application = np.concatenate(rows)
    value = np.concatenate(
        [np.full(len(row), kind, dtype=np.int64) for row, (_, kind, _) in zip(rows, kinds, strict=True)]
    )
    at = np.concatenate([moment[row] for row, (_, _, moment) in zip(rows, kinds, strict=True)])
    if window is not None:
        inside = at <= window.last
        application, value, at = application[inside], value[inside], at[inside]
    order = np.lexsort((value, at, application))
    return History(application[order], value[order], at[order])

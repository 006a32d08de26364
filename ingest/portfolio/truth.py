"""The truth beside the files, which ingest never reads: who is fraudulent, in which ring, and what each application will prove to be."""

import numpy as np
import polars as pl

from ingest.portfolio import identifiers
from ingest.portfolio.arrays import NONE, Bools, Ints
from ingest.portfolio.model import Portfolio
from ingest.portfolio.outcomes import LABELS
from ingest.portfolio.rings import FraudKind, FraudPlan
from ingest.portfolio.texts import Texts, take
from ingest.portfolio.window import moments


def _kind_and_ring(plan: FraudPlan, customer: Ints, fraud: Bools) -> dict[str, pl.Series]:
    kinds = pl.Series([kind.name.lower() for kind in FraudKind])
    rings = _ring_ids(plan.rings) if plan.rings > 0 else pl.Series([""])
    return {
        "is_fraud": pl.Series(fraud).cast(pl.Int8),
        "fraud_kind": take(kinds, np.where(fraud, plan.kind_of[customer], NONE)),
        "ring_id": take(rings, np.where(fraud, plan.ring_of[customer], NONE)),
    }


def _ring_ids(count: int) -> pl.Series:
    return identifiers.joined("R", pl.Series(np.arange(count) + 1).cast(pl.String).str.zfill(5))


def customers(portfolio: Portfolio, texts: Texts) -> pl.DataFrame:
    everybody = np.arange(len(portfolio.people))
    fraud = portfolio.plan.kind_of != NONE
    return pl.DataFrame({"id_number": texts.id_number, **_kind_and_ring(portfolio.plan, everybody, fraud)}).sort(
        "id_number"
    )


def applications(portfolio: Portfolio, texts: Texts) -> pl.DataFrame:
    apps, outcomes = portfolio.applications, portfolio.outcomes
    eventual = outcomes.eventual_labels
    last = np.full(len(apps), NONE, dtype=np.int64)
    last[eventual.application] = np.arange(len(eventual.application))  # entries are in order of time: the latest stays
    label = np.where(last == NONE, NONE, eventual.value[last])
    return pl.DataFrame(
        {
            "application_id": texts.application_id,
            "id_number": texts.id_number.gather(apps.customer),
            **_kind_and_ring(portfolio.plan, apps.customer, apps.fraud),
            "never_labelled": pl.Series(outcomes.never_labelled).cast(pl.Int8),
            "eventual_label": take(pl.Series(LABELS), label),
            "eventually_known_at": moments(np.where(last == NONE, NONE, eventual.at[last])),
        }
    )


def rings(portfolio: Portfolio) -> pl.DataFrame:
    plan = portfolio.plan
    return pl.DataFrame(
        {
            "ring_id": _ring_ids(plan.rings),
            "kind": identifiers.words(tuple(kind.name.lower() for kind in FraudKind), plan.kind),
            "size": pl.Series([len(members) for members in plan.members], dtype=pl.Int64),
            "intensity": pl.Series(plan.intensity).round(3),
            "begins_at": moments(plan.begins),
            "ends_at": moments(plan.ends),
        }
    )

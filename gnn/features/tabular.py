"""Tabular features: what an application form and the customer's own past say, without anybody else. The baseline sees only these."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index
from gnn.arrays.graph import GraphArrays, Moments
from gnn.features.questions import QuestionSet
from gnn.features.vocabulary import Vocabulary
from gnn.features.walk import DAY_MS, Histories, Rows
from graph_model.columns import MISSING_MOMENT
from graph_model.schema import SCHEMA, StorageKind
from graph_model.schema.property_types import LOCAL_ZONE

_ZONE_MS = int(LOCAL_ZONE.utcoffset(None).total_seconds() * 1000)
_YEAR_DAYS = 365.25
_FORM = (("Customer", "customer"), ("Application", "application"))

OWN_COLUMNS = (
    "own_applications",
    "own_applied_30d",
    "own_gap_days",
    "own_amount_step",  # log amount minus that of the application before
    "own_refused",
    "own_fraud",
    "own_default",
    "own_good",
)


def form_columns() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns that `form` gives, and those of them that are codes."""
    names, codes = [], []
    for label, prefix in _FORM:
        for declared in SCHEMA.node(label).properties:
            if not declared.feature:
                continue
            name = f"{prefix}_{declared.name}"
            match declared.type.storage:
                case StorageKind.TEXT:
                    names.append(name)
                    codes.append(name)
                case StorageKind.DATE:
                    names.append(f"{name}_years")
                case StorageKind.MOMENT:
                    names.extend((f"{name}_hour", f"{name}_weekday"))
                case _:
                    names.append(name)
    return (*names, "customer_tenure_days", "application_age_days"), tuple(codes)


def form(arrays: GraphArrays, asked: QuestionSet, vocabulary: Vocabulary) -> Rows:
    """What the forms say, by `form_columns`. NaN where it is not known."""
    columns = [column.astype(np.float32) for column in _form(arrays, asked, vocabulary)]
    tenure = (asked.moment - arrays.customers.first_seen[asked.customer]) / DAY_MS
    age = (asked.moment - _pick(as_float(arrays.applications.applied_at), asked.application)) / DAY_MS
    return np.stack([*columns, tenure.astype(np.float32), age.astype(np.float32)], axis=1)


def _form(arrays: GraphArrays, asked: QuestionSet, vocabulary: Vocabulary) -> Iterator[NDArray[np.generic]]:
    for label, prefix in _FORM:
        customer = label == "Customer"
        rows = asked.customer if customer else asked.application
        properties = arrays.customers.properties if customer else arrays.applications.properties
        for declared in SCHEMA.node(label).properties:
            if not declared.feature:
                continue
            storage = declared.type.storage
            if storage is StorageKind.TEXT:
                codes = vocabulary.code(f"{prefix}_{declared.name}", properties[declared.name])
                yield _pick(np.where(codes < 0, np.nan, codes), rows)
            elif storage is StorageKind.DATE:
                days = _pick(as_float(properties[declared.name]), rows)
                yield (asked.moment / DAY_MS - days) / _YEAR_DAYS
            elif storage is StorageKind.MOMENT:
                moments = _pick(as_float(properties[declared.name]), rows) + _ZONE_MS
                yield np.floor(moments / 3_600_000) % 24
                yield np.floor(moments / DAY_MS + 3) % 7  # 1 January 1970 was a Thursday
            else:
                yield _pick(as_float(properties[declared.name]), rows)


def as_float(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Numbers, dates and moments with NaN for what is missing."""
    floats = values.astype(np.float64)
    if values.dtype == np.int64:
        floats[values == MISSING_MOMENT] = np.nan
    return floats


def _pick(values: NDArray[np.float64], rows: Index) -> NDArray[np.float64]:
    if len(values) == 0:
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, values[rows], np.nan)


@kernel
def own_past(
    customer: Index,
    moment: Moments,
    position: Index,
    past: Histories,
    refused_at: Moments,
    fraud_known: Moments,
    default_known: Moments,
    good_known: Moments,
) -> Rows:
    """OWN_COLUMNS of each question. `position` is that of the application asked about in `past`, -1 for none; it is never counted itself."""
    rows = np.zeros((len(customer), 8), dtype=np.float32)
    for q in range(len(customer)):
        row = rows[q]
        row[2] = np.nan
        row[3] = np.nan
        mine = position[q]
        applied = past.applied_at[mine] if mine >= 0 else moment[q]
        for k in range(past.ptr[customer[q]], past.end[customer[q]]):
            if k == mine or past.applied_at[k] >= moment[q]:
                continue
            row[0] += 1
            if past.applied_at[k] <= applied:
                gap = (applied - past.applied_at[k]) / 86_400_000
                if gap <= 30:
                    row[1] += 1
                row[2] = gap  # in time order: the latest stays
                if mine >= 0:
                    row[3] = past.amount[mine] - past.amount[k]
            if refused_at[k] <= moment[q]:
                row[4] += 1
            if fraud_known[k] <= moment[q]:
                row[5] += 1
            if default_known[k] <= moment[q]:
                row[6] += 1
            if good_known[k] <= moment[q]:
                row[7] += 1
    return rows

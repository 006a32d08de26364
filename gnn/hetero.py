"""Hetero: GraphArrays as of a day as PyG's HeteroData, and as the TypedGraph of our own nets. Types come from the schema.

Node types are `Customer`, `Application` and the identifiers' labels; relations are the channels (see `gnn.arrays.channels`), `APPLIED`, and each
the other way round with `rev_` before its name. Nothing is later than the arrays' moment, for nothing in the arrays is: neither a node nor a link,
nor a label. Earlier rows are described as of that moment, too; who learns from rows of several moments exports as of each. torch and
torch_geometric (extra `gnn`) are imported when HeteroData is asked for.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import APPLICATION, APPLIED, CHANNELS, CUSTOMER
from gnn.arrays.graph import NEVER, GraphArrays, Moments
from gnn.features.questions import QuestionSet
from gnn.features.tabular import form, form_columns
from gnn.features.vocabulary import Vocabulary
from gnn.features.walk import DAY_MS
from gnn.nets.typed import Features, Links, Relation, TypedGraph

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

REVERSED = "rev_"
UNKNOWN = -1


def typed_graph(arrays: GraphArrays, vocabulary: Vocabulary) -> TypedGraph:
    """The graph for our own nets: features without NaN, and links both ways."""
    features = _features(arrays, vocabulary)
    counts = {name: len(rows) for name, rows in features.items()}
    relations = {
        relation: Links.of(source, target, sources=counts[relation[0]], targets=counts[relation[2]])
        for relation, (source, target, _) in _links(arrays).items()
    }
    return TypedGraph(features, relations)


def labels(arrays: GraphArrays) -> NDArray[np.int64]:
    """Of each application 1 for confirmed fraud, 0 for an outcome that was none, -1 where none is known yet."""
    told = arrays.applications
    settled = (told.good_known < NEVER) | (told.default_known < NEVER)
    return np.where(told.fraud_known < NEVER, 1, np.where(settled, 0, UNKNOWN)).astype(np.int64)


def hetero(arrays: GraphArrays, vocabulary: Vocabulary) -> "HeteroData":
    """PyG's HeteroData: `x` and `handle` of each node type, `edge_index` and `time` (epoch ms) of each relation; `y` (see `labels`) and `time` of
    applications."""
    import torch
    from torch_geometric.data import HeteroData

    data = HeteroData()
    handles = _handles(arrays)
    for name, rows in _features(arrays, vocabulary).items():
        data[name].x = torch.from_numpy(rows)
        data[name].handle = torch.from_numpy(handles[name].copy())
    for relation, (source, target, since) in _links(arrays).items():
        data[relation].edge_index = torch.from_numpy(np.stack((source, target)).astype(np.int64))
        data[relation].time = torch.from_numpy(since.copy())
    data[APPLICATION].y = torch.from_numpy(labels(arrays))
    data[APPLICATION].time = torch.from_numpy(arrays.applications.applied_at.copy())
    return data


def _handles(arrays: GraphArrays) -> dict[str, NDArray[np.int64]]:
    """Of each type the handles by position. A person who stands for an identifier is a customer."""
    identifiers = arrays.identifiers
    found = {CUSTOMER: arrays.customers.handles, APPLICATION: arrays.applications.handles}
    for code, name in enumerate(identifiers.labels):
        if name != CUSTOMER:
            found[name] = identifiers.handles[identifiers.label == code]
    return found


def _features(arrays: GraphArrays, vocabulary: Vocabulary) -> dict[str, Features]:
    """Applications: the form as of the arrays' moment, with codes one by one. Others: for how long they are known, and how much they are used."""
    uses = arrays.uses
    identifiers = arrays.identifiers
    count = np.bincount(uses.identifier, minlength=len(identifiers.handles))
    earliest = np.full(len(identifiers.handles), arrays.as_of, dtype=np.int64)
    np.minimum.at(earliest, uses.identifier, uses.since)
    customers, applied = len(arrays.customers.handles), arrays.applications.customer
    found = {
        CUSTOMER: _columns(
            _days(arrays, arrays.customers.first_seen),
            np.log1p(np.bincount(uses.customer, minlength=customers)),
            np.log1p(np.bincount(applied, minlength=customers)),
        ),
        APPLICATION: _form(arrays, vocabulary),
    }
    for code, name in enumerate(identifiers.labels):
        if name != CUSTOMER:
            rows = identifiers.label == code
            found[name] = _columns(_days(arrays, earliest[rows]), np.log1p(count[rows]))
    return found


def _days(arrays: GraphArrays, since: Moments) -> NDArray[np.float64]:
    return np.asarray(np.log1p(np.maximum(arrays.as_of - since, 0) / DAY_MS))


def _columns(*columns: NDArray[np.floating]) -> Features:
    return np.column_stack(columns).astype(np.float32)


def _form(arrays: GraphArrays, vocabulary: Vocabulary) -> Features:
    """A code becomes a column per word; a number its value and whether it is known."""
    rows = len(arrays.applications.handles)
    moments = np.full(rows, arrays.as_of, dtype=np.int64)
    asked = QuestionSet(arrays.applications.customer, np.arange(rows, dtype=np.int32), moments)
    table, (names, codes) = form(arrays, asked, vocabulary), form_columns()
    columns: list[NDArray[np.floating]] = []
    for column, name in enumerate(names):
        values = table[:, column]
        if name in codes:
            columns.extend((values == word).astype(np.float32) for word in range(len(vocabulary.words.get(name, ()))))
        else:
            columns.extend((np.nan_to_num(values), (~np.isnan(values)).astype(np.float32)))
    return _columns(*columns)


def _links(arrays: GraphArrays) -> dict[Relation, tuple[NDArray[np.int64], NDArray[np.int64], Moments]]:
    """Of each relation the positions at both ends, and since when."""
    uses, identifiers = arrays.uses, arrays.identifiers
    handles = _handles(arrays)
    ends = {c.name: (c.relationship if c.qualifier == "" else f"{c.relationship}_{c.qualifier}") for c in CHANNELS}
    applications = np.arange(len(arrays.applications.handles))
    parts = {
        (CUSTOMER, APPLIED, APPLICATION): (arrays.applications.customer, applications, arrays.applications.applied_at)
    }
    for code, channel in enumerate(CHANNELS):
        if channel.head not in handles:  # arrays that were made without this type
            continue
        rows = uses.channel == code
        used = uses.identifier[rows]
        # Handles rise with positions, also of persons: where one is found is its position.
        target = np.searchsorted(handles[channel.head], identifiers.handles[used])
        source, since = uses.customer[rows], uses.since[rows]
        if channel.between_persons:  # the person in the middle is tied to himself in the arrays
            apart = source != target
            source, target, since = source[apart], target[apart], since[apart]
        parts[CUSTOMER, ends[channel.name], channel.head] = (source, target, since)
    found: dict[Relation, tuple[NDArray[np.int64], NDArray[np.int64], Moments]] = {}
    for (start, name, end), (source, target, since) in parts.items():
        found[start, name, end] = (source.astype(np.int64), target.astype(np.int64), since)
        found[end, REVERSED + name, start] = (target.astype(np.int64), source.astype(np.int64), since)
    return found

"""Ego: the surroundings of one application, read from the store in a few steps and scanned like a store of their own.

What is read is all that the kernels look at for this one customer, so that features are those of batch to the last bit: the customer's
identifiers with their users, these users' identifiers with theirs, and what is known of each. Hubs are read to a bound, and where a bound
cuts something off that batch would have seen, `Ego` says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import APPLICATION, APPLIED, CHANNELS, CUSTOMER
from gnn.arrays.export import DISPOSITION_FACT
from gnn.nets.rows import MOST
from graph_model.columns import MISSING_MOMENT, EdgeColumns, FactColumns, NodeColumns, first_of_each
from graph_model.records import AsOf
from graph_model.store import MAX_CAP, GraphStore

OWN_CAP = 1_000  # relationships of each type that are read of an identifier of the customer's own
FAR_CAP = 400  # and of one a step further, where it matters only whether it is a hub
MOST_NEAR = 1_000  # customers whose identifiers are read; the kernel looks at 256
MOST_FAR = 10_000  # customers a step further; the kernel takes 8,000 steps

# An application that was linked before the moment and says that it was made after it is nobody's use yet. Counting it here costs less than reading
# it first, so what has up to twice the cap of users is read as no hub; the kernel, which has the dates, decides.
_DOUBT = 2

_TYPES = (APPLIED, *dict.fromkeys(channel.relationship for channel in CHANNELS))
_PERSONS = frozenset(channel.relationship for channel in CHANNELS if channel.between_persons)

# What users have in common, as one number: an identifier, or a person as the start of a relationship of some type.
_KINDS = {type: code for code, type in enumerate(sorted(_PERSONS), start=1)}
_HEADS = len(_KINDS) + 1  # to a handle

Handles = NDArray[np.int64]
_NONE: Handles = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Ego:
    """The surroundings of a customer, `handle`, in the form of scans. `near` are the handles of those who share an identifier with them."""

    handle: int
    near: frozenset[int]
    described: Handles  # rising: the customer and those near, and the latest on hubs where they were asked for
    hub_truncated: bool
    truncated: bool
    _store: GraphStore
    _edges: Mapping[tuple[str, str, str], EdgeColumns]
    _customers: Handles  # rising; nothing is looked at but that they are there, but of those `described`
    _applications: Handles
    _told: Handles  # applications of whose outcomes something is looked at
    _concluded: Handles  # customers of whom it matters what investigators concluded

    def scan_nodes(self, label: str, properties: Sequence[str] = (), *, as_of: AsOf | None = None) -> NodeColumns:
        """Keys are told of applications only: scoring reads none."""
        if label == APPLICATION:
            return self._store.scan_nodes(label, properties, among=self._applications.tolist(), as_of=as_of)
        if label == CUSTOMER:
            found = self._store.scan_nodes(label, properties, among=self.described.tolist(), as_of=as_of)
            return _spread(found, self._customers)
        return _nothing_but(label, _ends(self._edges, label))

    def scan_edges(self, type: str, start_label: str, end_label: str, *, as_of: AsOf | None = None) -> EdgeColumns:
        return self._edges.get((start_label, type, end_label)) or _no_edges(type, start_label, end_label)

    def scan_facts(self, kind: str, *, values: Sequence[str] | None = None, as_of: AsOf | None = None) -> FactColumns:
        about = (self._told, self._concluded) if kind == DISPOSITION_FACT else (self._told,)
        return self._store.scan_facts(kind, values=values, among=np.concatenate(about).tolist(), as_of=as_of)


def own_of(store: GraphStore, customers: Handles) -> Ego | None:
    """What these customers have themselves, whenever it was and is: all that their own rows in an export are made of. None where some of it is
    so much that it isn't read."""
    around = _Around(store, None)
    around.read(customers, cap=MAX_CAP)
    made = around.made_by(customers)
    around.read(made, cap=MAX_CAP)
    if around.any_capped(np.concatenate((customers, made))):
        return None
    edges = around.columns()
    return Ego(
        handle=int(customers[0]),
        near=frozenset(),
        described=np.unique(customers),
        hub_truncated=False,
        truncated=False,
        _store=store,
        _edges=edges,
        _customers=np.union1d(_ends(edges, CUSTOMER), customers),
        _applications=_ends(edges, APPLICATION),
        _told=made,
        _concluded=customers,
    )


def ego_of(
    store: GraphStore, application: int, *, as_of: AsOf, hub_cap: int, hubs_described: bool = False
) -> Ego | None:
    """The surroundings of an application's customer; None where nobody is known to have made it. `hub_cap` is that of the features; with
    `hubs_described` the latest users of hubs are described too, as a net looks at them."""
    around = _Around(store, as_of)
    around.read(np.array([application]))
    me = around.owners(np.array([application]))
    if me[0] < 0:
        return None
    around.read(me)
    around.read(around.made_by(me))
    own = around.heads_of(me)
    around.read(own // _HEADS, cap=OWN_CAP)
    around.read_applicants(own)
    users = around.users(own).without(me)
    small = users.of_at_most(_DOUBT * hub_cap)
    near = np.unique(small.customer)
    # The latest users of hubs: what is known of them counts, who they are tied to doesn't.
    seen = users.without_heads(small).latest(_DOUBT * max(hub_cap, MOST if hubs_described else 0))
    hub_truncated = around.any_capped(own // _HEADS)
    truncated = len(near) > MOST_NEAR or around.any_capped(np.concatenate((me, near)))
    near = near[:MOST_NEAR]
    around.read(near)
    around.read(around.made_by(near))
    further = np.setdiff1d(around.heads_of(near), own)
    around.read(further // _HEADS, cap=FAR_CAP)
    further = around.with_few(further, hub_cap)
    around.read_applicants(further)
    small = around.users(further).of_at_most(_DOUBT * hub_cap)
    hub_truncated |= around.any_capped(small.head // _HEADS)
    far = np.unique(small.customer)
    truncated |= len(far) > MOST_FAR
    described = np.unique(np.concatenate((me, near, seen, far[:MOST_FAR])))
    around.read(described, types=(APPLIED,))
    applications = around.made_by(described)
    around.read(applications, types=(APPLIED,))
    edges = around.columns()
    return Ego(
        handle=int(me[0]),
        near=frozenset(near.tolist()),
        hub_truncated=hub_truncated,
        truncated=truncated,
        _store=store,
        _edges=edges,
        _customers=_ends(edges, CUSTOMER),
        described=np.unique(np.concatenate((me, near, seen if hubs_described else _NONE))),
        _applications=_ends(edges, APPLICATION),
        _told=applications,
        _concluded=described,
    )


@dataclass(frozen=True, slots=True)
class _Users:
    """Customers who use something, themselves or by an application, each of a head once, with the moment since when. By head. Shapes [u]."""

    head: Handles
    customer: Handles
    since: Handles

    def _those(self, chosen: NDArray[np.bool_]) -> "_Users":
        return _Users(self.head[chosen], self.customer[chosen], self.since[chosen])

    def without(self, customers: Handles) -> "_Users":
        return self._those(~np.isin(self.customer, customers))

    def without_heads(self, others: "_Users") -> "_Users":
        return self._those(~np.isin(self.head, others.head))

    def of_at_most(self, most: int) -> "_Users":
        """Those of what has so many users."""
        _, place, count = np.unique(self.head, return_inverse=True, return_counts=True)
        return self._those(count[place] <= most)

    def latest(self, most: int) -> Handles:
        """The latest so many users of each."""
        order = np.lexsort((self.customer, self.since, self.head))
        _, place, count = np.unique(self.head[order], return_inverse=True, return_counts=True)
        from_last = np.cumsum(count)[place] - np.arange(len(order))
        return self.customer[order][from_last <= most]


@dataclass(slots=True)
class _Around:
    """What has been read so far, and who uses what by it."""

    store: GraphStore
    as_of: AsOf | None
    _capped: Handles = field(default_factory=lambda: _NONE)
    _parts: dict[tuple[str, str, str], list[EdgeColumns]] = field(default_factory=dict)
    _read: dict[tuple[str, ...], Handles] = field(default_factory=dict)
    _customer: Handles = field(default_factory=lambda: _NONE)  # of whom `_application` is
    _application: Handles = field(default_factory=lambda: _NONE)
    _head: Handles = field(default_factory=lambda: _NONE)  # what `_user`, a customer or an application, uses
    _user: Handles = field(default_factory=lambda: _NONE)
    _since: Handles = field(default_factory=lambda: _NONE)
    _direct: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))  # the user is a customer

    def read(self, handles: Handles, *, types: tuple[str, ...] = _TYPES, cap: int = OWN_CAP) -> None:
        """The relationships of these nodes, where they were not read before."""
        done = [self._read.get(of_types, _NONE) for of_types in {types, _TYPES}]
        wanted = np.setdiff1d(handles, np.concatenate(done))
        if len(wanted) == 0:
            return
        self._read[types] = np.concatenate((self._read.get(types, _NONE), wanted))
        found = self.store.edges_at(wanted.tolist(), types=types, cap=cap, as_of=self.as_of)
        self._capped = np.union1d(self._capped, found.capped)
        for columns in found.columns:
            self._parts.setdefault((columns.start_label, columns.type, columns.end_label), []).append(columns)
        applied = [columns for columns in found.columns if columns.type == APPLIED]
        self._customer = np.concatenate([self._customer, *(columns.start for columns in applied)])
        self._application = np.concatenate([self._application, *(columns.end for columns in applied)])
        uses = [_uses(columns) for columns in found.columns if columns.type != APPLIED]
        self._head = np.concatenate([self._head, *(use[0] for use in uses)])
        self._user = np.concatenate([self._user, *(use[1] for use in uses)])
        self._since = np.concatenate([self._since, *(use[2] for use in uses)])
        self._direct = np.concatenate([self._direct, *(use[3] for use in uses)])

    def owners(self, applications: Handles) -> Handles:
        """The customer of each, as the export has it: of several the one of the greatest handle; -1 where nobody is known."""
        order = np.lexsort((self._customer, self._application))
        made, customer = np.append(self._application[order], -1), np.append(self._customer[order], -1)
        last = np.searchsorted(made[:-1], applications, side="right") - 1
        return np.where(made[last] == applications, customer[last], -1)

    def made_by(self, customers: Handles) -> Handles:
        return np.unique(self._application[np.isin(self._customer, customers)])

    def heads_of(self, customers: Handles) -> Handles:
        """What these customers and their applications use."""
        users = np.concatenate((customers, self.made_by(customers)))
        return np.unique(self._head[np.isin(self._user, users)])

    def with_few(self, heads: Handles, most: int) -> Handles:
        """Those that no more customers use themselves, not by an application."""
        chosen = self._direct & np.isin(self._head, heads)
        head = self._head[chosen]
        of_head, users = np.unique(head[first_of_each(head, self._user[chosen])], return_counts=True)
        return np.setdiff1d(heads, of_head[users > most])

    def read_applicants(self, heads: Handles) -> None:
        """Who made the applications that use these."""
        self.read(self._user[~self._direct & np.isin(self._head, heads)], types=(APPLIED,))

    def users(self, heads: Handles) -> _Users:
        chosen = np.isin(self._head, heads)
        direct, user = self._direct[chosen], self._user[chosen]
        customer = np.where(direct, user, self.owners(user))
        known = customer >= 0
        head, customer, since = self._head[chosen][known], customer[known], self._since[chosen][known]
        once = first_of_each(head, customer, least=(since,))
        return _Users(head[once], customer[once], since[once])

    def any_capped(self, handles: Handles) -> bool:
        return bool(np.isin(handles, self._capped).any())

    def columns(self) -> dict[tuple[str, str, str], EdgeColumns]:
        return {name: _joined(parts) for name, parts in self._parts.items()}


def _uses(columns: EdgeColumns) -> tuple[Handles, Handles, Handles, NDArray[np.bool_]]:
    """Heads, users, since when, and whether the user is a customer."""
    if columns.type in _PERSONS:
        # Both ends have the person at the start in common; nobody has himself in common with himself.
        apart = columns.start != columns.end
        start, end = columns.start[apart], columns.end[apart]
        head = np.tile(start * _HEADS + _KINDS[columns.type], 2)
        return head, np.concatenate((start, end)), np.tile(columns.first_seen[apart], 2), np.ones(len(head), np.bool_)
    direct = np.full(len(columns.start), columns.start_label == CUSTOMER)
    return columns.end * _HEADS, columns.start, columns.first_seen, direct


# --- columns ---------------------------------------------------------------------------------------------------------


def _joined(parts: Sequence[EdgeColumns]) -> EdgeColumns:
    """The parts as one, by start, end and qualifier like a scan; an edge that was read from either end is there once."""
    first = parts[0]
    if len(parts) == 1:
        return first
    qualifiers = sorted({text for part in parts for text in part.qualifiers})
    codes = [np.array([qualifiers.index(text) for text in part.qualifiers], dtype=np.int8) for part in parts]

    qualifier = np.concatenate([code[part.qualifier] for code, part in zip(codes, parts, strict=True)])
    start, end = (np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end"))
    order = first_of_each(start, end, qualifier)

    def joined(name: str) -> Handles:
        return np.concatenate([getattr(part, name) for part in parts])[order]

    return EdgeColumns(
        type=first.type,
        start_label=first.start_label,
        end_label=first.end_label,
        start=start[order],
        end=end[order],
        first_seen=joined("first_seen"),
        last_seen=joined("last_seen"),
        recorded_at=joined("recorded_at"),
        qualifier=qualifier[order],
        qualifiers=qualifiers,
    )


def _no_edges(type: str, start_label: str, end_label: str) -> EdgeColumns:
    moments = (_NONE, _NONE, _NONE)
    return EdgeColumns(type, start_label, end_label, _NONE, _NONE, *moments, _NONE.astype(np.int8), [""])


def _ends(edges: Mapping[tuple[str, str, str], EdgeColumns], label: str) -> Handles:
    """The nodes of a label that relationships start or end at."""
    starts = [columns.start for name, columns in edges.items() if name[0] == label]
    ends = [columns.end for name, columns in edges.items() if name[2] == label]
    return np.unique(np.concatenate([_NONE, *starts, *ends]))


def _nothing_but(label: str, handles: Handles) -> NodeColumns:
    """Nodes of which nothing is told but that they are there."""
    missing = np.full(len(handles), MISSING_MOMENT, dtype=np.int64)
    return NodeColumns(label, handles, (), missing, missing, {})


def _spread(columns: NodeColumns, handles: Handles) -> NodeColumns:
    """The same of more handles, of the others of which nothing is told."""
    rows = np.searchsorted(handles, columns.handles)

    def spread(values: NDArray[Any], missing: object) -> NDArray[Any]:
        found = np.full(len(handles), missing, dtype=values.dtype)
        found[rows] = values
        return found

    of_kind = {"f": np.nan, "i": MISSING_MOMENT, "O": None}
    return NodeColumns(
        columns.label,
        handles,
        (),
        spread(columns.first_seen, MISSING_MOMENT),
        spread(columns.recorded_at, MISSING_MOMENT),
        {name: spread(values, of_kind[values.dtype.kind]) for name, values in columns.properties.items()},
    )

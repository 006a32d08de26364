"""Ego: the surroundings of one application, read from the store in a few steps and scanned like a store of their own.

What is read is all that the kernels look at for this one customer, so that features are those of batch to the last bit: the customer's
identifiers with their users, these users' identifiers with theirs, and what is known of each. Hubs are read to a bound, and where a bound
cuts something off that batch would have seen, `Ego` says so.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import APPLICATION, APPLIED, CHANNELS, CUSTOMER
from gnn.arrays.export import DISPOSITION_FACT, LABEL_FACT, STATUS_FACT
from graph_model.columns import MISSING_MOMENT, EdgeColumns, FactColumns, NodeColumns
from graph_model.moments import to_ms
from graph_model.records import AsOf, Fact, Node
from graph_model.schema import SCHEMA, StorageKind, Value
from graph_model.store import GraphStore

OWN_CAP = 1_000  # relationships of each type that are read of an identifier of the customer's own
FAR_CAP = 400  # and of one a step further, where it matters only whether it is a hub
MOST_NEAR = 1_000  # customers whose identifiers are read; the kernel looks at 256
MOST_FAR = 10_000  # customers a step further; the kernel takes 8,000 steps

# An application that was linked before the moment and says that it was made after it is nobody's use yet. Counting it here costs less than reading
# it first, so what has up to twice the cap of users is read as no hub; the kernel, which has the dates, decides.
_DOUBT = 2

_TYPES = (APPLIED, *dict.fromkeys(channel.relationship for channel in CHANNELS))
_PERSONS = frozenset(channel.relationship for channel in CHANNELS if channel.between_persons)
_DAY_ZERO = date(1970, 1, 1)

Head = tuple[
    str, int
]  # what users have in common: an identifier ("", handle), or a person as the start of a relationship (type, handle)


@dataclass(frozen=True, slots=True)
class Ego:
    """The surroundings of a customer, `handle`, in the form of scans. `near` are the nodes of those who share an identifier with them."""

    handle: int
    node: Node
    near: Mapping[int, Node]  # by handle
    hub_truncated: bool
    truncated: bool
    _edges: Mapping[tuple[str, str, str], EdgeColumns]
    _customers: Mapping[int, Node | None]  # None for those of whom nothing but that they are there is looked at
    _applications: Mapping[int, Node]
    _facts: Mapping[int, Sequence[Fact]]

    def scan_nodes(self, label: str, properties: Sequence[str] = (), *, as_of: AsOf | None = None) -> NodeColumns:
        """Without keys, which scoring doesn't read."""
        found: Mapping[int, Node | None] = {CUSTOMER: self._customers, APPLICATION: self._applications}.get(label, {})
        handles = np.array(sorted(found), dtype=np.int64)
        if label in SCHEMA.identifiers:
            ends = [columns.end for name, columns in self._edges.items() if name[2] == label]
            handles = np.unique(np.concatenate(ends)) if len(ends) > 0 else handles
        nodes = [found.get(handle) for handle in handles.tolist()]
        return NodeColumns(
            label=label,
            handles=handles,
            keys=(),
            first_seen=_moments(None if node is None else node.first_seen for node in nodes),
            recorded_at=_moments(None if node is None else node.recorded_at for node in nodes),
            properties={name: _property(label, name, nodes) for name in properties},
        )

    def scan_edges(self, type: str, start_label: str, end_label: str, *, as_of: AsOf | None = None) -> EdgeColumns:
        return self._edges.get((start_label, type, end_label)) or _no_edges(type, start_label, end_label)

    def scan_facts(self, kind: str, *, as_of: AsOf | None = None) -> FactColumns:
        told = [(about, fact) for about, facts in self._facts.items() for fact in facts if fact.kind == kind]
        values = sorted({fact.value for _, fact in told})
        return FactColumns(
            kind=kind,
            about=np.array([about for about, _ in told], dtype=np.int64),
            at=_moments(fact.at for _, fact in told),
            recorded_at=_moments(fact.recorded_at for _, fact in told),
            value=np.array([values.index(fact.value) for _, fact in told], dtype=np.int16),
            values=values,
            topic=np.zeros(len(told), dtype=np.int16),
            topics=[""],
        )


def ego_of(store: GraphStore, application: int, *, as_of: AsOf, hub_cap: int) -> Ego | None:
    """The surroundings of an application's customer; None where nobody is known to have made it. `hub_cap` is that of the features."""
    around = _Around(store, as_of)
    around.read([application])
    me = around.owner(application)
    if me is None:
        return None
    around.read([me])
    around.read(around.made_by([me]))
    own = around.heads_of([me])
    around.read((handle for _, handle in own), cap=OWN_CAP)
    around.read_applicants(own)
    near: set[int] = set()
    seen: set[int] = set()  # the latest users of hubs: what is known of them counts, who they are tied to doesn't
    hub_truncated = False
    for head in own:
        others = around.users(head)
        others.pop(me, None)
        hub_truncated |= head[1] in around.capped
        if len(others) <= _DOUBT * hub_cap:
            near |= others.keys()
        else:
            latest = sorted(others, key=lambda user: (others[user], user))[-2 * hub_cap :]
            seen.update(latest)
    truncated = len(near) > MOST_NEAR or not around.capped.isdisjoint({me, *near})
    near = set(sorted(near)[:MOST_NEAR])
    around.read(near)
    around.read(around.made_by(near))
    further = around.heads_of(near) - own
    around.read((handle for _, handle in further), cap=FAR_CAP)
    further = {head for head in further if len(around.direct(head)) <= hub_cap}
    around.read_applicants(further)
    far: set[int] = set()
    for head in further:
        users = around.users(head)
        if len(users) <= _DOUBT * hub_cap:
            far |= users.keys()
            hub_truncated |= head[1] in around.capped
    truncated |= len(far) > MOST_FAR
    far = set(sorted(far)[:MOST_FAR])
    described = {me} | near | seen | far
    around.read(described, types=(APPLIED,))
    applications = around.made_by(described)
    around.read(applications, types=(APPLIED,))
    people = around.nodes([me, *near])
    return Ego(
        handle=me,
        node=people[me],
        near={handle: people[handle] for handle in near},
        hub_truncated=hub_truncated,
        truncated=truncated,
        _edges=around.columns(),
        _customers={handle: people.get(handle) for handle in around.customers},
        _applications=around.nodes(around.applications),
        _facts=around.facts(applications, described),
    )


@dataclass(slots=True)
class _Around:
    """What has been read so far, and who uses what by it."""

    store: GraphStore
    as_of: AsOf
    capped: set[int] = field(default_factory=set)
    customers: set[int] = field(default_factory=set)
    applications: set[int] = field(default_factory=set)
    _edges: dict[tuple[str, str, str], list[EdgeColumns]] = field(default_factory=dict)
    _read: dict[tuple[str, ...], set[int]] = field(default_factory=dict)
    _made: dict[int, set[int]] = field(default_factory=dict)
    _makers: dict[int, set[int]] = field(default_factory=dict)
    _users: dict[Head, dict[int, int]] = field(default_factory=dict)  # customer or application -> since
    _heads: dict[int, set[Head]] = field(default_factory=dict)

    def read(self, handles: Iterable[int], *, types: tuple[str, ...] = _TYPES, cap: int = OWN_CAP) -> None:
        """The relationships of these nodes, where they were not read before."""
        done = self._read.setdefault(types, set())
        wanted = set(handles) - done - (self._read.get(_TYPES, set()))
        if len(wanted) == 0:
            return
        done |= wanted
        found = self.store.edges_at(sorted(wanted), types=types, cap=cap, as_of=self.as_of)
        self.capped |= set(found.capped.tolist())
        for columns in found.columns:
            self._edges.setdefault((columns.start_label, columns.type, columns.end_label), []).append(columns)
            self._note(columns)

    def _note(self, columns: EdgeColumns) -> None:
        pairs = zip(columns.start.tolist(), columns.end.tolist(), columns.first_seen.tolist(), strict=True)
        of_label = {CUSTOMER: self.customers, APPLICATION: self.applications}
        for label, handles in ((columns.start_label, columns.start), (columns.end_label, columns.end)):
            if label in of_label:
                of_label[label].update(handles.tolist())
        if columns.type == APPLIED:
            for start, end, _ in pairs:
                self._made.setdefault(start, set()).add(end)
                self._makers.setdefault(end, set()).add(start)
        elif columns.type in _PERSONS:
            for start, end, since in pairs:
                if start != end:
                    self._use((columns.type, start), start, since)
                    self._use((columns.type, start), end, since)
        else:
            for start, end, since in pairs:
                self._use(("", end), start, since)

    def _use(self, head: Head, user: int, since: int) -> None:
        users = self._users.setdefault(head, {})
        users[user] = min(since, users.get(user, since))
        self._heads.setdefault(user, set()).add(head)

    def owner(self, application: int) -> int | None:
        """The customer of an application, as the export has it: of several the one of the greatest handle."""
        return max(self._makers.get(application, ()), default=None)

    def made_by(self, customers: Iterable[int]) -> set[int]:
        return {application for customer in customers for application in self._made.get(customer, ())}

    def heads_of(self, customers: Collection[int]) -> set[Head]:
        """What these customers and their applications use."""
        users = {*customers, *self.made_by(customers)}
        return {head for user in users for head in self._heads.get(user, ())}

    def direct(self, head: Head) -> set[int]:
        """The customers who use it themselves, not by an application."""
        return self._users[head].keys() & self.customers

    def read_applicants(self, heads: Iterable[Head]) -> None:
        """Who made the applications that use these."""
        self.read({user for head in heads for user in self._users[head]} & self.applications, types=(APPLIED,))

    def users(self, head: Head) -> dict[int, int]:
        """The customers who use it, themselves or by an application, with the moment since when."""
        found: dict[int, int] = {}
        for user, since in self._users[head].items():
            customer = user if user in self.customers else self.owner(user)
            if customer is not None:
                found[customer] = min(since, found.get(customer, since))
        return found

    def columns(self) -> dict[tuple[str, str, str], EdgeColumns]:
        return {name: _joined(parts) for name, parts in self._edges.items()}

    def nodes(self, handles: Iterable[int]) -> dict[int, Node]:
        wanted = sorted(handles)
        place = dict(zip(self.store.node_ids(wanted), wanted, strict=True))
        return {place[node.node_id]: node for node in self.store.get_by_id(list(place), as_of=self.as_of)}

    def facts(self, applications: Iterable[int], customers: Iterable[int]) -> dict[int, list[Fact]]:
        """What is known of applications, and what investigators concluded of customers."""
        wanted = sorted(applications)
        place = dict(zip(self.store.node_ids(wanted), wanted, strict=True))
        told = self.store.facts_of(list(place), as_of=self.as_of)
        kinds = (LABEL_FACT, STATUS_FACT, DISPOSITION_FACT)
        found = {place[node_id]: [fact for fact in facts if fact.kind in kinds] for node_id, facts in told.items()}
        people = sorted(customers)
        person = dict(zip(self.store.node_ids(people), people, strict=True))
        concluded = self.store.facts_of(list(person), kind=DISPOSITION_FACT, as_of=self.as_of)
        return found | {person[node_id]: facts for node_id, facts in concluded.items()}


# --- columns ---------------------------------------------------------------------------------------------------------


def _joined(parts: Sequence[EdgeColumns]) -> EdgeColumns:
    """The parts as one, by start, end and qualifier like a scan; an edge that was read from either end is there once."""
    first = parts[0]
    if len(parts) == 1:
        return first
    qualifiers = sorted({text for part in parts for text in part.qualifiers})
    codes = [np.array([qualifiers.index(text) for text in part.qualifiers], dtype=np.int8) for part in parts]

    start = np.concatenate([part.start for part in parts])
    end = np.concatenate([part.end for part in parts])
    qualifier = np.concatenate([code[part.qualifier] for code, part in zip(codes, parts, strict=True)])
    _, order = np.unique(np.stack((start, end, qualifier)), axis=1, return_index=True)

    def joined(name: str) -> NDArray[np.int64]:
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
    none = np.empty(0, dtype=np.int64)
    return EdgeColumns(type, start_label, end_label, none, none, none, none, none, none.astype(np.int8), [""])


def _moments(moments: Iterable[datetime | None]) -> NDArray[np.int64]:
    return np.array([MISSING_MOMENT if m is None else to_ms(m) for m in moments], dtype=np.int64)


def _property(label: str, name: str, nodes: Sequence[Node | None]) -> NDArray[np.generic]:
    """A property as `NodeColumns` has it."""
    values: list[Value | None] = [None if node is None else node.properties.get(name) for node in nodes]
    match SCHEMA.node(label).declared(name).type.storage:
        case StorageKind.TEXT:
            texts = np.empty(len(values), dtype=object)
            texts[:] = values
            return texts
        case StorageKind.DATE:
            days = ((value - _DAY_ZERO).days if isinstance(value, date) else MISSING_MOMENT for value in values)
            return np.fromiter(days, dtype=np.int64, count=len(values))
        case StorageKind.MOMENT:
            return _moments(value if isinstance(value, datetime) else None for value in values)
        case _:
            numbers = (float(value) if isinstance(value, int | float) else np.nan for value in values)
            return np.fromiter(numbers, dtype=np.float64, count=len(values))

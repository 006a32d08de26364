"""Export: a graph as of a moment into GraphArrays, from the scans of a store or of the surroundings of one application."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import APPLICATION, APPLIED, CHANNELS, CUSTOMER, Channel
from gnn.arrays.graph import Applications, Customers, GraphArrays, Identifiers, Uses
from gnn.arrays.outcomes import earliest, outcomes
from gnn.arrays.positions import Positions
from graph_model.columns import MISSING_MOMENT, EdgeColumns, FactColumns, NodeColumns, first_of_each
from graph_model.moments import to_ms
from graph_model.records import AsOf
from graph_model.schema import SCHEMA
from graph_model.store import OnProgress

LABEL_FACT = "label"
STATUS_FACT, REFUSED = "status", "refused"
DISPOSITION_FACT = "disposition"


class Scans(Protocol):
    """What is read: of a `GraphStore` the scans, of which neither keys nor topics are looked at."""

    def scan_nodes(self, label: str, properties: Sequence[str] = (), *, as_of: AsOf | None = None) -> NodeColumns: ...

    def scan_edges(self, type: str, start_label: str, end_label: str, *, as_of: AsOf | None = None) -> EdgeColumns: ...

    def scan_facts(
        self, kind: str, *, values: Sequence[str] | None = None, as_of: AsOf | None = None
    ) -> FactColumns: ...


def export(store: Scans, *, as_of: AsOf, on_progress: OnProgress | None = None) -> GraphArrays:
    """Read all that scoring needs. Applications whose customer is not known as of then are left out: there is nobody to score."""
    steps = len(CHANNELS) + 2
    customers = store.scan_nodes(CUSTOMER, features_of(CUSTOMER), as_of=as_of)
    person = Positions.of(customers.handles)
    _tell(on_progress, 1, steps)
    nodes = store.scan_nodes(APPLICATION, features_of(APPLICATION), as_of=as_of)
    applications = _applications(store, nodes, customers.handles, person, as_of)
    applied = Positions.of(applications.handles)
    _tell(on_progress, 2, steps)
    blocks = {label: store.scan_nodes(label, as_of=as_of).handles for label in SCHEMA.identifiers}
    # Persons stand for identifiers once per channel, so that who refers and who guarantees are not mixed.
    blocks |= {c.name: customers.handles for c in CHANNELS if c.between_persons}
    parts: list[Uses] = []
    for code, channel in enumerate(CHANNELS):
        parts.extend(_channel_uses(store, code, channel, blocks, person, applications, applied, as_of))
        _tell(on_progress, 2 + code + 1, steps)
    return GraphArrays(
        as_of=to_ms(as_of.event),
        customers=Customers(customers.handles, customers.first_seen, customers.properties),
        applications=applications,
        identifiers=Identifiers(
            labels=tuple(CUSTOMER if name not in SCHEMA.identifiers else name for name in blocks),
            label=np.repeat(np.arange(len(blocks), dtype=np.int8), [len(h) for h in blocks.values()]),
            handles=np.concatenate(list(blocks.values())),
        ),
        uses=_distinct(parts),
    )


@cache
def features_of(label: str) -> tuple[str, ...]:
    """The properties that are looked at."""
    return tuple(p.name for p in SCHEMA.node(label).properties if p.feature)


def _tell(on_progress: OnProgress | None, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress("export", done, total)


def _applications(
    store: Scans, nodes: NodeColumns, customers: NDArray[np.int64], person: Positions, as_of: AsOf
) -> Applications:
    position = Positions.of(nodes.handles)
    customer = np.full(len(nodes.handles), -1, dtype=np.int32)
    applied = store.scan_edges(APPLIED, CUSTOMER, APPLICATION, as_of=as_of)
    ends, starts = position(applied.end), person(applied.start)
    known = (ends >= 0) & (starts >= 0)
    customer[ends[known]] = starts[known]
    moments = nodes.properties["applied_at"].astype(np.int64)
    moments = np.where(moments == MISSING_MOMENT, nodes.first_seen, moments)
    # Applied after as_of would be a row from the future, whatever its node's first_seen says.
    kept = (customer >= 0) & (moments <= to_ms(as_of.event))
    became = outcomes(
        store.scan_facts(LABEL_FACT, as_of=as_of),
        store.scan_facts(DISPOSITION_FACT, as_of=as_of),
        applications=nodes.handles[kept],
        applied_at=moments[kept],
        customer=customer[kept],
        customers=customers,
    )
    refusals = store.scan_facts(STATUS_FACT, values=(REFUSED,), as_of=as_of)
    return Applications(
        handles=nodes.handles[kept],
        customer=customer[kept],
        applied_at=moments[kept],
        properties={name: values[kept] for name, values in nodes.properties.items()},
        refused_at=earliest(refusals, REFUSED, nodes.handles[kept]),
        fraud_known=became.fraud_known,
        default_known=became.default_known,
        good_known=became.good_known,
        investigated=became.investigated,
    )


def _channel_uses(
    store: Scans,
    code: int,
    channel: Channel,
    blocks: Mapping[str, NDArray[np.int64]],
    person: Positions,
    applications: Applications,
    applied: Positions,
    as_of: AsOf,
) -> Iterator[Uses]:
    name = channel.name if channel.between_persons else channel.head
    head: Positions | None = None
    for start, end in SCHEMA.relationship(channel.relationship).ends:
        if end != channel.head:
            continue
        edges = _of_qualifier(store.scan_edges(channel.relationship, start, end, as_of=as_of), channel.qualifier)
        if len(edges.start) == 0:
            continue  # of one customer's surroundings most are empty
        base = sum(len(blocks[other]) for other in list(blocks)[: list(blocks).index(name)])
        starts, ends = edges.start, edges.end
        if channel.between_persons:
            # Both ends have the person at the start in common; nobody has himself in common with himself.
            apart = edges.start != edges.end
            starts = np.concatenate((edges.start[apart], edges.end[apart]))
            ends = np.tile(edges.start[apart], 2)
            since = np.tile(edges.first_seen[apart], 2)
        else:
            since = edges.first_seen
        if start == CUSTOMER:
            customer = person(starts)
        else:
            # An application that is not among them has position -1, which is the last of these.
            owners = np.append(applications.customer, np.int32(-1))
            customer = owners[applied(starts)]
        head = head or Positions.of(blocks[name])
        identifier = head(ends)
        known = (customer >= 0) & (identifier >= 0)
        yield Uses(
            customer[known].astype(np.int32),
            (identifier[known] + base).astype(np.int32),
            np.full(int(known.sum()), code, dtype=np.int8),
            since[known],
        )


def _of_qualifier(edges: EdgeColumns, qualifier: str) -> EdgeColumns:
    if qualifier == "":
        return edges
    wanted = list(edges.qualifiers).index(qualifier) if qualifier in edges.qualifiers else -1
    return edges.those(edges.qualifier == wanted)


def _distinct(parts: Sequence[Uses]) -> Uses:
    """Each (customer, identifier, channel) once, since its earliest, by (customer, since)."""
    if len(parts) == 0:
        none = np.empty(0, dtype=np.int32)
        return Uses(none, none, none.astype(np.int8), none.astype(np.int64))
    customer = np.concatenate([p.customer for p in parts])
    identifier = np.concatenate([p.identifier for p in parts])
    channel = np.concatenate([p.channel for p in parts])
    since = np.concatenate([p.since for p in parts])
    order = first_of_each(customer, identifier, channel, least=(since,))
    order = order[np.lexsort((since[order], customer[order]))]
    return Uses(customer[order], identifier[order], channel[order], since[order])

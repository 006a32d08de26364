"""Deliveries: how far a version of an audience has been handed to one receiver, so that whoever is broken off goes on where it was.

A batch is one piece of the frozen members. Who is about to be sent is kept before they are, with the moment of the contact; so a batch that is sent twice
is one batch to its receiver (by its key) and one contact to its customers. Nobody joins it later; who may no longer be sent is left out of what is sent
again, and still counts as contacted: the receiver may have had the batch the first time.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import orjson

from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms, whole
from graph_model.principal import Principal, Right
from graph_model.records import AuditRecord, Fact, GraphBatch
from graph_model.services import audience_records as records
from graph_model.services import audiences
from graph_model.services.audience_records import Audience, Version
from graph_model.services.consent_facts import CONTACT, SENT
from graph_model.services.gate_policy import Gate
from graph_model.store import GraphStore

_PREFIX = "audience-delivery/"
_MOST = 100  # receivers of one version


@dataclass(frozen=True, slots=True)
class Delivery:
    """`after` is the last member that was dealt with, `sent` how many went out in `batches`. `at` is when the batch at hand was begun, and
    `node_ids` who was in it then; None between two. `ended_at` is when nothing was left."""

    audience_id: str
    version: int
    receiver: str
    begun_at: datetime
    after: str = ""
    batches: int = 0
    sent: int = 0
    at: datetime | None = None
    node_ids: Sequence[str] | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Who is to be sent now: those of one piece who came out of the gate when it was begun, and do at this moment. `key` stays when it is sent
    again."""

    key: str
    number: int
    until: str
    node_ids: Sequence[str]


def begin(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    audience: Audience,
    of: Version,
    receiver: str,
    *,
    now: datetime,
) -> Delivery:
    """A new delivery, or the one that was broken off. Raises InvalidRequest webhook.delivered, audience.busy, and as `audiences.handed_out` does."""
    principal.require(Right.MARKET)
    name = _name(audience.id, of.number, receiver)
    text = store.state(name)
    if text is None:
        audiences.handed_out(store, gate, principal, audience, of, now=now)  # which refuses a version that is closed
        made = Delivery(audience.id, of.number, receiver, whole(now))
        if not store.swap_state(name, expected=None, value=_dump(made)):
            raise _busy()
        return made
    found = _parse(text)
    require_unsent(found)
    return found


def require_unsent(delivery: Delivery) -> None:
    """Raises InvalidRequest webhook.delivered."""
    if delivery.ended_at is not None:
        raise InvalidRequest(
            f"This version went to {delivery.receiver} on {delivery.ended_at:%Y-%m-%d %H:%M} UTC. Draw the audience anew to send it again.",
            code="webhook.delivered",
        )


def deliveries(store: GraphStore, principal: Principal, audience: Audience, of: Version) -> list[Delivery]:
    principal.require(Right.MARKET)
    found = store.states(f"{_PREFIX}{audience.id}/{of.number:04d}/", limit=_MOST)
    return [_parse(text) for text in found.values()]


def next_batch(
    store: GraphStore, gate: Gate, principal: Principal, audience: Audience, delivery: Delivery, *, now: datetime
) -> tuple[Delivery, Batch | None]:
    """None where nothing is left, and the delivery is ended. Raises InvalidRequest audience.busy, and as `audiences.handed_out` does."""
    principal.require(Right.MARKET)
    of = audiences.version(store, principal, audience, delivery.version)  # it may have been withdrawn meanwhile
    allowed = next(audiences.handed_out(store, gate, principal, audience, of, after=delivery.after, now=now), None)
    piece = next(records.members(store, of, after=delivery.after), None)
    if piece is None or allowed is None:
        return _changed(store, delivery, replace(delivery, ended_at=whole(now), at=None)), None
    if delivery.node_ids is None:
        delivery = _changed(store, delivery, replace(delivery, at=whole(now), node_ids=tuple(allowed)))
    first = frozenset(delivery.node_ids or ())
    number = delivery.batches + 1
    key = f"{audience.id}-{of.number}-{delivery.receiver}-{number}"
    return delivery, Batch(key, number, piece[-1], [each for each in allowed if each in first])


def was_sent(
    store: GraphStore, principal: Principal, audience: Audience, delivery: Delivery, batch: Batch, *, now: datetime
) -> Delivery:
    """Keeps the contacts of all who were in the batch when it was begun, and goes on behind it. Raises InvalidRequest audience.busy where somebody
    else has."""
    principal.require(Right.MARKET)
    assert delivery.at is not None and delivery.node_ids is not None
    source = f"webhook {delivery.receiver}"
    facts = [
        Fact(node.ref, CONTACT, SENT, delivery.at, whole(now), source, topic=audience.channel)
        for node in store.get_by_id(delivery.node_ids)
    ]
    if len(facts) > 0:
        store.upsert(GraphBatch(facts=facts))
    sent = delivery.sent + len(delivery.node_ids)
    done = replace(delivery, after=batch.until, batches=batch.number, sent=sent, at=None, node_ids=None)
    return _changed(store, delivery, done)


def sending(
    principal: Principal, audience: Audience, delivery: Delivery, batch: Batch, *, now: datetime
) -> AuditRecord:
    """The line of the audit chain that is there before a batch leaves."""
    principal.require(Right.MARKET)
    detail = {
        "audience": audience.id,
        "version": delivery.version,
        "channel": audience.channel,
        "receiver": delivery.receiver,
        "batch": batch.number,
        "rows": len(batch.node_ids),
    }
    return AuditRecord(now, principal.name, principal.role, "audience.send", (), "begun", detail)


def _changed(store: GraphStore, before: Delivery, after: Delivery) -> Delivery:
    name = _name(before.audience_id, before.version, before.receiver)
    if not store.swap_state(name, expected=_dump(before), value=_dump(after)):
        raise _busy()
    return after


def _busy() -> InvalidRequest:
    return InvalidRequest("Somebody else sends this version to the same receiver now.", code="audience.busy")


def _name(audience_id: str, version: int, receiver: str) -> str:
    return f"{_PREFIX}{audience_id}/{version:04d}/{receiver}"


def _dump(delivery: Delivery) -> str:
    kept = asdict(delivery)
    for name in ("begun_at", "at", "ended_at"):
        kept[name] = None if kept[name] is None else to_ms(kept[name])
    if delivery.node_ids is None:
        del kept["node_ids"]  # as in those that were kept before it was
    return orjson.dumps(kept).decode()


def _parse(text: str) -> Delivery:
    kept = orjson.loads(text)
    for name in ("begun_at", "at", "ended_at"):
        kept[name] = None if kept[name] is None else from_ms(kept[name])
    return Delivery(**kept)

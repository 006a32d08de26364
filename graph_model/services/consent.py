"""Consent and contacts: stated by people, connectors and files as dated facts; shown person by person to whoever may see exclusions, and to nobody else.

Each statement of a list stands for itself: one that is refused is told with its place and stops no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from graph_model.errors import GuanxiError, InvalidRequest, InvalidValue, NotFound
from graph_model.moments import whole
from graph_model.predicates import Among
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Fact, GraphBatch, NodeRef
from graph_model.schema import SCHEMA
from graph_model.services.consent_facts import CHANNELS, CONSENT, CONTACT, REFUSED, consented, contacts
from graph_model.services.gate_policy import ANY_CHANNEL, GatePolicy
from graph_model.services.lookup import by_node_id, clean_key
from graph_model.store import GraphStore

MAX_STATEMENTS = 500


@dataclass(frozen=True, slots=True)
class Statement:
    """That a customer consented or refused, or was contacted: `value` of a channel at a moment."""

    id_number: str
    channel: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which statement of the list was not kept, and why; its values are not repeated."""

    index: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Recorded:
    new: int
    known: int  # the same was stated before
    refused: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one customer stands with one channel: the last statement, and whether the gate would let them pass as far as that goes."""

    channel: str
    granted: bool | None  # None: never asked
    since: datetime | None
    source: str
    sent: int  # in the days of the channel's own limit, or of all channels' where it has none
    days: int
    too_often: bool


def record_consents(
    store: GraphStore, principal: Principal, statements: Sequence[Statement], *, now: datetime
) -> Recorded:
    """`value` is `yes` or `no`. Raises InvalidRequest consent.none, consent.too_many."""
    return _record(store, principal, CONSENT, statements, now)


def record_contacts(
    store: GraphStore, principal: Principal, statements: Sequence[Statement], *, now: datetime
) -> Recorded:
    """`value` is `sent` or `failed`. Raises InvalidRequest consent.none, consent.too_many."""
    return _record(store, principal, CONTACT, statements, now)


def standing(
    store: GraphStore, principal: Principal, policy: GatePolicy, node_id: str, *, moment: datetime
) -> list[Standing]:
    """Every channel of one customer. Raises NotFound, or InvalidRequest consent.subject for what is no customer."""
    principal.require(Right.SEE_EXCLUSIONS)
    node = by_node_id(store, node_id)
    if node.label != "Customer":
        raise InvalidRequest("Consent is a customer's. Take the id of one.", code="consent.subject")
    handles = np.array(store.handles([node_id]), dtype=np.int64)
    sent = contacts(store, handles, moment)
    facts = store.facts(node_id, kind=CONSENT, as_of=AsOf.at(moment))
    return [_standing(store, policy, handles, sent.count, facts, channel, moment) for channel in CHANNELS]


_Count = Callable[..., NDArray[np.int64]]


def _standing(
    store: GraphStore,
    policy: GatePolicy,
    handles: NDArray[np.int64],
    count: _Count,
    facts: Sequence[Fact],
    channel: str,
    moment: datetime,
) -> Standing:
    said = [fact for fact in facts if fact.topic == channel]
    covering = sorted(
        (limit for limit in policy.limits if limit.covers(channel)), key=lambda limit: limit.channel == ANY_CHANNEL
    )
    counted = [
        (limit, int(count(CHANNELS if limit.channel == ANY_CHANNEL else [channel], days=limit.days)[0]))
        for limit in covering
    ]
    granted = bool(consented(store, handles, channel, moment)[0])
    return Standing(
        channel=channel,
        granted=granted if len(said) > 0 else None,
        since=max((fact.at for fact in said), default=None),
        source=max(said, key=lambda fact: (fact.at, fact.value == REFUSED)).source if len(said) > 0 else "",
        sent=counted[0][1] if len(counted) > 0 else 0,
        days=counted[0][0].days if len(counted) > 0 else 0,
        too_often=any(number >= limit.most for limit, number in counted),
    )


def _record(
    store: GraphStore, principal: Principal, kind: str, statements: Sequence[Statement], now: datetime
) -> Recorded:
    principal.require(Right.RECORD_CONSENT)
    if len(statements) == 0:
        raise InvalidRequest("Give at least one statement.", code="consent.none")
    if len(statements) > MAX_STATEMENTS:
        raise InvalidRequest(
            f"{len(statements)} statements are too many: {MAX_STATEMENTS} are taken at once. Send them in parts.",
            code="consent.too_many",
        )
    refused: list[Refusal] = []
    made: list[tuple[int, Fact]] = []
    for index, said in enumerate(statements):
        try:
            made.append((index, _fact(kind, said, principal.source, whole(now))))
        except InvalidValue as exc:
            refused.append(Refusal(index, exc.reason, exc.message))
        except GuanxiError as exc:
            refused.append(Refusal(index, exc.code, exc.message))
    keys = list(dict.fromkeys(fact.about.key for _, fact in made))
    found = store.select("Customer", Among("id_number", keys), limit=MAX_STATEMENTS) if len(keys) > 0 else []
    known = {node.key for node in found}
    unknown = NotFound("No customer with this ID number is in the graph.")
    refused += [Refusal(index, unknown.code, unknown.message) for index, fact in made if fact.about.key not in known]
    facts = [fact for _, fact in made if fact.about.key in known]
    created = store.upsert(GraphBatch(facts=facts)).facts_created if len(facts) > 0 else ()
    new = sum(created)
    return Recorded(new, len(facts) - new, sorted(refused, key=lambda each: each.index))


def _fact(kind: str, said: Statement, source: str, now: datetime) -> Fact:
    declared = SCHEMA.fact(kind)
    assert declared.topic is not None
    channel, value = str(declared.topic.clean(said.channel)), str(declared.value.clean(said.value))
    about = NodeRef("Customer", clean_key("Customer", said.id_number))
    moment = whole(said.at)
    if moment > now:
        raise InvalidRequest("This lies in the future. Give the moment at which it happened.", code="consent.at")
    return Fact(about, kind, value, moment, now, source, topic=channel)

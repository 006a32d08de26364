"""Casework: labels of applications, dispositions of anything, and all that was ever stated about a node. Facts are added, never changed."""

from collections.abc import Sequence
from datetime import datetime

from graph_model.errors import InvalidRequest
from graph_model.moments import whole
from graph_model.principal import Principal, Right
from graph_model.records import AsOf, Fact, GraphBatch, Node
from graph_model.schema import SCHEMA
from graph_model.schema.text import as_typed
from graph_model.services.lookup import by_node_id
from graph_model.services.wording import LONGEST_REASON, reason_of, refuse_personal
from graph_model.store import GraphStore


def record_label(
    store: GraphStore,
    principal: Principal,
    application_id: str,
    label: str,
    *,
    known_at: datetime | None = None,
    note: str = "",
    now: datetime,
) -> Fact:
    """What became of an application, known since `known_at` (now when left out). Raises NotFound, InvalidValue for no label of ours, or
    InvalidRequest: label.subject for what is no application, label.known_at for a moment to come, label.note for too long a note,
    text.personal for a number or address in it."""
    principal.require(Right.RECORD)
    about = by_node_id(store, application_id)
    if about.label not in SCHEMA.fact("label").about:
        raise InvalidRequest("A label is given to an application. Take the id of one.", code="label.subject")
    now = whole(now)
    moment = now if known_at is None else whole(known_at)
    if moment > now:
        raise InvalidRequest("A label can't be known before it is. Choose a moment up to now.", code="label.known_at")
    text = as_typed(note)
    if len(text) > LONGEST_REASON:
        raise InvalidRequest(f"A note has at most {LONGEST_REASON} characters.", code="label.note")
    refuse_personal(text)
    return _stated(store, principal, about, "label", label, at=moment, note=text, now=now)


def record_disposition(
    store: GraphStore, principal: Principal, node_id: str, verdict: str, *, reason: str, now: datetime
) -> Fact:
    """What an investigation of any node came to, and why. Raises NotFound, InvalidValue for no verdict of ours, or InvalidRequest
    disposition.reason, text.personal."""
    principal.require(Right.RECORD)
    why = reason_of(reason, code="disposition.reason")
    about, now = by_node_id(store, node_id), whole(now)
    return _stated(store, principal, about, "disposition", verdict, at=now, note=why, now=now)


def facts_about(
    store: GraphStore,
    principal: Principal,
    node_id: str,
    *,
    kind: str | None = None,
    as_of: AsOf | None = None,
    now: datetime,
) -> Sequence[Fact]:
    """What was stated about a node up to a moment, oldest first. Raises UnknownName for no kind of ours."""
    principal.require(Right.SEE_RISK)
    wanted = None if kind is None else SCHEMA.fact(kind).name
    found = store.facts(node_id, kind=wanted, as_of=as_of)
    # A dated fact, such as the end of a blocking, is there before it takes effect.
    return [fact for fact in found if fact.at <= (now if as_of is None else as_of.event)]


def _stated(
    store: GraphStore,
    principal: Principal,
    about: Node,
    kind: str,
    value: str,
    *,
    at: datetime,
    note: str,
    now: datetime,
) -> Fact:
    clean = str(SCHEMA.fact(kind).value.clean(value))
    fact = Fact(about.ref, kind, clean, at, now, principal.source, note=note)
    store.upsert(GraphBatch(facts=[fact]))
    return fact

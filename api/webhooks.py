"""Webhooks: the members of an audience posted to a receiver that the operator allows, batch by batch, through the gate at each sending.

A receiver is known by a name; its address is a setting, so nobody who sends can choose where to. Each batch is signed (HMAC-SHA256 over moment and body),
tried again where the receiver is busy or away, and has a key that stays the same however often it is sent. Redirects are not followed.
"""

import hmac
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
import orjson

from api.logs import log
from api.settings import Settings
from graph_model.errors import GuanxiError, InvalidRequest
from graph_model.principal import Principal
from graph_model.records import AuditRecord
from graph_model.services import deliveries
from graph_model.services.audience_records import Audience, Version
from graph_model.services.deliveries import Batch, Delivery
from graph_model.services.gate_policy import Gate
from graph_model.store import Clock, GraphStore, OnProgress

TRIES = 6
LONGEST_REST = 60.0  # seconds between two tries, whatever the receiver asks for
TIMEOUT = 15.0
_AGAIN = frozenset({408, 425, 429})  # and every 5xx

Sleep = Callable[[float], object]


class WebhookRefused(GuanxiError):
    """The receiver won't take it: trying again is no use before somebody has looked."""

    code = "webhook.refused"


class WebhookUnreachable(GuanxiError):
    """The receiver is away or too busy for longer than we try."""

    code = "webhook.unreachable"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where batches go, and the key that they are signed with."""

    name: str
    address: str
    key: bytes


def receiver_of(settings: Settings, name: str) -> Receiver:
    """Raises InvalidRequest webhook.receiver for one that the operator doesn't allow."""
    address = settings.webhooks.get(name)
    if address is None:
        known = ", ".join(sorted(settings.webhooks)) or "none so far"
        raise InvalidRequest(
            f"There is no such receiver. GUANXI_WEBHOOKS names those that are allowed: {known}.",
            code="webhook.receiver",
        )
    return Receiver(name, address, settings.webhook_secret.get_secret_value().encode())


def send(
    store: GraphStore,
    gate: Gate,
    principal: Principal,
    audience: Audience,
    of: Version,
    receiver: Receiver,
    *,
    clock: Clock,
    note: Callable[[AuditRecord], object],
    sleep: Sleep = time.sleep,
    on_progress: OnProgress | None = None,
) -> Delivery:
    """Everybody who may be handed out, from where an earlier sending was broken off. Raises InvalidRequest webhook.delivered, audience.expired,
    audience.withdrawn, audience.busy; WebhookRefused, WebhookUnreachable."""
    delivery = deliveries.begin(store, gate, principal, audience, of, receiver.name, now=clock())
    with httpx.Client(follow_redirects=False, trust_env=False, timeout=TIMEOUT) as client:
        while True:
            now = clock()
            delivery, batch = deliveries.next_batch(store, gate, principal, audience, delivery, now=now)
            if batch is None:
                return delivery
            if len(batch.node_ids) > 0:
                note(deliveries.sending(principal, audience, delivery, batch, now=now))
                _post(client, receiver, audience, delivery, batch, clock=clock, sleep=sleep)
            delivery = deliveries.was_sent(store, principal, audience, delivery, batch, now=clock())
            if on_progress is not None:
                on_progress("members", delivery.sent, of.members)


def signature(key: bytes, at: int, body: bytes) -> str:
    """What a receiver computes anew and compares: `t` in seconds, and the HMAC of it and the body."""
    return f"t={at},v1={hmac.digest(key, f'{at}.'.encode() + body, 'sha256').hex()}"


def _post(
    client: httpx.Client,
    receiver: Receiver,
    audience: Audience,
    delivery: Delivery,
    batch: Batch,
    *,
    clock: Clock,
    sleep: Sleep,
) -> None:
    """Returns when the receiver has it. What it says besides its status is not looked at."""
    said = {
        "delivery": batch.key,
        "audience": {"id": audience.id, "name": audience.name, "purpose": audience.purpose},
        "version": delivery.version,
        "channel": audience.channel,
        "batch": batch.number,
        "members": list(batch.node_ids),
    }
    body = orjson.dumps(said)
    for tried in range(1, TRIES + 1):
        status, asked = _try(client, receiver, batch, body, now=clock())
        if status is not None and 200 <= status < 300:
            return
        log.warning("webhook.failed", receiver=receiver.name, batch=batch.number, tried=tried, status=status or 0)
        if status is not None and status < 500 and status not in _AGAIN:
            raise WebhookRefused(
                f"{receiver.name} answered {status} to batch {batch.number}. Look into its log, then send again: it goes on with this batch."
            )
        if tried < TRIES:
            sleep(min(LONGEST_REST, max(asked, 2.0 ** (tried - 1) * random.uniform(0.8, 1.2))))
    raise WebhookUnreachable(
        f"{receiver.name} took batch {batch.number} in none of {TRIES} tries. Send again later: it goes on with this batch."
    )


def _try(
    client: httpx.Client, receiver: Receiver, batch: Batch, body: bytes, *, now: datetime
) -> tuple[int | None, float]:
    """The status, None where there was no answer, and for how many seconds the receiver asks to be left alone."""
    headers = {
        "Content-Type": "application/json",
        "X-Guanxi-Delivery": batch.key,
        "X-Guanxi-Signature": signature(receiver.key, int(now.timestamp()), body),
    }
    try:
        with client.stream("POST", receiver.address, content=body, headers=headers) as answer:
            rest = answer.headers.get("retry-after", "")
            return answer.status_code, float(rest) if rest.isascii() and rest.isdigit() else 0.0
    except httpx.HTTPError:
        return None, 0.0

"""The composition root: the only place that builds things from `Settings`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.keys import Keys
from api.secrets import derived, ensure_home, server_secret
from api.sessions import Sessions
from api.settings import Settings
from api.throttle import Throttle
from api.users import Users
from api.workers import Workers
from graph_model.store import GraphStore
from graph_model.stores import open_store

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The one clock of the product; everything below is given the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a running server is made of."""

    settings: Settings
    store: GraphStore
    users: Users
    keys: Keys
    sessions: Sessions
    throttle: Throttle
    workers: Workers
    log_ins: Workers  # apart, and few: a password check is tens of milliseconds and 32 MB by design
    audit_key: bytes  # subjects in the audit chain are hashed with it
    clock: Clock


def build(settings: Settings, *, clock: Clock = utc_now) -> Runtime:
    """Opens the store and reads the secret. Raises a StoreError or HomeUnusable where that can't be done."""
    home = ensure_home(settings.home)
    secret = server_secret(home, settings.secret.get_secret_value())
    sessions = Sessions(derived(secret, "sessions"), home, lifetime=timedelta(hours=settings.session_hours))
    sessions.forget_expired(now=clock())
    return Runtime(
        settings=settings,
        store=open_store(settings.store_address),
        users=Users(home),
        keys=Keys(home, secret),
        sessions=sessions,
        throttle=Throttle(home, derived(secret, "log-in names")),
        workers=Workers(settings.threads, settings.waiting),
        log_ins=Workers(2, settings.waiting),
        audit_key=derived(secret, "audit subjects"),
        clock=clock,
    )

"""The composition root: the only place that builds things from `Settings`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from api.audit_head import HeadFile
from api.audit_trail import AuditTrail, LogTrail
from api.gate import gate_of
from api.handover import Handovers
from api.keys import Keys
from api.metrics import Metrics
from api.rate import Buckets
from api.referral_book import ReferralBook
from api.secrets import derived, ensure_home, server_secret
from api.sessions import Sessions
from api.settings import Settings
from api.throttle import Throttle
from api.users import Users
from api.workers import Workers
from graph_model.services.gate_policy import Gate
from graph_model.store import Clock, GraphStore, utc_now
from graph_model.stores import open_store

if TYPE_CHECKING:
    from api.assess import OnlineScorer
    from api.oidc import Provider
    from gnn.explanation.explanation import Looks
    from gnn.live.live import Live
    from gnn.online import Scorer


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a running server is made of."""

    settings: Settings
    store: GraphStore
    users: Users
    keys: Keys
    sessions: Sessions
    throttle: Throttle
    oidc: "Provider | None"
    oidc_key: bytes
    handovers: Handovers
    workers: Workers
    buckets: Buckets
    audit: AuditTrail
    metrics: Metrics
    scorer: "OnlineScorer"
    looks: "Looks"
    live: "Live | None"  # the graph in memory, which the scorer asks
    exports: Workers  # apart, and few: a file of everybody takes long and is nobody's hurry
    log_ins: Workers  # apart, and few: a password check is tens of milliseconds and 32 MB by design
    audit_key: bytes  # subjects in the audit chain are hashed with it
    gate: Gate  # whom marketing is handed
    referrals: ReferralBook
    clock: Clock


def build(settings: Settings, *, clock: Clock = utc_now) -> Runtime:
    """Opens the store and reads the secret. Raises a StoreError or HomeUnusable where that can't be done."""
    home = ensure_home(settings.home)
    secret = server_secret(home, settings.secret.get_secret_value())
    sessions = Sessions(derived(secret, "sessions"), home, lifetime=timedelta(hours=settings.session_hours))
    sessions.forget_expired(now=clock())
    metrics = Metrics()
    store = open_store(settings.store_address, read_only=settings.read_only, clock=clock)
    live, gate = _live(store, settings, clock), gate_of(settings)
    scorer = _scorer(store, settings, live)
    return Runtime(
        settings=settings,
        store=store,
        users=Users(home),
        keys=Keys(home, secret),
        sessions=sessions,
        throttle=Throttle(home, derived(secret, "log-in names")),
        oidc=_provider(settings, derived(secret, "sign-on at the provider")),
        oidc_key=derived(secret, "sign-on in the browser"),
        handovers=Handovers(home),
        workers=Workers(settings.threads, settings.waiting, on_change=metrics.workers),
        buckets=Buckets(settings.rate_capacity, settings.rate_refill),
        audit=LogTrail(store, None, metrics)
        if settings.read_only
        else AuditTrail(store, audit_head(settings, store.address), metrics),
        metrics=metrics,
        scorer=scorer,
        looks=scorer,
        live=live,
        exports=Workers(2, settings.waiting),
        log_ins=Workers(2, settings.waiting),
        audit_key=derived(secret, "audit subjects"),
        gate=gate,
        referrals=ReferralBook(store, gate.secret),
        clock=clock,
    )


def audit_head(settings: Settings, address: str) -> HeadFile:
    """The signed head of a store's audit chain."""
    home = ensure_home(settings.home)
    key = derived(server_secret(home, settings.secret.get_secret_value()), "audit head")
    return HeadFile(home, address, key, written=settings.store_address)


def _live(store: GraphStore, settings: Settings, clock: Clock) -> "Live | None":
    from gnn.live.live import Live  # loads numba

    if settings.live_graph_mb == 0 or settings.read_only or not store.capabilities.tells_changes:
        return None
    return Live(store, most=settings.live_graph_mb * 2**20, clock=clock)


def _scorer(store: GraphStore, settings: Settings, live: "Live | None") -> "Scorer":
    from gnn.online import Scorer  # loads what learns, which only a server needs

    return Scorer(store, settings.model_folder, live=live)


def _provider(settings: Settings, key: bytes) -> "Provider | None":
    if not settings.oidc_issuer:
        return None
    from api.oidc import Provider  # loads cryptography, which most installations don't need

    return Provider(settings, key)

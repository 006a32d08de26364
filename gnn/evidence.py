"""Evidence: what the hard rules of a decision look at, read from the store. Of an application that several customers are said to have made,
each of them is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gnn.decision_policy import DecisionPolicy, load_decision_policy
from graph_model.errors import NotFound
from graph_model.principal import is_principal
from graph_model.records import AsOf, Node
from graph_model.schema import SCHEMA, Value
from graph_model.schema.identifiers import birth_date_of
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.blocklist import blocked
from graph_model.store import GraphStore

_AROUND = 5_000  # relationships of a type that are read of an application or customer
_SOURCE_TYPES = tuple(relationship.name for relationship in SCHEMA.relationships if not relationship.human)


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who is said to have made the application; None is what is not known."""

    birth_date: date | None
    id_expiry_date: date | None
    applications: (
        int  # within the policy's window, by what they say or by when they arrived; the one being decided always counts
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the hard rules look at. `today` is the day in the zone of the product. `listed` counts the blocklisted nodes among application,
    applicants and what is within one hop of either, by label."""

    today: date
    applicants: Sequence[Applicant]  # most often one
    listed: Mapping[str, int]
    late_days: int = 0  # whole days by which the application arrived after the moment at which it says it was made


def evidence_of(
    store: GraphStore,
    application_id: str,
    *,
    now: datetime,
    horizon: datetime | None = None,
    policy: DecisionPolicy | None = None,
) -> Evidence:
    """Read the evidence about an application, by node id, as of `now`. Where the application's own clock is ahead of ours, `horizon` is
    the moment up to which records are looked at. Raises NotFound for an unknown application."""
    as_of = AsOf.at(max(now, horizon or now))
    customers = customers_of(store, application_id, as_of=as_of)
    (application,) = store.get_by_id([application_id], as_of=as_of)
    since = now - timedelta(days=(policy or load_decision_policy()).window_days)
    return Evidence(
        today=now.astimezone(LOCAL_ZONE).date(),
        applicants=[
            Applicant(
                birth_date=_birth_date(person),
                id_expiry_date=_day(person.properties, "id_expiry_date"),
                applications=sum(
                    1
                    for node in _applications_of(store, person, as_of)
                    if node.node_id == application_id or _applied(node) > since or _arrived(node) > since
                ),
            )
            for person in customers
        ],
        listed=_listed(store, application_id, customers, as_of, now),
        late_days=max(0, (_arrived(application) - _applied(application)).days),
    )


def customers_of(store: GraphStore, application_id: str, *, as_of: AsOf | None = None) -> list[Node]:
    """Who made an application: most often one, none where it came without a person. Raises NotFound for an unknown application."""
    found = store.get_by_id([application_id], as_of=as_of)
    if len(found) == 0 or found[0].label != "Application":
        raise NotFound("There is no such application as of that moment. Ask for an application's node id.")
    makers = [h for h, label in _linked(store, [application_id], as_of, ("APPLIED",)).items() if label == "Customer"]
    return store.get_by_id(store.node_ids(sorted(makers)), as_of=as_of)


def _listed(
    store: GraphStore, application_id: str, customers: Sequence[Node], as_of: AsOf, now: datetime
) -> dict[str, int]:
    """The blocklisted nodes by label. Another customer is no identifier of this one: only applicants and what is used are looked at."""
    mine = {application_id: "Application"} | {customer.node_id: customer.label for customer in customers}
    around = _linked(store, list(mine), as_of, _SOURCE_TYPES)
    used = {handle: label for handle, label in around.items() if label != "Customer"}
    label_of = dict(zip(store.node_ids(list(used)), used.values(), strict=True)) | mine
    listed: dict[str, int] = {}
    for node_id in blocked(store, list(label_of), moment=now):
        listed[label_of[node_id]] = listed.get(label_of[node_id], 0) + 1
    return listed


def _linked(store: GraphStore, node_ids: Sequence[str], as_of: AsOf | None, types: Sequence[str]) -> dict[int, str]:
    """The ends of these nodes' relationships, by handle, with their labels."""
    found: dict[int, str] = {}
    for columns in store.edges_at(store.handles(node_ids), types=types, cap=_AROUND, as_of=as_of).columns:
        found |= dict.fromkeys(columns.start.tolist(), columns.start_label)
        found |= dict.fromkeys(columns.end.tolist(), columns.end_label)
    return found


def _applications_of(store: GraphStore, customer: Node, as_of: AsOf) -> list[Node]:
    around = _linked(store, [customer.node_id], as_of, ("APPLIED",))
    made = [handle for handle, label in around.items() if label == "Application"]
    return store.get_by_id(store.node_ids(made), as_of=as_of)


def _applied(application: Node) -> datetime:
    """As it says itself."""
    value = application.properties.get("applied_at")
    return value if isinstance(value, datetime) else application.first_seen


def _arrived(application: Node) -> datetime:
    """When it came to us. Files tell history, so there it is when it was applied for."""
    return application.recorded_at if is_principal(application.source) else _applied(application)


def _birth_date(person: Node) -> date | None:
    """As given, else as the resident ID says; None where neither does."""
    given = _day(person.properties, "birth_date")
    try:
        return given or birth_date_of(person.key)
    except ValueError:
        return None


def _day(properties: Mapping[str, Value], name: str) -> date | None:
    value = properties.get(name)
    return value if isinstance(value, date) else None

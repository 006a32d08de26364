"""The portfolio as it was drawn: arrays of integers, before any text."""

from dataclasses import dataclass

from ingest.portfolio.applications import Applications
from ingest.portfolio.arrays import Ints
from ingest.portfolio.changes import Changes
from ingest.portfolio.consents import Consents
from ingest.portfolio.contacts import Contacts
from ingest.portfolio.outcomes import Outcomes
from ingest.portfolio.people import People
from ingest.portfolio.regions import Regions
from ingest.portfolio.relations import Relations
from ingest.portfolio.rings import FraudPlan
from ingest.portfolio.sharing import Books, Holdings
from ingest.portfolio.window import Window
from ingest.portfolio.workplaces import Settlement


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Everything that was drawn, still as arrays."""

    window: Window
    regions: Regions
    books: Books
    people: People
    settlement: Settlement
    plan: FraudPlan
    applications: Applications
    registered: Ints
    changes: Changes
    holdings: Holdings
    relations: Relations
    outcomes: Outcomes
    consents: Consents
    contacts: Contacts

"""What computed tags say of everybody, each as one column as of a base date: of referrals, of activity, and, for who may see risk, of relations and rings.

Columns are arrays of numpy over the scans of the store, some hundred megabytes of them at a million customers. What several tags of one computation need
is read once. Numbers of people come in steps: a value that only one customer has would tell who they are, and changes every day.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph_model.columns import EdgeColumns, first_of_each
from graph_model.moments import to_ms
from graph_model.records import AsOf
from graph_model.schema import SCHEMA
from graph_model.services.gate import LEAST_TOLD, rounded
from graph_model.services.referral_abuse import abuse_of
from graph_model.services.referrals import Places, Referrals, became_of, influence, referrals_of
from graph_model.services.tags.binding import end_of
from graph_model.store import GraphStore
from graph_model.tagging import ValueColumn

FEW_USE = 20  # what more customers use says nothing of who belongs together: a company's address, a public network
MONTH = 30  # days
AT_ONCE = 50_000  # customers whose rings are looked up together
_RINGS_AT_ONCE = 5_000
_FINE, _STEP = 10, 5  # numbers up to it are told as they are, then in steps, and from 100 on by their first two digits
_DAY = timedelta(days=1)

FIRST, CARRIER, LAST = "first", "carrier", "last"


class Book:
    """The store as of the end of a base date; what is read of it is what was there when it was read first."""

    def __init__(self, store: GraphStore, base_date: date) -> None:
        self.store = store
        self.end = end_of(base_date)
        self.as_of = AsOf.at(self.end)

    @cached_property
    def referrals(self) -> Referrals:
        return referrals_of(self.store, as_of=self.end)


def brought_in(book: Book) -> ValueColumn:
    return _counts(book.referrals.handles, book.referrals.direct)


def brought_applicants(book: Book) -> ValueColumn:
    people = book.referrals
    applied = people.parent[became_of(book.store, people).applied]
    return _counts(people.handles, np.bincount(applied, minlength=len(people.handles)))


def reach(book: Book) -> ValueColumn:
    return _counts(book.referrals.handles, book.referrals.reach)


def spread(book: Book) -> ValueColumn:
    """The rank starts at everybody alike: what became of applications is not in it."""
    people = book.referrals
    tenths = np.rint(10 * len(people.handles) * influence(people.parent)).astype(np.int64)
    bring = people.direct > 0
    return _column(people.handles[bring], _first_digits(tenths[bring]) / 10)


def depth(book: Book) -> ValueColumn:
    return _column(book.referrals.handles, stepped(book.referrals.depth))


def circle_size(book: Book) -> ValueColumn:
    """As who may not see the graph is told sizes of circles."""
    people = book.referrals
    size = np.bincount(people.circle)[people.circle]
    told = size >= LEAST_TOLD
    return _column(people.handles[told], _first_digits(rounded(size[told])))


def role(book: Book) -> ValueColumn:
    people = book.referrals
    place = np.where(~people.is_brought, 0, np.where(people.direct > 0, 1, 2)).astype(np.int64)
    return ValueColumn(people.handles, place, (FIRST, CARRIER, LAST))


def months_since_application(book: Book) -> ValueColumn:
    """By the calendar here; the last application by when it was first seen."""
    edges = book.store.scan_edges("APPLIED", "Customer", "Application", as_of=book.as_of)
    if len(edges.start) == 0:
        return _column(edges.start, edges.start)
    begins = np.flatnonzero(np.diff(edges.start, prepend=edges.start[0] - 1))  # those of one customer stand together
    days = _day(to_ms(book.end), book) - _day(np.maximum.reduceat(edges.first_seen, begins), book)
    return _column(edges.start[begins], days // MONTH)


def component_size(book: Book) -> ValueColumn:
    """Customers who hang together by identifiers that some share, and no more than FEW_USE."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = [_few_share(edges) for edges in _uses(book)]
    customer, identifier = (np.concatenate([np.zeros(0, dtype=np.int64), *side]) for side in zip(*pairs, strict=True))
    people, start = np.unique(customer, return_inverse=True)
    shared, end = np.unique(identifier, return_inverse=True)
    count = len(people) + len(shared)
    ties = coo_array((np.ones(len(start), dtype=np.int8), (start, len(people) + end)), shape=(count, count))
    _, group = connected_components(ties, directed=False)
    own = group[: len(people)]
    return _counts(people, np.bincount(own)[own])


def ring_size(book: Book) -> ValueColumn:
    """Of rings of the newest scoring of everybody that is complete."""
    sizes = _ring_sizes(book)
    handles = book.store.scan_nodes("Customer", as_of=book.as_of).handles
    found = np.zeros(len(handles), dtype=np.int64)
    for begin in range(0, len(handles) if len(sizes) > 0 else 0, AT_ONCE):
        worn = book.store.grades_at(handles[begin : begin + AT_ONCE].tolist(), as_of=book.as_of)
        of_ring = np.array([*(sizes.get(ring, 0) for ring in worn.rings), 0], dtype=np.int64)
        found[begin : begin + AT_ONCE] = of_ring[worn.ring]  # no ring is the last of them
    return _counts(handles, found)


def abused_referrals(book: Book) -> ValueColumn:
    people = book.referrals
    abuse = abuse_of(book.store, people, np.arange(len(people.referrer), dtype=np.int64))
    suspect = people.referrer[abuse.circular | abuse.is_self]
    return _counts(people.handles, np.bincount(suspect, minlength=len(people.handles)))


def stepped(numbers: Places) -> Places:
    """Numbers as tags tell them, never more than they are."""
    coarse = np.where(numbers < _FINE, numbers, numbers // _STEP * _STEP)
    return _first_digits(coarse)


def _first_digits(numbers: Places) -> Places:
    """The first two digits, and zeros for the others."""
    power = np.maximum(np.floor(np.log10(np.maximum(numbers, 1))).astype(np.int64) - 1, 0)
    unit: Places = np.power(10, power)
    return numbers // unit * unit


def _counts(handles: Places, numbers: Places) -> ValueColumn:
    """Who has none has no value."""
    some = numbers > 0
    return _column(handles[some], stepped(numbers[some]))


def _column(handles: Places, numbers: NDArray[np.int64] | NDArray[np.float64]) -> ValueColumn:
    values, place = np.unique(numbers, return_inverse=True)
    return ValueColumn(handles, place.astype(np.int64), tuple(float(value) for value in values))


def _day(at: Places | int, book: Book) -> Places:
    """Days by the calendar here, of moments in milliseconds."""
    ahead = book.end.utcoffset() or timedelta()
    found: Places = (np.asarray(at) + ahead // timedelta(milliseconds=1)) // (_DAY // timedelta(milliseconds=1))
    return found


def _uses(book: Book) -> Iterator[EdgeColumns]:
    """One kind after the other: together they would be most of the graph."""
    ties = [
        (each.name, label)
        for each in SCHEMA.relationships
        for start, label in each.ends
        if start == "Customer" and label in SCHEMA.identifiers and not each.human
    ]
    return (book.store.scan_edges(name, "Customer", label, as_of=book.as_of) for name, label in ties)


def _few_share(edges: EdgeColumns) -> tuple[Places, Places]:
    """Customers and identifiers, each pair once, of identifiers that several customers use and no more than a few."""
    rows = first_of_each(edges.end, edges.start)  # one account in two roles is one
    customer, identifier = edges.start[rows], edges.end[rows]
    _, place, users = np.unique(identifier, return_inverse=True, return_counts=True)
    shared = (users[place] > 1) & (users[place] <= FEW_USE)
    return customer[shared], identifier[shared]


def _ring_sizes(book: Book) -> dict[str, int]:
    sizes: dict[str, int] = {}
    more = True
    while more:
        rings = book.store.rings(as_of=book.as_of, limit=_RINGS_AT_ONCE, offset=len(sizes))
        sizes |= {ring.ring_id: ring.size for ring in rings}
        more = len(rings) == _RINGS_AT_ONCE
    return sizes

"""Build: the feature table of a set of questions, tabular and graph columns side by side."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index
from gnn.arrays.graph import NEVER, GraphArrays, Incidence, Moments
from gnn.features.layout import WALK_COLUMNS
from gnn.features.marks import by_mark
from gnn.features.placing import placed_links, placed_people, placed_uses, placing_of
from gnn.features.questions import QuestionSet
from gnn.features.tabular import OWN_COLUMNS, as_float, form, form_columns, own_past
from gnn.features.vocabulary import Vocabulary, learn_vocabulary
from gnn.features.walk import (
    DAY_MS,
    Histories,
    Notes,
    OwnUses,
    People,
    Questions,
    RingView,
    Rows,
    notes_of,
    walk,
    walk_on,
)
from gnn.rings.detect import RingConfig, Rings, find_rings
from graph_model.store import OnProgress

SNAPSHOT_MS = 60 * DAY_MS
_NEW_MS = 30 * DAY_MS

RingSource = Callable[[int], RingView]  # the rings as they were at a mark (epoch ms, exclusive)


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    """How features are computed. Part of a model's version."""

    rings: RingConfig = field(default_factory=RingConfig)


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """One row per question. `coded` names the columns that are codes; `tabular` is how many columns the baseline sees, from the left."""

    names: Sequence[str]
    coded: Sequence[str]
    tabular: int
    values: Rows

    def column(self, name: str) -> NDArray[np.float32]:
        return self.values[:, self.names.index(name)]


@cache
def column_names() -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Names of all columns, of the coded ones, and the number of tabular ones."""
    names, coded = form_columns()
    tabular = (*names, *OWN_COLUMNS)
    return (*tabular, *WALK_COLUMNS), coded, len(tabular)


def vocabulary_of(arrays: GraphArrays, asked: QuestionSet) -> Vocabulary:
    """The words of these rows' customers and applications."""
    applied = asked.application[asked.application >= 0]
    columns = {f"customer_{k}": v[asked.customer] for k, v in arrays.customers.properties.items()}
    columns |= {f"application_{k}": v[applied] for k, v in arrays.applications.properties.items()}
    return learn_vocabulary(columns)


def describe(
    arrays: GraphArrays,
    asked: QuestionSet,
    vocabulary: Vocabulary,
    *,
    config: FeatureConfig,
    rings: RingSource | None = None,
    on_progress: OnProgress | None = None,
) -> FeatureTable:
    """The features of every question. Rows of one mark are walked together, so that only one set of rings is held at a time. `rings` tells
    the rings of a mark; left out, they are found in the arrays, which then must be the whole graph."""
    names, coded, tabular = column_names()
    values = np.empty((len(asked), len(names)), dtype=np.float32)
    applications = arrays.applications
    placing = placing_of(arrays.incidence, config.rings.hub_cap)
    customer = placing.place[applications.customer]
    order = np.lexsort((applications.applied_at, customer))
    walker = Walker(
        replace(asked, customer=placing.place[asked.customer]),
        _positions(order, asked),
        placed_people(people_of(arrays), placing),
        _histories(arrays, customer, order, vocabulary),
        config.rings.hub_cap,
    )
    own = own_past(
        walker.asked.customer,
        asked.moment,
        walker.position,
        walker.past,
        applications.refused_at[order],
        applications.fraud_known[order],
        applications.default_known[order],
        applications.good_known[order],
    )
    values[:, : tabular - len(OWN_COLUMNS)] = form(arrays, asked, vocabulary)
    values[:, tabular - len(OWN_COLUMNS) : tabular] = own
    uses, links = placed_uses(own_uses(arrays), placing), placed_links(arrays.incidence, placing)
    held = threading.local()

    def view_of(mark: int) -> RingView:
        if rings is None:
            found = find_rings(links, before=mark, config=config.rings, order=placing.place)
            return _as_known(found, walker.people, mark)
        view = rings(mark)
        return view._replace(ring=view.ring[placing.customers])

    def fill(rows: NDArray[np.int64], view: RingView) -> None:
        # Notes are as large as the graph: each thread makes its own once.
        notes, number = held.__dict__.get("notes") or (notes_of(walker.people, walker.past, links), 0)
        held.notes = notes, number + len(rows)
        values[rows, tabular:] = walker(rows, uses, links, view, (notes, number))

    by_mark(asked.moment // SNAPSHOT_MS * SNAPSHOT_MS, walker.asked.customer, view_of, fill, on_progress)
    return FeatureTable(names, coded, tabular, values)


@dataclass(frozen=True, slots=True)
class Walker:
    """The walk from the customers of a set of questions: all that it reads but who uses what, which is given with each call."""

    asked: QuestionSet
    position: Index  # of each question's application in `past`, -1 for none
    people: People
    past: Histories
    hub_cap: int

    def __call__(
        self,
        rows: NDArray[np.int64],
        uses: OwnUses,
        links: Incidence,
        view: RingView,
        notes: tuple[Notes, int] | None = None,
    ) -> Rows:
        """The columns of the walk for these questions, with the rings of their mark. `notes` are of earlier questions, which had lesser numbers."""
        asked, past, here = self.asked, self.past, self.position[rows]
        none = len(past.applied_at) == 0
        questions = Questions(
            asked.customer[rows],
            asked.moment[rows],
            asked.moment[rows] if none else np.where(here >= 0, past.applied_at[here], asked.moment[rows]),
            np.full(len(rows), np.nan) if none else np.where(here >= 0, past.amount[here], np.nan),
            _code_at(past.product, here),
            _code_at(past.channel, here),
        )
        if notes is not None:
            return walk_on(*notes, questions, uses, links, self.people, past, view, self.hub_cap)
        return walk(questions, uses, links, self.people, past, view, self.hub_cap)


def walker_of(arrays: GraphArrays, asked: QuestionSet, vocabulary: Vocabulary, *, hub_cap: int) -> Walker:
    order = arrays.application_order
    past = _histories(arrays, arrays.applications.customer, order, vocabulary)
    return Walker(asked, _positions(order, asked), people_of(arrays), past, hub_cap)


def _positions(order: NDArray[np.int64], asked: QuestionSet) -> Index:
    """Where each question's application comes in this order, -1 for none."""
    inverse = np.full(len(order) + 1, -1, dtype=np.int32)
    inverse[order] = np.arange(len(order), dtype=np.int32)
    return inverse[asked.application]  # -1 is the last


def own_uses(arrays: GraphArrays) -> OwnUses:
    indptr = arrays.use_rows.indptr
    return OwnUses(indptr, indptr[1:], arrays.uses.identifier, arrays.uses.channel, arrays.uses.since)


def mark_of(moment: int) -> int:
    """The mark whose rings a question as of a moment sees."""
    return moment // SNAPSHOT_MS * SNAPSHOT_MS


def people_of(arrays: GraphArrays) -> People:
    """What became known of each customer, over all applications."""
    applications = arrays.applications
    customers = len(arrays.customers.handles)
    birth = arrays.customers.properties.get("birth_date")
    return People(
        fraud_known=_earliest(applications.customer, applications.fraud_known, customers),
        refused_at=_earliest(applications.customer, applications.refused_at, customers),
        default_known=_earliest(applications.customer, applications.default_known, customers),
        good_known=_earliest(applications.customer, applications.good_known, customers),
        first_seen=arrays.customers.first_seen,
        birth=np.full(customers, np.nan) if birth is None else as_float(birth),
    )


def ring_view(arrays: GraphArrays, people: People, taken_at: int, config: RingConfig) -> RingView:
    """The rings as they were at a moment, with what was known of their members then."""
    return _as_known(find_rings(arrays.incidence, before=taken_at, config=config), people, taken_at)


def _as_known(rings: Rings, people: People, taken_at: int) -> RingView:
    return RingView(
        ring=rings.ring,
        size=rings.size.astype(np.float64),
        density=rings.density,
        fraud=rings.count(people.fraud_known < taken_at).astype(np.float64),
        refused=rings.count(people.refused_at < taken_at).astype(np.float64),
        recent=rings.count(people.first_seen >= taken_at - _NEW_MS).astype(np.float64),
        taken_at=taken_at - 1,
    )


def _histories(arrays: GraphArrays, customer: Index, order: NDArray[np.int64], vocabulary: Vocabulary) -> Histories:
    applications = arrays.applications
    counts = np.bincount(customer, minlength=len(arrays.customers.handles))
    with np.errstate(divide="ignore"):
        amount = np.log(as_float(applications.properties["amount"][order]))
    ptr = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
    return Histories(
        ptr=ptr,
        end=ptr[1:],
        applied_at=applications.applied_at[order],
        amount=amount,
        product=vocabulary.code("application_product", applications.properties["product"][order]),
        channel=vocabulary.code("application_channel", applications.properties["channel"][order]),
    )


def _earliest(customer: Index, moments: Moments, customers: int) -> Moments:
    earliest = np.full(customers, NEVER, dtype=np.int64)
    np.minimum.at(earliest, customer, moments)
    return earliest


def _code_at(codes: NDArray[np.int32], rows: NDArray[np.int32]) -> NDArray[np.int32]:
    if len(codes) == 0:
        return np.full(len(rows), -1, dtype=np.int32)
    return np.where(rows >= 0, codes[rows], -1).astype(np.int32)

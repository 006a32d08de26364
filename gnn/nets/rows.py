"""Rows: the surroundings of questions as a TypedGraph, each as of its own moment. What a net learns from, and scores, when rows come from many months.

Every question has a copy of its own of what was around it then: its customer's identifiers, and of each identifier the others who had used it
before, the latest few, with what was known of them by then. Nothing later than a question's moment is in its copy, however late the arrays are;
what two questions have in common is there twice. Links lead towards the question: two layers see all of it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index, Pointer
from gnn.arrays.graph import GraphArrays, Incidence, Moments
from gnn.features.build import FeatureTable, people_of
from gnn.features.questions import QuestionSet
from gnn.features.walk import DAY_MS, People
from gnn.nets.typed import Features, Links, Relation, TypedGraph

QUESTION, PERSON = "question", "person"
MOST = 15  # others of one identifier, the latest
_HAS, _USED = "has", "used"
_PERSON_COLUMNS = 7


class Around(NamedTuple):
    """What is looked at around a question: who uses what since when, of what type an identifier is, and what is known of customers, whose
    applications were made at `applied[begin[i]:end[i]]`, in order of time."""

    links: Incidence
    people: People
    begin: Pointer
    end: Pointer
    applied: Moments
    code: Callable[[NDArray[np.int64]], NDArray[np.integer]]  # of identifiers, by position
    labels: Sequence[str]  # by code


def around_of(arrays: GraphArrays) -> Around:
    applications, order = arrays.applications, arrays.application_order
    count = np.bincount(applications.customer, minlength=len(arrays.customers.handles))
    ptr = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(count)))
    identifiers = arrays.identifiers
    return Around(
        arrays.incidence,
        people_of(arrays),
        ptr[:-1],
        ptr[1:],
        applications.applied_at[order],
        lambda positions: identifiers.label[positions],
        identifiers.labels,
    )


def question_graph(around: Around, asked: QuestionSet, table: FeatureTable) -> TypedGraph:
    """Nodes of type QUESTION in the order of `asked`, with the tabular columns of their rows in `table`; a type per label of identifier; PERSON."""
    return with_forms(surroundings(around, asked), table)


def with_forms(graph: TypedGraph, table: FeatureTable) -> TypedGraph:
    """The surroundings of questions with what the rows of the table say of them: the tabular columns, each with whether it is known."""
    values = table.values[:, : table.tabular]
    form = np.hstack((np.nan_to_num(values), np.isnan(values))).astype(np.float32)
    return TypedGraph({QUESTION: form, **graph.features}, graph.relations)


def surroundings(around: Around, asked: QuestionSet) -> TypedGraph:
    """As `question_graph`, without the questions' own columns."""
    links = around.links
    identifier, question, since = _own(links, asked.customer, asked.moment)
    moment = asked.moment[question]
    users, slot, person = _others(links, identifier, asked.customer[question], moment, MOST)
    features: dict[str, Features] = {PERSON: _people(around, person, moment[slot])}
    relations: dict[Relation, Links] = {}
    own = np.column_stack((np.log1p(users), _days(moment - since))).astype(np.float32)
    names = list(dict.fromkeys(around.labels))
    kind_of = np.array([names.index(label) for label in around.labels], dtype=np.int64)[around.code(identifier)]
    kind_of_slot = kind_of[slot]
    for number, name in enumerate(names):
        kind = f"{name} identifier"  # a person who stands for one is no customer here
        chosen, used = np.flatnonzero(kind_of == number), np.flatnonzero(kind_of_slot == number)
        features[kind] = own[chosen]
        relations[kind, _HAS, QUESTION] = Links.of(
            np.arange(len(chosen)), question[chosen], sources=len(chosen), targets=len(asked)
        )
        relations[PERSON, _USED, kind] = Links.of(
            used, np.searchsorted(chosen, slot[used]), sources=len(person), targets=len(chosen)
        )
    return TypedGraph(features, relations)


def _own(links: Incidence, customer: Index, moment: Moments) -> tuple[NDArray[np.int64], NDArray[np.int64], Moments]:
    """Of each question the identifiers its customer had used by its moment, that moment included: identifier, question, since when."""
    begin = links.customer_ptr[customer]
    count = links.customer_end[customer] - begin
    question = np.repeat(np.arange(len(customer)), count)
    row = np.repeat(begin - np.concatenate((np.zeros(1, np.int64), np.cumsum(count)[:-1])), count) + np.arange(
        len(question)
    )
    known = links.customer_since[row] <= moment[question]
    row, question = row[known], question[known]
    return links.customer_identifier[row].astype(np.int64), question, links.customer_since[row]


@kernel
def _taken(
    ptr: Pointer,
    end: Pointer,
    customer: Index,
    since: Moments,
    identifier: NDArray[np.int64],
    own: Index,
    moment: Moments,
    most: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], Index]:
    """See `_others`. Within an identifier, users come by time."""
    users = np.zeros(len(identifier), dtype=np.int64)
    slot = np.empty(len(identifier) * most, dtype=np.int64)
    person = np.empty(len(identifier) * most, dtype=np.int32)
    found = 0
    for at in range(len(identifier)):
        begin = ptr[identifier[at]]
        low, high = begin, end[identifier[at]]
        while low < high:  # the first that is not before the moment
            middle = (low + high) // 2
            if since[middle] < moment[at]:
                low = middle + 1
            else:
                high = middle
        users[at] = low - begin
        kept = 0
        place = low - 1
        while place >= begin and kept < most:
            if customer[place] != own[at]:
                slot[found] = at
                person[found] = customer[place]
                found += 1
                kept += 1
            place -= 1
    return users, slot[:found].copy(), person[:found].copy()


def _others(
    links: Incidence, identifier: NDArray[np.int64], own: Index, moment: Moments, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Index]:
    """How many had used each identifier before its moment, and of the others among them the latest `most`: which identifier, and who."""
    rows = (links.identifier_ptr, links.identifier_end, links.identifier_customer, links.identifier_since)
    return _taken(*rows, identifier, own, moment, most)


def _people(around: Around, person: Index, moment: Moments) -> Features:
    """What was known of each by then: for how long, how many applications, how long ago the last, and which outcomes."""
    people = around.people
    made, last = _made(around.begin, around.end, around.applied, person, moment)
    known = (people.fraud_known, people.refused_at, people.default_known, people.good_known)
    columns = np.empty((len(person), _PERSON_COLUMNS), dtype=np.float32)
    columns[:, 0] = _days(moment - people.first_seen[person])
    columns[:, 1] = np.log1p(made)
    columns[:, 2] = np.where(made > 0, _days(moment - last), -1.0)
    for place, moments in enumerate(known, start=3):
        columns[:, place] = moments[person] < moment
    return columns


@kernel
def _made(
    begin: Pointer, end: Pointer, applied: Moments, person: Index, moment: Moments
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each person how many applications before the moment, and when the last of these."""
    made, last = np.zeros(len(person), dtype=np.int64), np.zeros(len(person), dtype=np.int64)
    for at in range(len(person)):
        for place in range(begin[person[at]], end[person[at]]):
            if applied[place] < moment[at]:
                made[at] += 1
                last[at] = applied[place]
    return made, last


def _days(milliseconds: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.log1p(np.maximum(milliseconds, 0) / DAY_MS))

"""Rows: the surroundings of questions as a TypedGraph, each as of its own moment. What a net learns from when rows come from many months.

Every question has a copy of its own of what was around it then: its customer's identifiers, and of each identifier the others who had used it
before, the latest few, with what was known of them by then. Nothing later than a question's moment is in its copy, however late the arrays are;
what two questions have in common is there twice. Links lead towards the question: two layers see all of it.
"""

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.compiled import kernel
from gnn.arrays.csr import Index
from gnn.arrays.graph import GraphArrays, Incidence, Moments
from gnn.features.build import FeatureTable, people_of
from gnn.features.questions import QuestionSet
from gnn.features.walk import DAY_MS
from gnn.nets.typed import Features, Links, Relation, TypedGraph

QUESTION, PERSON = "question", "person"
MOST = 15  # others of one identifier, the latest
_HAS, _USED = "has", "used"


def question_graph(arrays: GraphArrays, asked: QuestionSet, table: FeatureTable) -> TypedGraph:
    """Nodes of type QUESTION in the order of `asked`, with the tabular columns of their rows in `table`; a type per label of identifier; PERSON."""
    links = arrays.incidence
    identifier, question, since = _own(links, asked.customer, asked.moment)
    moment = asked.moment[question]
    users, slot, person = _others(links, identifier, asked.customer[question], moment, MOST)
    features: dict[str, Features] = {
        QUESTION: _form(table),
        PERSON: _people(arrays, person, moment[slot]),
    }
    relations: dict[Relation, Links] = {}
    own = np.column_stack((np.log1p(users), _days(moment - since))).astype(np.float32)
    label = arrays.identifiers.label[identifier]
    position = np.arange(len(person))
    for name in dict.fromkeys(arrays.identifiers.labels):
        kind = f"{name} identifier"  # a person who stands for one is no customer here
        codes = [code for code, other in enumerate(arrays.identifiers.labels) if other == name]
        chosen = np.isin(label, codes)
        place = np.cumsum(chosen) - 1
        count = int(chosen.sum())
        features[kind] = own[chosen]
        relations[kind, _HAS, QUESTION] = Links.of(
            np.arange(count), question[chosen], sources=count, targets=len(asked)
        )
        used = chosen[slot]
        relations[PERSON, _USED, kind] = Links.of(position[used], place[slot[used]], sources=len(person), targets=count)
    return TypedGraph(features, relations)


def _own(links: Incidence, customer: Index, moment: Moments) -> tuple[NDArray[np.int64], NDArray[np.int64], Moments]:
    """Of each question the identifiers its customer had used by its moment, that moment included: identifier, question, since when."""
    begin, end = links.customer_ptr[customer], links.customer_ptr[customer + 1]
    count = end - begin
    question = np.repeat(np.arange(len(customer)), count)
    row = np.repeat(begin - np.concatenate((np.zeros(1, np.int64), np.cumsum(count)[:-1])), count) + np.arange(
        len(question)
    )
    known = links.customer_since[row] <= moment[question]
    row, question = row[known], question[known]
    return links.customer_identifier[row].astype(np.int64), question, links.customer_since[row]


@kernel
def _taken(
    ptr: NDArray[np.int64],
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
        begin, end = ptr[identifier[at]], ptr[identifier[at] + 1]
        low, high = begin, end
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
    return _taken(
        links.identifier_ptr, links.identifier_customer, links.identifier_since, identifier, own, moment, most
    )


def _people(arrays: GraphArrays, person: Index, moment: Moments) -> Features:
    """What was known of each by then: for how long, how many applications, how long ago the last, and which outcomes."""
    people, applications = people_of(arrays), arrays.applications
    order = arrays.application_order
    count = np.bincount(applications.customer, minlength=len(arrays.customers.handles))
    begin = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(count)))
    made, last = _made(begin, applications.applied_at[order], person, moment)
    columns = [
        _days(moment - people.first_seen[person]),
        np.log1p(made),
        np.where(made > 0, _days(moment - last), -1.0),
        *(
            known[person] < moment
            for known in (people.fraud_known, people.refused_at, people.default_known, people.good_known)
        ),
    ]
    return np.column_stack(columns).astype(np.float32)


@kernel
def _made(
    begin: NDArray[np.int64], applied: Moments, person: Index, moment: Moments
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each person how many applications before the moment, and when the last of these."""
    made, last = np.zeros(len(person), dtype=np.int64), np.zeros(len(person), dtype=np.int64)
    for at in range(len(person)):
        for place in range(begin[person[at]], begin[person[at] + 1]):
            if applied[place] < moment[at]:
                made[at] += 1
                last[at] = applied[place]
    return made, last


def _days(milliseconds: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.log1p(np.maximum(milliseconds, 0) / DAY_MS))


def _form(table: FeatureTable) -> Features:
    """The tabular columns, each with whether it is known."""
    values = table.values[:, : table.tabular]
    return np.hstack((np.nan_to_num(values), np.isnan(values))).astype(np.float32)

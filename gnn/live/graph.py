"""LiveGraph: the arrays that the walk reads, of the whole graph, in which the rows of single customers can be replaced.

It begins as the arrays of a whole export and is changed by those of a few customers' surroundings: rows are never made here, only moved, and
stand in the order in which a whole export would have them. So an answer is that of batch to the last bit.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.csr import Index
from gnn.arrays.graph import NEVER, GraphArrays, Incidence, Moments
from gnn.features.build import own_uses, people_of
from gnn.features.tabular import as_float
from gnn.features.vocabulary import Vocabulary
from gnn.features.walk import FRAUD, LATEST, REFUSED, Histories, Notes, OwnUses, People, notes_of
from gnn.live.rows import Rows, grown
from gnn.nets.rows import Around

_TEXTS = ("product", "channel")


class OutOfOrder(Exception):
    """Somebody appears who should have been there before: what is held can't be mended, only read anew."""


class LiveGraph:
    """Positions are those of the export; who and what comes later is appended. Not safe for threads."""

    def __init__(self, arrays: GraphArrays) -> None:
        own, links, people = own_uses(arrays), arrays.incidence, people_of(arrays)
        applications, order = arrays.applications, arrays.application_order
        counts = np.bincount(applications.customer, minlength=len(arrays.customers.handles))
        self._words: dict[str | None, int] = {None: 0}
        self._vocabulary: Vocabulary | None = None
        self._count = len(arrays.customers.handles)
        self._handles = grown(arrays.customers.handles, self._count + 1)
        self._people = [grown(values, self._count + 1) for values in people]
        self._own = Rows(own.ptr, (own.identifier, own.channel, own.since))
        self._forth = Rows(links.customer_ptr, (links.customer_identifier, links.customer_since))
        self._back = Rows(
            links.identifier_ptr, (links.identifier_customer, links.identifier_since, links.identifier_everyday)
        )
        self._past = Rows(np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))), self._histories(arrays, order))
        self._made = applications.handles  # rising
        self._maker = applications.customer
        self._maker_since: dict[int, int] = {}  # of applications that came or changed hands since
        self._identifiers = arrays.identifiers.handles
        self._blocks = _blocks(arrays)
        self._labels = arrays.identifiers.labels
        self._first_since = len(arrays.identifiers.handles)
        self._block_since: list[int] = []  # of identifiers that came since
        self._identifier_since: dict[tuple[int, int], int] = {}
        notes = notes_of(People(*self._people), self._histories_of(), self._links())
        self._known, self._shared, self._seen = notes
        self._number = 0

    # --- what the walk reads -----------------------------------------------------------------------------------------

    @property
    def own(self) -> OwnUses:
        return OwnUses(self._own.first, self._own.end, *self._own.columns)

    @property
    def links(self) -> Incidence:
        return self._links()

    @property
    def people(self) -> People:
        return People(*self._people)

    def past(self, vocabulary: Vocabulary) -> Histories:
        """With the texts coded by a model's words."""
        if vocabulary is not self._vocabulary:
            self._vocabulary = vocabulary
            for place, name in enumerate(_TEXTS):
                self._past.columns[6 + place] = self._codes(name)[self._past.columns[8 + place]]
        return self._histories_of()

    @property
    def around(self) -> Around:
        """What a net looks at."""
        past = self._past
        return Around(self.links, self.people, past.first, past.end, past.columns[0], self._block_of, self._labels)

    def _block_of(self, identifiers: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.searchsorted(self._blocks, identifiers, side="right") - 1
        since = np.flatnonzero(identifiers >= self._first_since)
        found[since] = [self._block_since[at] for at in (identifiers[since] - self._first_since).tolist()]
        return found

    @property
    def outcomes(self) -> tuple[Moments, Moments, Moments, Moments]:
        """When a refusal, a fraud, a default and a good end became known, in the order of `past`."""
        refused, fraud, default, good = self._past.columns[2:6]
        return refused, fraud, default, good

    @property
    def applications(self) -> NDArray[np.int64]:
        """Their handles, in the order of `past`."""
        return self._past.columns[10]

    def notes(self, questions: int) -> tuple[Notes, int]:
        """The walk's notes, and the number of the first of so many questions."""
        if self._number + questions >= np.iinfo(np.int32).max:
            self._known, self._shared, self._seen = notes_of(self.people, self._histories_of(), self._links())
            self._number = 0
        first = self._number
        self._number += questions
        return Notes(self._known, self._shared, self._seen), first

    def customer(self, handle: int) -> int:
        """Position, -1 for nobody known."""
        at = int(np.searchsorted(self._handles[: self._count], handle))
        return at if at < self._count and self._handles[at] == handle else -1

    def maker(self, application: int) -> int:
        """Position of the customer whose application it is, -1 where nobody is known to have made it."""
        if application in self._maker_since:
            return self._maker_since[application]
        at = int(np.searchsorted(self._made, application))
        return int(self._maker[at]) if at < len(self._made) and self._made[at] == application else -1

    def handle(self, customer: int) -> int:
        return int(self._handles[customer])

    @property
    def handles(self) -> NDArray[np.int64]:
        """Of customers, by position."""
        return self._handles

    def positions(self, handles: NDArray[np.int64]) -> Index:
        """Of customers, -1 for one who is not known."""
        known = self._handles[: self._count]
        place = np.searchsorted(known, handles)
        there = place < self._count
        there[there] = known[place[there]] == handles[there]
        return np.where(there, place, -1).astype(np.int32)

    @property
    def room(self) -> int:
        """Customers for whom there is place now: what is kept by customer is that long."""
        return len(self._handles)

    @property
    def bytes(self) -> int:
        held = (self._handles, *self._people, self._made, self._maker, self._identifiers, self._known, self._shared)
        rows = (self._own, self._forth, self._back, self._past)
        return sum(values.nbytes for values in (*held, self._seen)) + sum(part.bytes for part in rows)

    # --- changing it -------------------------------------------------------------------------------------------------

    def put(self, part: GraphArrays, handles: Iterable[int]) -> None:
        """Replace the rows of these customers by those of the arrays of their surroundings, which hold all of theirs."""
        own, links, people = own_uses(part), part.incidence, people_of(part)
        order = part.application_order
        counts = np.bincount(part.applications.customer, minlength=len(part.customers.handles))
        ends = np.cumsum(counts)
        past = self._histories(part, order)
        block_ends = _blocks(part)[1:]
        for handle in sorted(handles):
            at = int(np.searchsorted(part.customers.handles, handle))
            me = self._placed(handle)
            uses, ties = slice(own.ptr[at], own.end[at]), slice(links.customer_ptr[at], links.customer_end[at])
            mine = np.unique(own.identifier[uses])
            blocks = np.searchsorted(block_ends, mine, side="right").tolist()
            known_as = part.identifiers.handles[mine].tolist()
            place = np.array(list(map(self._identifier, blocks, known_as)), dtype=np.int32)

            def here(identifiers: Index, mine: Index = mine, place: Index = place) -> Index:
                return place[np.searchsorted(mine, identifiers)]

            self._own.put(me, (here(own.identifier[uses]), own.channel[uses], own.since[uses]))
            everyday = [_everyday(links, identifier, at) for identifier in links.customer_identifier[ties].tolist()]
            self._tie(me, here(links.customer_identifier[ties]), links.customer_since[ties], everyday)
            made = slice(int(ends[at] - counts[at]), int(ends[at]))
            self._past.put(me, [column[made] for column in past])
            self._maker_since.update(dict.fromkeys(past[10][made].tolist(), me))
            for values, there in zip(self._people, people, strict=True):
                values[me] = there[at]
            self._known[me, FRAUD] = people.fraud_known[at]
            self._known[me, REFUSED] = people.refused_at[at]
            self._known[me, LATEST] = past[0][made][-1] if counts[at] > 0 else NEVER

    def _tie(self, me: int, identifiers: Index, since: Moments, everyday: list[bool]) -> None:
        """Replace what ties a customer to others: the row of their own, and their entries in the identifiers' rows."""
        before = self._forth.columns[0][self._forth.of(me)].copy()
        self._forth.put(me, (identifiers, since))
        for gone in np.setdiff1d(before, identifiers).tolist():
            self._retie(gone, me, None, False)
        for identifier, at, usual in zip(identifiers.tolist(), since.tolist(), everyday, strict=True):
            self._retie(identifier, me, at, usual)

    def _retie(self, identifier: int, me: int, since: int | None, everyday: bool) -> None:
        row = self._back.of(identifier)
        users, moments, usual = (column[row] for column in self._back.columns)
        there = np.flatnonzero(users == me)
        if since is not None and len(there) == 1 and moments[there[0]] == since and usual[there[0]] == everyday:
            return
        others = users != me
        users, moments, usual = users[others], moments[others], usual[others]
        if since is not None:
            first = int(np.searchsorted(moments, since, side="left"))
            last = int(np.searchsorted(moments, since, side="right"))
            place = first + int(np.searchsorted(users[first:last], me))  # by time, then by position
            users = np.insert(users, place, me)
            moments = np.insert(moments, place, since)
            usual = np.insert(usual, place, everyday)
        self._back.put(identifier, (users, moments, usual))
        bit = np.uint8(1 << (identifier & 7))
        if len(users) > 1:
            self._shared[identifier >> 3] |= bit
        else:
            self._shared[identifier >> 3] &= ~bit

    def _placed(self, handle: int) -> int:
        found = self.customer(handle)
        if found >= 0:
            return found
        if self._count > 0 and handle < self._handles[self._count - 1]:
            raise OutOfOrder
        self._count += 1
        self._handles = grown(self._handles, self._count)
        self._handles[self._count - 1] = handle
        self._people = [grown(values, self._count) for values in self._people]
        for part in (self._own, self._forth, self._past):
            part.add(1)
        if len(self._known) < self._count:
            wider = np.full((len(self._handles), self._known.shape[1]), -1, dtype=np.int64)
            wider[: len(self._known)] = self._known
            self._known = wider
        return self._count - 1

    def _identifier(self, block: int, handle: int) -> int:
        since = self._identifier_since.get((block, handle))
        if since is not None:
            return since
        first, end = int(self._blocks[block]), int(self._blocks[block + 1])
        at = first + int(np.searchsorted(self._identifiers[first:end], handle))
        if at < end and self._identifiers[at] == handle:
            return at
        at = self._back.count
        self._back.add(1)
        self._identifier_since[block, handle] = at
        self._block_since.append(block)
        self._seen = grown(self._seen, at + 1, fill=-1)
        self._shared = grown(self._shared, (at >> 3) + 1)
        return at

    # --- columns -----------------------------------------------------------------------------------------------------

    def _links(self) -> Incidence:
        theirs, since = self._forth.columns
        users, used_since, everyday = self._back.columns
        return Incidence(
            *(self._forth.first, self._forth.end, theirs, since),
            *(self._back.first, self._back.end, users, used_since, everyday),
        )

    def _histories_of(self) -> Histories:
        past = self._past
        applied_at, amount, *_ = past.columns
        return Histories(past.first, past.end, applied_at, amount, past.columns[6], past.columns[7])

    def _histories(self, arrays: GraphArrays, order: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Applications by (customer, moment): moment, amount, four outcomes, two texts by the model's words, the two as they are, handle."""
        made = arrays.applications
        with np.errstate(divide="ignore"):
            amount = np.log(as_float(made.properties["amount"][order]))
        texts = [self._coded(made.properties[name][order]) for name in _TEXTS]
        return [
            made.applied_at[order],
            amount,
            *(moments[order] for moments in (made.refused_at, made.fraud_known, made.default_known, made.good_known)),
            *(self._codes(name)[codes] for name, codes in zip(_TEXTS, texts, strict=True)),
            *texts,
            made.handles[order],
        ]

    def _coded(self, texts: NDArray[Any]) -> NDArray[np.int32]:
        words = self._words
        return np.array([words.setdefault(text, len(words)) for text in texts.tolist()], dtype=np.int32)

    def _codes(self, name: str) -> NDArray[np.int32]:
        """By our code of a text, the one that the model knows it by."""
        words = np.array(list(self._words), dtype=object)
        if self._vocabulary is None:
            return np.full(len(words), -1, dtype=np.int32)
        return self._vocabulary.code(f"application_{name}", words)


def _blocks(arrays: GraphArrays) -> NDArray[np.int64]:
    """Where the identifiers of each kind begin, and the last end."""
    kinds = len(arrays.identifiers.labels)
    return np.searchsorted(arrays.identifiers.label, np.arange(kinds + 1)).astype(np.int64)


def _everyday(links: Incidence, identifier: int, customer: int) -> bool:
    row = slice(links.identifier_ptr[identifier], links.identifier_end[identifier])
    return bool(links.identifier_everyday[row][links.identifier_customer[row] == customer][0])

"""How many a rule reaches today, as a waterfall: what each of its conditions, in their order, keeps of those before it. One question to the store.

To who may see risk the numbers are exact, and what is kept and dropped sums to the last person. To others they are told as the gate tells numbers,
and what was dropped is told as the difference of what was told, so that it says nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph_model.predicates import Not
from graph_model.principal import Principal, Right
from graph_model.services.gate import disclosed, rounded
from graph_model.services.segments.definition import LABEL
from graph_model.services.segments.dictionary import Understood, understand
from graph_model.services.segments.tree import Json, tree_of
from graph_model.services.tags.binding import population
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.definition import Reads
from graph_model.services.tags.printing import text_of
from graph_model.store import GraphStore


@dataclass(frozen=True, slots=True)
class Step:
    """One condition, and how many it keeps and drops of those whom the ones before it kept; None where too few to tell."""

    text: str
    tree: Json
    kept: int | None
    dropped: int | None


@dataclass(frozen=True, slots=True)
class Counted:
    """`population` are all customers of the day; `count` are who meets the whole rule."""

    rule: str
    tree: Json
    reads: Reads
    segments: Sequence[str]
    population: int
    steps: Sequence[Step]
    count: int | None


def count(
    store: GraphStore, principal: Principal, *, rule: str | None = None, tree: object = None, now: datetime
) -> Counted:
    """Raises as `dictionary.understand` does."""
    day = base_date_of(now)
    understood = understand(store, principal, rule, tree, day)
    drops = [Not(predicate) for predicate in understood.bound.predicates]
    *dropped, _ = numbers = store.count_cases(LABEL, population(LABEL, day), drops)
    return _told(understood, sum(numbers), dropped, exact=principal.may(Right.SEE_RISK))


def _told(understood: Understood, population: int, dropped: Sequence[int], *, exact: bool) -> Counted:
    steps: list[Step] = []
    left = population
    everybody = population if exact else rounded(population)
    told: int | None = everybody
    for condition, out in zip(understood.clauses, dropped, strict=True):
        left -= out
        kept = disclosed(left, exact=exact)
        gone = None if told is None or kept is None else max(0, told - kept)
        steps.append(Step(text_of(condition), tree_of(condition), kept, gone))
        told = kept
    return Counted(
        rule=understood.text,
        tree=tree_of(understood.condition),
        reads=understood.bound.reads,
        segments=understood.bound.segments,
        population=everybody,
        steps=steps,
        count=told,
    )

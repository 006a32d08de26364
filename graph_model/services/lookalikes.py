"""Look-alikes (相似人群): who is most like a seed by tags of class marketing, learned from counts alone and told tag by tag.

Naive Bayes: a value weighs the logarithm of how much more frequent it is in the seed than among everybody, and the weights of a customer's values add
up. Everything is learned from numbers that a marketer may be told: counts of the seed and of everybody, rounded to 5, and where fewer than LEAST_TOLD
have a value, no more than that. The seed is whoever was asked for, before the gate: so no weight, and nobody's place in the list, depends on anybody's
risk or consent. Equals come in an order that is drawn by the home's secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import orjson
from numpy.typing import NDArray

from graph_model.errors import InvalidRequest
from graph_model.services.gate import LEAST_TOLD, Handles, rounded
from graph_model.services.tags.binding import is_risk
from graph_model.services.tags.definition import ConsentClass, TagDefinition
from graph_model.services.tags.dictionary import MOST_TAGS, everything
from graph_model.services.tags.reading import value_of
from graph_model.services.tags.runs import LastRun, RunStatus, last_runs
from graph_model.store import GraphStore
from graph_model.tagging import TagCell

MOST_GROWN = 100_000
LABEL = "Customer"
SAMPLED = 20_000  # of the seed, whose tags are counted
MOST_VALUES = 50  # a tag of more says little by each
MOST_USED = 12  # tags, the most telling
_LEAST_TOLD_BY_TAG = 0.01  # nats: below, a tag is the same in the seed and everywhere
_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@dataclass(frozen=True, slots=True)
class Trait:
    """One value of a tag (None: without the tag), how frequent it is, and what it weighs: above 0 it speaks for being like the seed."""

    value: str | None
    of_seed: float
    of_everybody: float
    weight: float


@dataclass(frozen=True, slots=True)
class TagLikeness:
    """What a tag tells of being like the seed, its traits from the heaviest to the lightest."""

    code: str
    name_zh: str
    name_en: str
    traits: Sequence[Trait]


@dataclass(frozen=True, slots=True)
class _Learned:
    """A tag with the weight of each of its values, in their order, and of not having it."""

    tag: TagDefinition
    values: Sequence[TagCell]
    weights: NDArray[np.float64]  # the last is of not having it
    of_seed: NDArray[np.float64]
    of_everybody: NDArray[np.float64]

    @property
    def telling(self) -> float:
        """How far the seed is from everybody, in nats."""
        return float((self.of_seed * self.weights).sum())

    def likeness(self) -> TagLikeness:
        texts = [*(value_of(self.tag.value_type, value) for value in self.values), None]
        rows = zip(texts, self.of_seed.tolist(), self.of_everybody.tolist(), self.weights.tolist(), strict=True)
        traits = sorted((Trait(*row) for row in rows), key=lambda trait: -trait.weight)
        return TagLikeness(self.tag.code, self.tag.name_zh, self.tag.name_en, tuple(traits))


def ranked(store: GraphStore, secret: bytes, seed: Handles) -> tuple[Handles, list[TagLikeness]]:
    """Everybody else who has any of the telling tags, the likest first, and what they are like by. Raises InvalidRequest `audience.unlike` where
    no tag tells the seed from everybody."""
    learned = _learned(store, secret, seed)
    if len(learned) == 0:
        raise InvalidRequest(
            "The tags of these people are like everybody's, so nobody is more like them than others. "
            "Choose others, or have more tags of class marketing computed.",
            code="audience.unlike",
        )
    columns = [store.scan_tag(each.tag.code, each.values) for each in learned]
    handles = np.unique(np.concatenate([column.handles for column in columns]))
    scores = np.full(len(handles), sum(each.weights[-1] for each in learned))
    for each, column in zip(learned, columns, strict=True):
        weights = np.append(each.weights[:-1], 0.0)  # the last, -1, is of a value that is newer than what was learned
        scores[np.searchsorted(handles, column.handles)] += weights[column.place] - each.weights[-1]
    others = ~np.isin(handles, seed)
    handles, scores = handles[others], scores[others]
    order = np.lexsort((_drawn(secret, handles), -np.round(scores, 9)))
    return handles[order], [each.likeness() for each in learned]


def _learned(store: GraphStore, secret: bytes, seed: Handles) -> list[_Learned]:
    """The most telling tags, the most telling first."""
    tags = everything(store)
    runs = last_runs(store, limit=MOST_TAGS)
    usable = {code: tag for code, tag in tags.items() if code in runs and _is_usable(tag, runs[code])}
    sample = seed[np.argsort(_drawn(secret, seed), kind="stable")][:SAMPLED]
    counts = store.tag_counts(list(usable), sorted(sample.tolist()))
    found = [_learn(tag, runs[code], counts[code], len(sample)) for code, tag in usable.items()]
    telling = [each for each in found if each.telling > _LEAST_TOLD_BY_TAG]
    return sorted(telling, key=lambda each: (-each.telling, each.tag.code))[:MOST_USED]


def _is_usable(tag: TagDefinition, run: LastRun) -> bool:
    """One that is being computed, or failed, has counted some only."""
    open_to_marketing = tag.consent is ConsentClass.MARKETING and not is_risk(tag)
    counted = run.status is RunStatus.DONE and run.population > 0 and 1 <= len(run.counts) <= MOST_VALUES
    return open_to_marketing and tag.label == LABEL and counted


def _learn(tag: TagDefinition, run: LastRun, in_seed: Mapping[TagCell, int], size: int) -> _Learned:
    everybody = {orjson.loads(text): number for text, number in run.counts.items()}
    values = sorted(everybody, key=str)
    missing = max(0, run.population - run.coverage)
    exact = np.array([*(everybody[value] for value in values), missing], dtype=np.int64)
    people = np.where(exact < LEAST_TOLD, LEAST_TOLD / 2, rounded(exact))  # never 0: somebody may still come
    of_everybody = people / people.sum()
    counted = np.array([*(in_seed.get(value, 0) for value in values), size - sum(in_seed.values())], dtype=np.int64)
    few = np.minimum(LEAST_TOLD / 2, of_everybody * size)  # what is not told is taken to be as everywhere
    told = np.where(counted < LEAST_TOLD, few, rounded(counted))
    of_seed = (told + of_everybody) / (told.sum() + 1.0)
    return _Learned(tag, values, np.log(of_seed / of_everybody), of_seed, of_everybody)


def _drawn(secret: bytes, handles: Handles) -> NDArray[np.uint64]:
    """A number for each, the same every day, that nobody without the secret can tell."""
    key = int.from_bytes(blake2b(b"look-alikes", key=secret, digest_size=8).digest(), "big")
    mixed = handles.astype(np.uint64) * np.uint64(_GOLDEN) ^ np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
    found: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return found

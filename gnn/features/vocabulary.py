"""Vocabulary: text features as codes. Learnt from the training rows and kept with the model, so that serving codes as training did.

A text that stands for a code of the schema is one with it: a graph, and a model, may have it from before words stood for codes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from graph_model.schema import SCHEMA
from graph_model.schema.property_types import Text

MAX_WORDS = 64  # the rest are rare: they share the code of the unknown
UNKNOWN = -1
_COLUMNS = {f"{label.lower()}_": label for label in ("Customer", "Application")}  # begin names of columns


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """For each text property its words, the most frequent first; a word's code is its position."""

    words: Mapping[str, Sequence[str]]

    def code(self, name: str, values: NDArray[np.generic]) -> NDArray[np.int32]:
        words = self.words.get(name, ())
        codes = {word: code for code, word in enumerate(words)}
        for code, word in enumerate(words):
            for way in _ways(name, word):
                codes.setdefault(way, code)
        return np.array([codes.get(value, UNKNOWN) for value in values.tolist()], dtype=np.int32)


def learn_vocabulary(columns: Mapping[str, NDArray[np.generic]]) -> Vocabulary:
    """Codes for every column of text; ties in frequency go by the alphabet."""
    words: dict[str, Sequence[str]] = {}
    for name, values in columns.items():
        if values.dtype == np.object_:
            counts: Counter[str] = Counter()
            for value, count in Counter(values.tolist()).items():
                if value is not None:
                    counts[_ways(name, str(value))[0]] += count
            words[name] = sorted(counts, key=lambda word: (-counts[word], word))[:MAX_WORDS]
    return Vocabulary(words)


@lru_cache(maxsize=1_000)
def _ways(name: str, word: str) -> Sequence[str]:
    """All that may stand for the same in a column, what it is coded by first."""
    for begin, label in _COLUMNS.items():
        if name.startswith(begin):
            declared = SCHEMA.node(label).declared(name.removeprefix(begin)).type
            return declared.ways(word) if isinstance(declared, Text) and declared.known else (word,)
    return (word,)

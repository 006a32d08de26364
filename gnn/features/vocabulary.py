"""Vocabulary: text features as codes. Learnt from the training rows and kept with the model, so that serving codes as training did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_WORDS = 64  # the rest are rare: they share the code of the unknown
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """For each text property its words, the most frequent first; a word's code is its position."""

    words: Mapping[str, Sequence[str]]

    def code(self, name: str, values: NDArray[np.generic]) -> NDArray[np.int32]:
        codes = {word: code for code, word in enumerate(self.words.get(name, ()))}
        return np.array([codes.get(value, UNKNOWN) for value in values.tolist()], dtype=np.int32)


def learn_vocabulary(columns: Mapping[str, NDArray[np.generic]]) -> Vocabulary:
    """Codes for every column of text; ties in frequency go by the alphabet."""
    words: dict[str, Sequence[str]] = {}
    for name, values in columns.items():
        if values.dtype == np.object_:
            found, counts = np.unique([v for v in values.tolist() if v is not None], return_counts=True)
            words[name] = [str(found[k]) for k in np.lexsort((found, -counts))[:MAX_WORDS]]
    return Vocabulary(words)

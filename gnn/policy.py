"""Policy: from score to grade, by a versioned file. Light to import; knows nothing of models."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graph_model.errors import InvalidRequest
from graph_model.records import Grade

DEFAULT_POLICY = Path(__file__).with_name("policy.toml")
GRADES = tuple(Grade)


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds of the grades B, C and D, rising; the score of confirmed fraud; how many members of grade C or worse, and which share of
    all members, make a community a ring worth an alert."""

    version: str
    thresholds: tuple[float, float, float]
    confirmed: float
    ring_members: int
    ring_share: float

    def grade(self, score: float) -> Grade:
        return GRADES[int(self.grades(np.array([score]))[0])]

    def grades(self, scores: NDArray[np.float64]) -> NDArray[np.int8]:
        """Positions in "ABCD"."""
        return np.searchsorted(np.array(self.thresholds), scores, side="right").astype(np.int8)


@cache
def load_policy(path: Path = DEFAULT_POLICY) -> Policy:
    """The policy in a file. Raises InvalidRequest where it is none."""
    try:
        return _parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as exc:
        raise InvalidRequest(
            f"{path.name} is no grade policy: it needs a version, rising [grades] B, C and D between 0 and 1, [confirmed] score "
            "and [rings] members and share. Compare it with the one that comes with Guanxi."
        ) from exc


def _parse(content: Mapping[str, Mapping[str, float] | str]) -> Policy:
    grades, confirmed, rings = content["grades"], content["confirmed"], content["rings"]
    if isinstance(grades, str) or isinstance(confirmed, str) or isinstance(rings, str):
        raise TypeError("A section is no table.")
    low, middle, high = float(grades["B"]), float(grades["C"]), float(grades["D"])
    if not 0 < low < middle < high < 1:
        raise ValueError("Thresholds must rise between 0 and 1.")
    if content["version"] == "":
        raise ValueError("A policy needs a version.")
    return Policy(
        str(content["version"]),
        (low, middle, high),
        float(confirmed["score"]),
        int(rings["members"]),
        float(rings["share"]),
    )

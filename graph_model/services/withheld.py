"""Withheld by chance: a keyed hash says who, so that it is the same for a customer in whatever audience, and nobody without the secret can tell.

One share stays withheld for good, whom campaigns can be compared with; one rests for a spell of days and comes back; and as many rest from each channel by
itself, so that who is missing from one channel's list alone is not missing for consent or contacts only. Spells of different customers end on different days.
"""

from collections.abc import Sequence
from datetime import date
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from graph_model.services.gate_policy import Gate

_WHOLE = 2.0**64
_PART = 8  # bytes of a drawn number


def withheld(gate: Gate, node_ids: Sequence[str], channel: str, day: date) -> NDArray[np.bool_]:
    """Which of these customers are withheld from a channel on a day."""
    policy, number = gate.policy, day.toordinal()
    found = np.zeros(len(node_ids), dtype=np.bool_)
    for place, node_id in enumerate(node_ids):
        always, begins = _drawn(gate.secret, node_id.encode())
        if always < policy.holdout:
            found[place] = True
            continue
        spell = (number + int(begins * policy.spell_days)) // policy.spell_days
        draws = (f"{node_id} {spell}", f"{node_id} {spell} {channel}")
        found[place] = any(_drawn(gate.secret, draw.encode())[0] < policy.resting for draw in draws)
    return found


def held_out(gate: Gate, node_ids: Sequence[str]) -> NDArray[np.bool_]:
    """Which of these customers are withheld for good: the group to compare with."""
    return np.array([_drawn(gate.secret, each.encode())[0] < gate.policy.holdout for each in node_ids], dtype=np.bool_)


def _drawn(secret: bytes, text: bytes) -> tuple[float, float]:
    """Two numbers from 0 up to 1."""
    digest = blake2b(text, key=secret, digest_size=2 * _PART).digest()
    return int.from_bytes(digest[:_PART], "big") / _WHOLE, int.from_bytes(digest[_PART:], "big") / _WHOLE

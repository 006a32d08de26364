"""Marketing consent: what each customer was asked at registration, channel by channel, and who changed their mind."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio.arrays import Bools, Ints, Rng, chance
from ingest.portfolio.vocabulary import CONSENT_CHANNELS
from ingest.portfolio.window import HOUR, Window

_ASKED = (0.95, 0.55, 0.40, 0.60)
_GRANTS = (0.72, 0.35, 0.50, 0.58)
_CHANGES = 0.06


@dataclass(frozen=True, slots=True)
class Consents:
    """One entry per answer."""

    customer: Ints
    channel: Ints
    granted: Bools
    at: Ints


def ask(rng: Rng, registered: Ints, window: Window) -> Consents:
    count = len(registered)
    customers, channels, answers, times = [], [], [], []
    for channel in range(len(CONSENT_CHANNELS)):
        asked = np.flatnonzero(chance(rng, _ASKED[channel], count))
        granted = chance(rng, _GRANTS[channel], len(asked))
        at = registered[asked] + rng.integers(5, HOUR, size=len(asked))
        changed = chance(rng, _CHANGES, len(asked))
        later = at + (rng.random(len(asked)) * np.maximum(window.last - at, 1)).astype(np.int64)
        customers += [asked, asked[changed]]
        channels += [np.full(len(asked) + int(changed.sum()), channel, dtype=np.int64)]
        answers += [granted, ~granted[changed]]
        times += [at, later[changed]]
    customer, channel_of, answer, at = (np.concatenate(column) for column in (customers, channels, answers, times))
    inside = at <= window.last
    order = np.lexsort((channel_of, customer, at))
    order = order[inside[order]]
    return Consents(customer[order], channel_of[order], answer[order], at[order])

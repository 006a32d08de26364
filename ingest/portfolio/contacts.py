"""Marketing contacts: a campaign every fortnight through one channel, to some of those who had consented to it by then. A few of them hear from every one."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio.arrays import Bools, Ints, Rng, chance
from ingest.portfolio.consents import Consents
from ingest.portfolio.vocabulary import CONSENT_CHANNELS
from ingest.portfolio.window import DAY, HOUR, Window

_EVERY = 15  # days from campaign to campaign
_LAST = 12  # campaigns, up to the end of the window
_KEEN, _REACH_KEEN, _REACH = 0.08, 0.8, 0.12  # some lists are mailed again and again
_FAILED = 0.04


@dataclass(frozen=True, slots=True)
class Contacts:
    """One entry per message or call."""

    customer: Ints
    channel: Ints
    sent: Bools
    at: Ints


def campaign(rng: Rng, consents: Consents, window: Window) -> Contacts:
    """Consents are in order of time, so that the last one before a campaign is the one that holds."""
    customers = int(consents.customer.max(initial=-1)) + 1
    reach = np.where(chance(rng, _KEEN, customers), _REACH_KEEN, _REACH)
    parts: list[tuple[Ints, Ints, Bools, Ints]] = []
    for number in range(_LAST):
        begins = window.last - (_LAST - number) * _EVERY * DAY
        channel = number % len(CONSENT_CHANNELS)
        said = np.flatnonzero((consents.channel == channel) & (consents.at < begins))
        granted = np.zeros(customers, dtype=np.bool_)
        granted[consents.customer[said]] = consents.granted[said]  # of several the last stays
        reached = np.flatnonzero(granted & chance(rng, reach, customers))
        at = begins + rng.integers(9 * HOUR, 18 * HOUR, size=len(reached))
        sent = ~chance(rng, _FAILED, len(reached))
        parts.append((reached, np.full(len(reached), channel, dtype=np.int64), sent, at))
    customer, channels, sent, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((channels, customer, at))
    return Contacts(customer[order], channels[order], sent[order], at[order])

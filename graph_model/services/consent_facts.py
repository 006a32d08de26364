"""What facts say of marketing consent and contacts: who may be contacted through a channel at a moment, for many customers at once, in arrays.

The last statement of a customer about a channel holds, so an opt-out is final until a later opt-in; of two at one moment the refusal holds. Whoever
said nothing has not consented.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graph_model.columns import FactColumns
from graph_model.moments import to_ms
from graph_model.records import AsOf
from graph_model.schema import SCHEMA
from graph_model.schema.property_types import Choice
from graph_model.store import GraphStore

CONSENT, CONTACT = "consent", "contact"
GRANTED, REFUSED = "yes", "no"
SENT = "sent"

_channel = SCHEMA.fact(CONSENT).topic
assert isinstance(_channel, Choice)
CHANNELS: tuple[str, ...] = tuple(_channel.codes())


def consented(store: GraphStore, handles: NDArray[np.int64], channel: str, moment: datetime) -> NDArray[np.bool_]:
    """Which of the customers' consent to the channel holds, as it was known at the moment. `handles` rise."""
    said = store.scan_facts(CONSENT, among=handles.tolist(), as_of=AsOf.at(moment))
    rows = np.flatnonzero(said.topic == _place(said.topics, channel))
    granted = said.value[rows] == _place(said.values, GRANTED)
    order = np.lexsort((~granted, said.at[rows], said.about[rows]))  # of one moment the refusal is the last
    found = np.zeros(len(handles), dtype=np.bool_)
    # Of several rows of one customer the last is what is assigned.
    found[np.searchsorted(handles, said.about[rows][order])] = granted[order]
    return found


def contacts(store: GraphStore, handles: NDArray[np.int64], moment: datetime) -> "Sent":
    """The messages and calls that reached these customers, as they were known at the moment. `handles` rise."""
    told = store.scan_facts(CONTACT, values=[SENT], among=handles.tolist(), as_of=AsOf.at(moment))
    return Sent(told, np.searchsorted(handles, told.about), len(handles), moment)


class Sent:
    """Contacts of some customers up to a moment."""

    def __init__(self, told: FactColumns, customer: NDArray[np.int64], customers: int, moment: datetime) -> None:
        self._told = told
        self._customer = customer
        self._customers = customers
        self._moment = moment

    def count(self, channels: Sequence[str], *, days: int) -> NDArray[np.int64]:
        """How many each customer had through these channels in the last days."""
        codes = [_place(self._told.topics, channel) for channel in channels]
        rows = (self._told.at > to_ms(self._moment - timedelta(days=days))) & np.isin(self._told.topic, codes)
        return np.bincount(self._customer[rows], minlength=self._customers)


def _place(texts: Sequence[str], text: str) -> int:
    """-2 for a text that no row has; no code is that."""
    return texts.index(text) if text in texts else -2

"""Unfinished work: what a first load that was killed put off is made, and what a scoring that was killed left is taken back, so that nobody reads
half of one as a whole."""

from graph_model.records import Scoring
from graph_model.store import GraphStore, OnProgress


def take_back_unfinished(store: GraphStore, *, on_progress: OnProgress | None = None) -> Scoring | None:
    """The scoring that was taken back, where there was an unfinished one: everybody shows again what the scorings before it said.
    The caller holds the store for writing: whose scoring is unfinished and not at work is dead. A first load that was broken off is finished too."""
    store.finish_load(on_progress)
    left = store.unfinished_scoring()
    if left is None:
        return None
    total, after = sum(store.statistics().nodes.values()), 0
    while (following := store.take_back(left, after=after)) is not None:
        after = following
        if on_progress is not None:
            on_progress("taking back", min(after, total), total)
    return left

"""Backups: when the last one of a graph was made, as the graph itself keeps it."""

from datetime import datetime

from graph_model.errors import StoreError
from graph_model.store import GraphStore

STATE = "backup.last"


def note_backup(store: GraphStore, *, now: datetime) -> bool:
    """Whether it could be noted: a graph that can't be written to is backed up all the same."""
    try:
        store.put_state(STATE, now.isoformat())
    except StoreError:
        return False
    return True


def last_backup(store: GraphStore) -> datetime | None:
    kept = store.state(STATE)
    return None if kept is None else datetime.fromisoformat(kept)

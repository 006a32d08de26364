"""Backup as a logical export: the graph as an SQLite store, which opens like any other and from which `guanxi copy` goes back.

Others read and write meanwhile. What is new since the backup began is left out; a node or relationship that changes meanwhile is in it as it was
before or after. The byte copy of one moment is the server's own: `neo4j-admin database dump` or `backup`.
"""

import errno
import os
from pathlib import Path

from graph_model.errors import InvalidRequest, StoreFull, StoreReadOnly
from graph_model.moving import export
from graph_model.store import GraphStore, OnProgress
from graph_model.stores import open_store


def backup(source: GraphStore, target: Path, on_progress: OnProgress | None) -> None:
    """Raises InvalidRequest where `target` exists; leaves nothing behind where it fails."""
    if target.exists():
        raise _exists(target)
    partial = target.with_name(f"{target.name}-partial")
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        copy = open_store(f"sqlite:///{partial}", create=True)
        try:
            export(source, copy, on_progress=on_progress)
        finally:
            copy.close()
        _publish(partial, target)
    except FileExistsError as exc:
        raise _exists(target) from exc
    except OSError as exc:
        raise (StoreFull if exc.errno == errno.ENOSPC else StoreReadOnly)(str(target)) from exc
    finally:
        _remove(partial)


def _exists(target: Path) -> InvalidRequest:
    return InvalidRequest(f"{target} exists. Choose another file for the backup.")


def _publish(partial: Path, target: Path) -> None:
    """Give the finished file its name, not that of one that appeared in the meantime."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(target) from None
        partial.rename(target)


def _remove(partial: Path) -> None:
    for leftover in partial.parent.glob(f"{partial.name}*"):
        leftover.unlink(missing_ok=True)

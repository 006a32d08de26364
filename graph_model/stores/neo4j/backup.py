"""Backup as a logical export: the graph as an SQLite store, which opens like any other and from which `guanxi copy` goes back.

Others read and write meanwhile. What is new since the backup began is left out, as is all of a scoring that was not complete then; a node or
relationship that changes meanwhile is in it as it was before or after. The byte copy of one moment is the server's own: `neo4j-admin database dump`
or `backup`.
"""

from pathlib import Path

from graph_model.moving import export
from graph_model.store import GraphStore, OnProgress
from graph_model.stores import open_store
from graph_model.stores.finished_file import finished_file


def backup(source: GraphStore, target: Path, on_progress: OnProgress | None) -> None:
    """Raises InvalidRequest where `target` exists; leaves nothing behind where it fails."""
    with finished_file(target) as partial:
        copy = open_store(f"sqlite:///{partial}", create=True)
        try:
            export(source, copy, on_progress=on_progress)
        finally:
            copy.close()

"""`guanxi restore`: a backup takes the place of a graph that is damaged or gone, and what was there is kept aside."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import HomeOption, StoreOption, out, progress_bar, settings_from
from graph_model.errors import InvalidRequest, StoreCorrupt, StoreError
from graph_model.store import GraphStore, OnProgress, utc_now
from graph_model.stores import open_store, without_password


def register(app: typer.Typer) -> None:
    app.command()(restore)


def restore(
    backup: Annotated[Path, typer.Argument(help="A file that `guanxi backup` wrote; it stays as it is.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Where there is a graph: put it aside, under another name beside it.")
    ] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Put a backup in the place of the graph. The backup is read whole first; stop the server before."""
    from graph_model.stores.sqlite.restore import aside_name, restoring

    settings, now = settings_from(home=home, store=store), utc_now()
    target = settings.store_file
    if target is None:
        address = without_password(settings.store_address)
        raise InvalidRequest(
            f"A Neo4j is not restored in place. Empty it, then run: guanxi copy --from sqlite:///{backup} --to {address}"
        )
    was_there = target.exists()
    with restoring(backup, target, replace=replace, now=now) as copy:
        try:
            # For writing: one of an older version is brought up to date.
            opened = open_store(f"sqlite:///{copy.absolute()}")
            try:
                with progress_bar() as on_progress:
                    lines = _require_sound(opened, on_progress)
                counted = opened.statistics()
            finally:
                opened.close()
        except StoreCorrupt as exc:
            raise StoreError(
                f"{backup} is damaged or is no backup of a graph, so nothing was changed. Take another one.",
                code="store_corrupt",
            ) from exc
    if was_there:
        out.print(f"What was there is kept as {aside_name(target, now)}")
    out.print(
        f"{target} holds the backup now: {sum(counted.nodes.values()):,} nodes, {sum(counted.edges.values()):,} relationships, "
        f"{lines:,} lines of the audit chain; last changed {counted.changed_at.isoformat() if counted.changed_at else 'never'}."
    )
    out.print(
        "Next: guanxi audit verify; guanxi audit seal --reason ...; guanxi ingest what came since the backup; guanxi score."
    )


def _require_sound(opened: GraphStore, on_progress: OnProgress) -> int:
    """Raises StoreCorrupt or AuditBroken; returns how many lines the audit chain has."""
    from api.audit_chain import verify

    opened.check(thorough=True)
    return verify(opened, None, on_progress=on_progress).sequence

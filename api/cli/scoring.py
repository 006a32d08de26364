"""`guanxi score`: rings, scores, grades and reasons for everyone in the graph."""

from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.bootstrap import utc_now
from api.cli.terminal import HomeOption, StoreOption, err, out, progress_bar, settings_from
from graph_model.errors import InvalidRequest
from graph_model.schema.property_types import LOCAL_ZONE, Moment
from graph_model.stores import open_store


def register(app: typer.Typer) -> None:
    app.command()(score)


def score(
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="A date (its end) or moment; nothing later is used. Now when left out."),
    ] = None,
    models: Annotated[Path | None, typer.Option(help="Folder of models [models in the home folder].")] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help="Train a new model on the labels known by then.")] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Find rings, score and grade everyone. Trains a model first where there is none; scores by rules where too little fraud is known."""
    from gnn.score import score as run

    settings = settings_from(home=home, store=store)
    now = utc_now()
    moment = _moment(as_of) if as_of is not None else now
    if moment > now:
        raise InvalidRequest("The moment of --as-of lies in the future. Choose one up to now.")
    opened = open_store(settings.store_address)
    try:
        with progress_bar() as on_progress:
            done = run(
                opened,
                models=models if models is not None else settings.home / "models",
                as_of=moment,
                scored_at=now,
                retrain=retrain,
                on_progress=on_progress,
            )
    finally:
        opened.close()
    table = Table("what", "how many", box=None, pad_edge=False)
    for name, number in (
        ("customers", done.customers),
        ("applications", done.applications),
        ("identifiers", done.identifiers),
        ("rings", done.rings),
        *((f"customers of grade {grade}", number) for grade, number in done.grades.items()),
    ):
        table.add_row(name, f"{number:,}")
    out.print(table)
    out.print(f"model    {done.model_version}{' (just trained)' if done.trained else ''}, policy {done.policy_version}")
    if done.source == "rules":
        err.print(
            "Too little fraud is known to learn from, so plain rules gave the scores. Load labels.csv, then score again.",
            style="yellow",
        )


def _moment(text: str) -> datetime:
    """A bare date means its end: everything of that day counts."""
    moment = Moment().clean(text)
    if len(text.strip()) <= len("2026-06-30"):
        return datetime.combine(moment.astimezone(LOCAL_ZONE).date(), time.max, LOCAL_ZONE).astimezone(UTC)
    return moment

"""`guanxi score`: rings, scores, grades and reasons for everyone in the graph; and what commands that look at a moment share."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.chain import os_user
from api.cli.terminal import HomeOption, StoreOption, columns, err, out, progress_bar, settings_from
from api.settings import Settings
from graph_model.errors import InvalidRequest, InvalidValue
from graph_model.records import AsOf
from graph_model.schema.property_types import LOCAL_ZONE, Day, Moment
from graph_model.store import GraphStore, OnProgress, utc_now
from graph_model.stores import open_store

if TYPE_CHECKING:
    from gnn.arrays.graph import GraphArrays

AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="A date (its end) or moment; nothing later is used. Now when left out."),
]
ModelsOption = Annotated[Path | None, typer.Option(help="Folder of models [models in the home folder].")]


def register(app: typer.Typer) -> None:
    app.command()(score)


def score(
    as_of: AsOfOption = None,
    models: ModelsOption = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train a new model on the labels known by then and promote it at once.")
    ] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Find rings, score and grade everyone. Trains a model first where there is none; scores by rules where too little fraud is known."""
    from gnn.score import score as run

    settings = settings_from(home=home, store=store)
    now = utc_now()
    moment = moment_of(as_of, now)
    with closing(open_store(settings.store_address)) as opened, progress_bar() as on_progress:
        done = run(
            opened,
            models=model_folder(settings, models),
            as_of=moment,
            scored_at=now,
            retrain=retrain,
            by=os_user(),
            on_progress=on_progress,
        )
    table = columns("what", "how many")
    for name, number in (
        ("customers", done.customers),
        ("applications", done.applications),
        ("identifiers", done.identifiers),
        ("rings", done.rings),
        *((f"rings: {motif.replace('_', ' ')}", number) for motif, number in sorted(done.motifs.items())),
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


def model_folder(settings: Settings, given: Path | None) -> Path:
    return given if given is not None else settings.model_folder


def moment_of(text: str | None, now: datetime) -> datetime:
    """A bare date means its end: everything of that day counts. Raises InvalidRequest for the future."""
    if text is None:
        return now
    try:
        moment = datetime.combine(Day().clean(text), time.max, LOCAL_ZONE).astimezone(UTC)
    except InvalidValue:
        moment = Moment().clean(text)
    if moment > now:
        raise InvalidRequest("The moment of --as-of lies in the future. Choose one up to now.")
    return moment


@contextmanager
def graph_as_of(
    settings: Settings, moment: datetime, *, read_only: bool = True
) -> Iterator[tuple[GraphStore, "GraphArrays", OnProgress]]:
    """The store, its graph as of a moment, and the bar of what is done with it. Raises InvalidRequest where nobody was known then."""
    with closing(open_store(settings.store_address, read_only=read_only)) as opened, progress_bar() as on_progress:
        yield opened, exported(opened, moment, on_progress), on_progress


def exported(store: GraphStore, moment: datetime, on_progress: OnProgress) -> "GraphArrays":
    """The graph as of a moment. Raises InvalidRequest where nobody was known then."""
    from gnn.arrays.export import export
    from gnn.score import require_anybody

    arrays = export(store, as_of=AsOf.at(moment), on_progress=on_progress)
    require_anybody(store, arrays, moment)
    return arrays

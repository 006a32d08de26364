"""`guanxi train`, `evaluate` and `drift`: what a data scientist asks of models and of the months since."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.cli.chain import audited, os_user
from api.cli.graphs import evaluate_on_file, refuse_beside, train_on_file
from api.cli.scoring import AsOfOption, ModelsOption, exported, graph_as_of, model_folder, moment_of
from api.cli.terminal import HomeOption, StoreOption, columns, out, progress_bar, settings_from
from graph_model.errors import InvalidRequest
from graph_model.schema.property_types import Moment
from graph_model.store import utc_now
from graph_model.stores import open_store

if TYPE_CHECKING:
    from gnn.drift import Shift
    from gnn.evaluate import Comparison, Evaluation

_SHOWN = 15  # of the distributions that moved, unless all are asked for

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
ModelOption = Annotated[
    str, typer.Option("--model", help="A version, the beginning of one, champion, or challenger for the newest.")
]
SinceOption = Annotated[
    str | None,
    typer.Option(help="Only applications made since this day. Those it learnt from are left out in any case."),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="A labelled graph in a file (.npz; docs/scoring.md) instead of the portfolio's graph."),
]
SplitOption = Annotated[
    int | None, typer.Option(help="Which of the file's splits [0; a file without masks is cut here].")
]
ScoresOption = Annotated[
    Path | None, typer.Option("--scores", help="With --data: where to write the score of every node, .parquet or .csv.")
]


def register(app: typer.Typer) -> None:
    app.command()(train)
    app.command()(evaluate)
    app.command()(drift)


def train(
    as_of: AsOfOption = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML with tables [contenders], [trees] and [rings]; docs/data-scientist.md lists the keys."),
    ] = None,
    contenders: Annotated[
        str | None,
        typer.Option(
            help="Of trees, stack and net, with commas; the best on validation serves [of --config, else trees,stack]."
        ),
    ] = None,
    data: DataOption = None,
    split: SplitOption = None,
    net: Annotated[
        bool | None, typer.Option("--net/--no-net", help="With --data: the net as one more expert [where torch is].")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="With --data: of all chance [3407].")] = None,
    scores: ScoresOption = None,
    models: ModelsOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Train a model and register it: as the champion where nothing serves yet, else as a challenger that waits to be promoted. With --data: train the
    stack on a labelled graph in a file; one that is cut off goes on where it was."""
    if data is not None:
        refuse_beside("with", as_of=as_of, config=config, contenders=contenders, store=store)
        folder = model_folder(settings_from(home=home), models)
        train_on_file(data, split=split, net=net, seed=seed, scores=scores, models=folder, by=os_user(), now=utc_now())
        return
    refuse_beside("without", split=split, net=net, seed=seed, scores=scores)
    from gnn.policy import load_policy
    from gnn.registry.registry import Registry, Standing
    from gnn.train import LEAST_POSITIVES, TrainConfig
    from gnn.train import train as run
    from gnn.train_config import DEFAULT, contenders_of, load_config

    settings = settings_from(home=home, store=store)
    now = utc_now()
    moment = moment_of(as_of, now)
    chosen = TrainConfig(contenders=DEFAULT) if config is None else load_config(config)
    if contenders is not None:
        chosen = replace(chosen, contenders=contenders_of(contenders))
    registry = Registry(model_folder(settings, models))
    opened = open_store(settings.store_address)
    try:
        with audited(settings, opened, "train", "operator", detail={"as_of": moment.isoformat()}):
            with progress_bar() as on_progress:
                arrays = exported(opened, moment, on_progress)
                model = run(arrays, config=chosen, on_progress=on_progress)
            if model is None:
                raise InvalidRequest(
                    f"Too little fraud is known by {moment:%Y-%m-%d}: {LEAST_POSITIVES} confirmed frauds among applications old enough are needed, some "
                    "in each of three parts by time. Load labels.csv, or record dispositions; until then `guanxi score` scores by rules.",
                    code="train.too_little",
                )
            before = set(registry.versions())
            standing = registry.register(model, policy=load_policy(), by=os_user(), reason="guanxi train", now=now)
    finally:
        opened.close()
    out.print(beside(model.card["metrics"], model.card["intervals"]))
    for name, told in model.card["contenders"].items():
        how = (
            "serves, and is full above"
            if told["serves"]
            else ""
            if name != "net"
            else "the greatest of its epochs there, so somewhat too good"
        )
        out.print(f"{name}: average precision {told['chosen_by']:.3f} on validation{f'; {how}' if how else ''}")
    again = (
        " These bytes were there already: nothing that is learnt from has changed." if model.version in before else ""
    )
    out.print(f"{model.version} is the {standing}.{again}")
    if standing is Standing.CHAMPION and len(before) == 0:
        out.print("Nothing served yet, so it serves now. Later trainings wait as challengers until they are promoted.")
    elif standing is not Standing.CHAMPION:
        out.print(f"Compare it with the champion: guanxi models compare champion {model.version}")
    out.print(f"Its card: {registry.folder / model.version / 'card.md'}")


def evaluate(
    model: ModelOption = "champion",
    as_of: AsOfOption = None,
    since: SinceOption = None,
    data: DataOption = None,
    split: SplitOption = None,
    scores: ScoresOption = None,
    json: JsonOption = False,
    models: ModelsOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Measure a model on applications that it never learnt from and whose outcome is known by now, beside its baselines. With --data: score a
    labelled graph in a file, newcomers included, and measure where it has labels."""
    if data is not None:
        refuse_beside("with", as_of=as_of, since=since, store=store)
        folder = model_folder(settings_from(home=home), models)
        evaluate_on_file(data, model=model, split=split, scores=scores, models=folder, as_json=json)
        return
    refuse_beside("without", split=split, scores=scores)
    from gnn.evaluate import evaluate as run
    from gnn.registry.registry import Registry

    settings = settings_from(home=home, store=store)
    moment = moment_of(as_of, utc_now())
    registry = Registry(model_folder(settings, models))
    version = registry.find(model)
    with graph_as_of(settings, moment) as (_, arrays, on_progress):
        found = run(
            arrays,
            registry.model(version),
            tabular=registry.tabular(version),
            since=day_of(since),
            on_progress=on_progress,
        )
    if json:
        show_json(found.as_json())
        return
    rows = found.rows
    out.print(f"{version} on {rows.applications:,} applications from {rows.since:%Y-%m-%d} to {rows.until:%Y-%m-%d},")
    out.print(f"{rows.confirmed_fraud:,} of them confirmed fraud by {rows.as_of:%Y-%m-%d}; it learnt from none.")
    out.print(measured(found))
    table = columns("probability", "rows", "expected", "confirmed", "95 % interval")
    for one in found.reliability:
        share = f"{one.actual_low:.3f} to {one.actual_high:.3f}"
        table.add_row(
            f"{one.low:g} to {one.high:g}", f"{one.rows:,}", f"{one.expected:.3f}", f"{one.actual:.3f}", share
        )
    out.print(table)


def drift(
    model: ModelOption = "champion",
    as_of: AsOfOption = None,
    since: SinceOption = None,
    all: Annotated[bool, typer.Option("--all", help="Every distribution, not the worst only.")] = False,
    json: JsonOption = False,
    models: ModelsOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """How far applications of late are from those the model was measured on: population stability index, worst first. Kept in the store."""
    from gnn.drift import LARGE, MODERATE, keep
    from gnn.drift import drift as run
    from gnn.registry.registry import Registry

    settings = settings_from(home=home, store=store)
    moment = moment_of(as_of, utc_now())
    registry = Registry(model_folder(settings, models))
    version = registry.find(model)
    with graph_as_of(settings, moment, read_only=False) as (opened, arrays, on_progress):
        found = run(arrays, registry.model(version), since=day_of(since), on_progress=on_progress)
        keep(opened, found)
    if json:
        show_json(found.as_json())
        return
    out.print(
        f"{version}: {found.applications:,} applications from {found.since:%Y-%m-%d} to {found.as_of:%Y-%m-%d} beside"
    )
    out.print(
        f"the {found.reference_applications:,} from {found.reference_from[:10]} to {found.reference_to[:10]} that it was measured on."
    )
    out.print(f"Below {MODERATE} is stable, from {MODERATE} moderate, from {LARGE} large: look why, and train again.")
    others = [shift for shift in found.shifts if shift.kind != "feature"]
    features = [shift for shift in found.shifts if shift.kind == "feature"]
    shown = features if all else features[:_SHOWN]
    out.print(_shifts(sorted([*others, *shown], key=lambda shift: -shift.psi)))
    if len(shown) < len(features):
        out.print(f"{len(features) - len(shown)} more features moved less; --all shows them.")


def _shifts(shifts: Iterable["Shift"]) -> Table:
    table = columns("what", "name", "PSI", "level")
    for shift in shifts:
        table.add_row(shift.kind, shift.name, f"{shift.psi:.3f}", shift.level)
    return table


def measured(found: "Evaluation | Comparison") -> Table:
    bounds = {name: {key: (one.low, one.high) for key, one in of.items()} for name, of in found.intervals.items()}
    return beside(found.metrics, bounds)


def beside(metrics: Mapping[str, Mapping[str, float]], bounds: Mapping[str, Mapping[str, Sequence[float]]]) -> Table:
    """What was measured, each with its 95 % interval."""
    from gnn.registry.card import MEASURES, measure

    table = columns("", *(caption for _, caption in MEASURES))
    for name, found in metrics.items():
        table.add_row(name, *(measure(found, bounds.get(name, {}), key) for key, _ in MEASURES))
    return table


def day_of(text: str | None) -> datetime | None:
    """A bare date means its beginning."""
    return None if text is None else Moment().clean(text)


def show_json(told: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1))

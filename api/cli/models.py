"""`guanxi models`: which versions there are, which one serves, and changing that."""

from typing import Annotated

import typer

from api.cli.chain import audited_in_home, os_user
from api.cli.scoring import AsOfOption, ModelsOption, graph_as_of, model_folder, moment_of
from api.cli.terminal import HomeOption, StoreOption, columns, out, settings_from
from api.cli.training import JsonOption, SinceOption, day_of, measured, show_json
from graph_model.services.wording import reason_of
from graph_model.store import utc_now

app = typer.Typer(help="The models that were trained: champion, challengers, history.", no_args_is_help=True)

VersionArgument = Annotated[
    str, typer.Argument(help="A version, the beginning of one, champion, or challenger for the newest.")
]
ReasonOption = Annotated[str, typer.Option(help="Why; kept in the history and the audit chain.")]


@app.command("list")
def list_models(models: ModelsOption = None, home: HomeOption = None, json: JsonOption = False) -> None:
    """All versions, the newest first, and which one serves."""
    from gnn.registry.card import MEASURES
    from gnn.registry.registry import Registry

    found = Registry(model_folder(settings_from(home=home), models)).list()
    if json:
        show_json({"models": [{"version": f.version, "standing": f.standing, "usable": f.usable} for f in found]})
        return
    table = columns(
        *("version", "standing", "learnt until", "average precision", "recall at 1 %"),
        whole=("version", "standing", "learnt until"),
    )
    for one in found:
        metrics = one.card.get("metrics", {}).get("full", {})
        numbers = [f"{metrics[name]:.3f}" if name in metrics else "" for name, _ in MEASURES[:2]]
        standing = one.standing if one.usable else f"{one.standing}, not usable"
        table.add_row(one.version, standing, str(one.card.get("as_of", ""))[:10], *numbers)
    out.print(table if len(found) > 0 else "No model was trained yet. Train one with `guanxi train`.")


@app.command()
def show(
    version: VersionArgument = "champion",
    json: JsonOption = False,
    models: ModelsOption = None,
    home: HomeOption = None,
) -> None:
    """A model's card and what was done to it."""
    from gnn.registry.registry import Registry

    registry = Registry(model_folder(settings_from(home=home), models))
    found = registry.find(version)
    history = [entry for entry in registry.history if entry.version == found]
    if json:
        told = [{"at": e.at.isoformat(), "action": e.action, "by": e.by, "reason": e.reason} for e in history]
        show_json({"standing": registry.standing(found), "card": registry.card(found), "history": told})
        return
    out.print(registry.markdown(found))
    out.print(f"It is the {registry.standing(found)}.")
    for entry in history:
        out.print(f"{entry.at:%Y-%m-%d %H:%M} {entry.action.replace('_', ' ')} by {entry.by}: {entry.reason}")


@app.command()
def promote(
    version: VersionArgument,
    reason: ReasonOption,
    models: ModelsOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Let a version serve. Servers take it up with the next application; everybody is scored anew by `guanxi score`."""
    from gnn.registry.registry import Registry

    settings = settings_from(home=home, store=store)
    registry = Registry(model_folder(settings, models))
    found = registry.find(version)
    why = reason_of(reason, code="models.reason")
    with audited_in_home(settings, "models.promote", "operator", detail={"model": found, "reason": why}):
        registry.promote(found, by=os_user(), reason=why, now=utc_now())
    out.print(f"{found} is the champion now.")


@app.command()
def rollback(
    reason: ReasonOption, models: ModelsOption = None, home: HomeOption = None, store: StoreOption = None
) -> None:
    """Back to the champion before this one."""
    from gnn.registry.registry import Registry

    settings = settings_from(home=home, store=store)
    registry = Registry(model_folder(settings, models))
    why = reason_of(reason, code="models.reason")
    with audited_in_home(settings, "models.rollback", "operator", detail={"reason": why}):
        found = registry.rollback(by=os_user(), reason=why, now=utc_now())
    out.print(f"{found} is the champion again.")


@app.command()
def compare(
    first: VersionArgument,
    second: VersionArgument,
    as_of: AsOfOption = None,
    since: SinceOption = None,
    json: JsonOption = False,
    models: ModelsOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Two models on the same applications, of which neither learnt from any; the difference is paired, with its interval."""
    from gnn.evaluate import compare as run
    from gnn.models.bootstrap import FEW_POSITIVES
    from gnn.registry.card import MEASURES
    from gnn.registry.registry import Registry

    settings = settings_from(home=home, store=store)
    moment = moment_of(as_of, utc_now())
    registry = Registry(model_folder(settings, models))
    one, other = registry.find(first), registry.find(second)
    with graph_as_of(settings, moment) as (_, arrays, on_progress):
        found = run(arrays, registry.model(one), registry.model(other), since=day_of(since), on_progress=on_progress)
    if json:
        show_json(found.as_json())
        return
    rows = found.rows
    out.print(f"{rows.applications:,} applications from {rows.since:%Y-%m-%d} to {rows.until:%Y-%m-%d},")
    out.print(f"{rows.confirmed_fraud:,} of them confirmed fraud by {rows.as_of:%Y-%m-%d}.")
    out.print(measured(found))
    table = columns("second minus first", "difference", "95 % interval", "")
    for name, caption in MEASURES:
        told = found.differences[name]
        few = told.positives < FEW_POSITIVES
        verdict = "told apart" if told.told_apart else "too few frauds to tell" if few else "may be chance"
        table.add_row(caption, f"{told.value:+.3f}", f"{told.low:+.3f} to {told.high:+.3f}", verdict)
    out.print(table)

"""`guanxi train --data` and `guanxi evaluate --data`: the stack on a labelled graph in a file. Nothing of the portfolio's graph is read or changed."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from api.cli.terminal import columns, out, progress_bar
from graph_model.errors import InvalidRequest

if TYPE_CHECKING:
    from gnn.stack.stack import Net, Scores
    from gnn.stack.training import Parts

FOLDER = "graphs"  # in the model folder
LATEST = "champion"  # what `--model` says when it is left out: of graphs, the one trained last


def refuse_beside(data: str, **given: object) -> None:
    """Options of the portfolio's training have no meaning beside a file, and the other way round. Raises InvalidRequest."""
    wrong = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if len(wrong) > 0:
        raise InvalidRequest(f"{', '.join(wrong)} can't be used {data} --data. Leave out one of the two.")


def train_on_file(
    data: Path,
    *,
    split: int | None,
    net: bool | None,
    seed: int | None,
    scores: Path | None,
    models: Path,
    by: str,
    now: datetime,
) -> None:
    from gnn.labelled import GraphData
    from gnn.models.files import point, write_text
    from gnn.stack.card import CARD_JSON, CARD_MARKDOWN, as_markdown, card_of
    from gnn.stack.files import shelf_name, write
    from gnn.stack.shelf import Shelf
    from gnn.stack.stack import StackConfig
    from gnn.stack.training import Parts, train_on

    _require_format(scores)
    graph = GraphData.load(data)
    config = StackConfig(net=_net(net)) if seed is None else StackConfig(seed=seed, net=_net(net))
    parts = Parts.of(graph, split, seed=config.seed)
    folder = models / FOLDER
    shelf = Shelf.of(folder, shelf_name(graph, parts.training, parts.validation, config))
    Shelf.sweep(folder, now=now)
    with progress_bar() as on_progress:
        trained = train_on(graph, parts, config=config, shelf=shelf, on_progress=on_progress)
    target = write(trained.stack, folder)
    card = card_of(trained.card, version=target.name, file=data.name, by=by, now=now)
    write_text(target / CARD_MARKDOWN, as_markdown(card))
    write_text(target / CARD_JSON, json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    written = target / "scores.parquet" if scores is None else scores
    _write_scores(written, trained.score, parts)
    point(folder, target.name)
    shelf.clear()
    out.print(_table(card))
    out.print(f"{target.name} was trained{'' if config.net is None else ', with the net as one of its experts'}.")
    out.print(f"Its card: {target / CARD_MARKDOWN}")
    out.print(f"Scores of all {graph.nodes:,} nodes: {written}")


def evaluate_on_file(
    data: Path, *, model: str, split: int | None, scores: Path | None, models: Path, as_json: bool
) -> None:
    from gnn.labelled import GraphData
    from gnn.stack.files import read
    from gnn.stack.training import Parts, measured

    _require_format(scores)
    folder = models / FOLDER
    version = _find(folder, model)
    graph = GraphData.load(data)
    stack = read(folder, version, lambda: _net(True))
    parts = Parts.to_measure(graph, split, stack)
    with progress_bar() as on_progress:
        found = stack.apply(graph, on_progress=on_progress)
    score = stack.probability(found)
    card: dict[str, Any] = {"version": version, "file": data.name, "split": parts.split}
    card |= measured(graph, parts, found, score)
    card["newcomers"] = graph.nodes - stack.frame.nodes if stack.frame.begins(graph) else graph.nodes
    if scores is not None:
        _write_scores(scores, score, parts)
    if as_json:
        typer.echo(json.dumps(card, ensure_ascii=False, indent=1))
        return
    out.print(
        _table(card)
        if len(card["metrics"]) > 0
        else "No part has labels of both kinds: there is nothing to measure on."
    )
    out.print(f"{version} on {graph.nodes:,} nodes, {card['newcomers']:,} of which it had not seen.")
    if scores is not None:
        out.print(f"Scores of all nodes: {scores}")


def _net(wanted: bool | None) -> "Net | None":
    """Where nothing is said, with the net if torch is there. Raises InvalidRequest (`train.no_torch`)."""
    if wanted is False:
        return None
    try:
        from gnn.nets.expert import NetExpert
    except ImportError as exc:
        if wanted is None:
            return None
        raise InvalidRequest(
            "The net needs torch. Install the extra: pip install 'guanxi[gnn]', or leave the net out: --no-net.",
            code="train.no_torch",
        ) from exc
    return NetExpert()


def _find(folder: Path, model: str) -> str:
    """Raises InvalidRequest (`models.unknown`)."""
    from gnn.models.files import current

    there = sorted(path.parent.name for path in folder.glob("*/stack.json") if not path.parent.name.startswith("."))
    latest = current(folder)
    found = [v for v in there if (v == latest if model == LATEST else v.startswith(model))]
    if len(found) != 1:
        raise InvalidRequest(
            f"There is {'no' if len(found) == 0 else 'more than one'} model {'of a graph' if model == LATEST else model} in {folder.name}. "
            f"Train one with `guanxi train --data`. There are: {', '.join(there) or 'none'}.",
            code="models.unknown",
        )
    return found[0]


def _require_format(scores: Path | None) -> None:
    if scores is not None and scores.suffix not in (".parquet", ".csv"):
        raise InvalidRequest(f"{scores.name} is neither .parquet nor .csv: name the file of scores by one of them.")


def _write_scores(path: Path, score: "Scores", parts: "Parts") -> None:
    import polars as pl

    table = pl.DataFrame({"node": range(len(score)), "score": score, "part": parts.part()})
    half = path.with_name(f".{path.name}.half")
    if path.suffix == ".csv":
        table.write_csv(half)
    else:
        table.write_parquet(half)
    half.replace(path)


def _table(card: dict[str, Any]) -> Table:
    from gnn.stack.card import SHOWN, rows_of

    table = columns("", *(caption for _, caption in SHOWN))
    for name, values in rows_of(card):
        table.add_row(name, *values)
    return table

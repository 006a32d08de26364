"""Card of a stack that was trained on a labelled graph, in Markdown; in JSON it is the mapping itself."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gnn.registry.card import MEASURES, git_commit, measure

CARD_JSON, CARD_MARKDOWN = "card.json", "card.md"
SHOWN = (*MEASURES[:1], ("recall_at_positives", "recall at K"), *MEASURES[1:])


def card_of(told: Mapping[str, Any], *, version: str, file: str, by: str, now: datetime) -> dict[str, Any]:
    """What the training tells, and of which file, by whom and when."""
    made = {"version": version, "file": file, "trained_at": now.astimezone(UTC).isoformat(timespec="seconds")}
    return {**made, "trained_by": by, "git_commit": git_commit(), **told}


def as_markdown(card: Mapping[str, Any]) -> str:
    """One page."""
    return "\n".join(_lines(card)) + "\n"


def rows_of(card: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The table of measures: what was measured on which part, and each measure with its interval."""
    for part, scores in card["metrics"].items():
        for name, found in scores.items():
            bounds = card["intervals"][part].get(name, {})
            yield f"{name}, {part}", [measure(found, bounds, key) for key, _ in SHOWN]


def _lines(card: Mapping[str, Any]) -> Iterator[str]:
    graph = card["graph"]
    yield f"# Model {card['version']}"
    yield ""
    yield f"Trained {card['trained_at']} by {card['trained_by']} on {card['file']}; code {card['git_commit'] or 'of no checkout'}."
    links = ", ".join(f"{name} {count:,}" for name, count in graph["links"].items())
    yield f"The graph has {graph['nodes']:,} nodes of {graph['features']} features; links: {links}; entities: {', '.join(graph['entities']) or 'none'}."
    if graph["events_in_time"]:
        labels = (
            "earlier rows" if card["labels_of_earlier_rows_only"] else "all training rows, for the split is by chance"
        )
        yield f"Rows are events in time: each is described by earlier ones only. Labels known around a row are those of {labels}."
    split = "made by chance or by time" if card["split"] is None else f"{card['split']} of the file"
    yield from ("", f"Split {split}.", "", "| part | nodes | fraud |", "|---|--:|--:|")
    for name, part in card["parts"].items():
        yield f"| {name} | {part['nodes']:,} | {part['fraud']:,} |"
    yield from ("", "## How good it is", "")
    yield "Training rows are scored out-of-fold; the gate has seen these scores and the validation rows, calibration is measured on rows that it"
    yield "has not seen; nothing has seen the labels of test rows. 95 % intervals."
    yield from ("", f"| | {' | '.join(caption for _, caption in SHOWN)} |", f"|---|{'--:|' * len(SHOWN)}")
    for name, values in rows_of(card):
        yield f"| {name} | {' | '.join(values)} |"
    if "reliability" in card:
        yield from ("", f"## Calibration, on the {card['reliability_on']} rows", "")
        yield from ("| probability | rows | expected | fraud | 95 % interval |", "|---|--:|--:|--:|--:|")
        for one in card["reliability"]:
            interval = f"{one['actual_low']:.3f} to {one['actual_high']:.3f}"
            yield f"| {one['low']:g} to {one['high']:g} | {one['rows']:,} | {one['expected']:.3f} | {one['actual']:.3f} | {interval} |"
    yield from ("", "## Experts", "", "| expert | weight |", "|---|--:|")
    for name, weight in sorted(card["weights"].items(), key=lambda pair: -pair[1]):
        yield f"| {name} | {weight:.3f} |"

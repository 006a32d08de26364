"""Card: what is told of a model, in JSON for machines and in Markdown for people."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from gnn.models.model import Model
from gnn.policy import Policy

MEASURES = (
    ("average_precision", "average precision"),
    ("recall_at_1_percent", "recall at 1 % alerts"),
    ("auc", "AUC"),
    ("brier", "Brier"),
)


def could_serve(told: Mapping[str, Any]) -> bool:
    """Whether a contender, by what a card tells of it, could have been chosen. On a card of an earlier Guanxi a net could not, and it says so."""
    return bool(told.get("can_serve", True))


def card_of(model: Model, *, policy: Policy, by: str, now: datetime) -> dict[str, Any]:
    """What the model says of itself, and by whom, when and with which code it was made."""
    return {
        "version": model.version,
        "registered_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "registered_by": by,
        "git_commit": git_commit(),
        "features": asdict(model.features) | {"columns": len(model.names)},
        "calibration": asdict(model.calibration),
        "policy": {"version": policy.version, "thresholds": dict(zip("BCD", policy.thresholds, strict=True))},
        **model.card,
    }


@cache
def git_commit() -> str | None:
    """Of the code that runs, with `+` where it was changed since; None where it is no checkout."""
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", here.name)  # an environment may lie in somebody else's checkout
        changed = git("status", "--porcelain", "--untracked-files=no", "--", str(here.parents[1])) != ""
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def as_markdown(card: Mapping[str, Any]) -> str:
    """One page. What a card of an earlier Guanxi does not say is left out."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Model {card.get('version', 'unknown')}"
    yield ""
    if "registered_at" in card:
        yield f"Registered {card['registered_at']} by {card['registered_by']}; code {card['git_commit'] or 'of no checkout'}."
    if "as_of" in card:
        yield f"It learnt from what was known at {card['as_of']} and nothing later. Positive is: {card['positives_are']}."
        told = card.get("confirmed_by")
        sources = f" ({told['labels']} by labels, {told['dispositions']} by investigators alone)" if told else ""
        yield f"Positives are all that was confirmed in the parts below{sources}; label delay {card['label_delay_days']} days."
    if "parts" in card:
        yield from ("", "## Data", "", "| part | from | to | applications | confirmed fraud |", "|---|---|---|--:|--:|")
        for name, part in card["parts"].items():
            numbers = f"{part['applications']:,} | {part['confirmed_fraud']:,}"
            yield f"| {name} | {part['from']} | {part['to']} | {numbers} |"
    if "metrics" in card:
        yield from ("", "## How good it is", "")
        yield f"On the part `{card['measured_on']}`, which what is measured had not seen; 95 % intervals by drawing customers anew."
        yield from ("", f"| | {' | '.join(caption for _, caption in MEASURES)} |", f"|---|{'--:|' * len(MEASURES)}")
        for name, found in card["metrics"].items():
            bounds = card.get("intervals", {}).get(name, {})
            yield f"| {name} | {' | '.join(measure(found, bounds, key) for key, _ in MEASURES)} |"
    if len(card.get("contenders", {})) > 1:
        yield from _contenders(card)
    if "reliability" in card:
        yield from (
            "",
            "## Calibration",
            "",
            "| probability | rows | expected | confirmed | 95 % interval |",
            "|---|--:|--:|--:|--:|",
        )
        for one in card["reliability"]:
            interval = f"{one['actual_low']:.3f} to {one['actual_high']:.3f}"
            yield f"| {one['low']:g} to {one['high']:g} | {one['rows']:,} | {one['expected']:.3f} | {one['actual']:.3f} | {interval} |"
        told = "rows of other customers" if card.get("calibration_crossed", False) else "these very rows"
        yield from (
            "",
            f"The calibration was fitted on {told}; `guanxi evaluate` measures the one that serves on later ones.",
        )
    yield from _made_with(card)


def _contenders(card: Mapping[str, Any]) -> Iterator[str]:
    """Who was fitted on the same rows, who serves and why."""
    yield from ("", "## Contenders", "")
    yield f"{card['serves']} serves, and is `full` above: it had the greatest average precision on the validation part."
    yield from ("", "| | on validation | on the part above, minus what serves | |", "|---|--:|--:|---|")
    for name, told in card["contenders"].items():
        apart = told.get("minus_served")
        minus = "" if apart is None else f"{apart['value']:+.3f} ({apart['low']:+.3f} to {apart['high']:+.3f})"
        verdict = "serves" if told["serves"] else "told apart" if apart and apart["told_apart"] else "may be chance"
        why = "" if could_serve(told) else "; could not serve then"
        yield f"| {name} | {told['chosen_by']:.3f} | {minus} | {verdict}{why} |"
    if "net" in card["contenders"]:
        yield from (
            "",
            "The net's figure on validation is the greatest of its epochs there, so it is somewhat too good.",
        )
    weights = card["contenders"].get("stack", {}).get("weights", {})
    if len(weights) > 0:
        told = ", ".join(f"{name} {weight:.2f}" for name, weight in sorted(weights.items(), key=lambda pair: -pair[1]))
        yield from ("", f"Experts of the stack: {told}.")


def _made_with(card: Mapping[str, Any]) -> Iterator[str]:
    if "policy" in card:
        grades = ", ".join(f"{grade} from {lowest:g}" for grade, lowest in card["policy"]["thresholds"].items())
        yield from ("", "## Grades", "", f"Policy {card['policy']['version']}: {grades}.")
    if "mimic_tells" in card:
        yield from (
            "",
            f"Reasons of the net are told by trees that mimic it; they tell {card['mimic_tells']:.0%} of how its log odds vary on the last part, "
            "the highest twentieth counting half.",
        )
    yield from ("", "## Made with", "")
    for name in ("trees", "features", "libraries"):
        if name in card:
            yield f"- {name}: {_flat(card[name])}"
    if "rounds" in card:
        yield f"- trees grown: {card['rounds']}"


def measure(found: Mapping[str, float], bounds: Mapping[str, Any], key: str) -> str:
    """A measure with its interval, as tables show it."""
    if key not in found:
        return "–"
    low_high = bounds.get(key)
    return f"{found[key]:.3f}" + (f" ({low_high[0]:.3f}–{low_high[1]:.3f})" if low_high else "")


def _flat(told: Mapping[str, Any]) -> str:
    parts = []
    for name, value in told.items():
        parts.append(f"{name} ({_flat(value)})" if isinstance(value, Mapping) else f"{name} {value}")
    return ", ".join(parts)

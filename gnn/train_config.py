"""Configuration of a training from a TOML file: the fields of `TrainConfig` by name, each within its bounds."""

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gnn.contenders import CONTENDERS, NET, STACK, TREES
from gnn.features.build import FeatureConfig
from gnn.models.trees import TreeConfig
from gnn.rings.detect import RingConfig
from gnn.train import TrainConfig
from graph_model.errors import InvalidRequest

CODE = "train.config"
DEFAULT = (
    TREES,
    STACK,
)  # of `guanxi train`: a quarter of a minute of CPU at 20,000 customers; the net takes a minute more
# Least and greatest of each number. A table of the file is a part of the configuration.
_TREES: Mapping[str, tuple[float, float]] = {
    "rounds": (1, 100_000),
    "patience": (1, 10_000),
    "learning_rate": (1e-4, 1.0),
    "leaves": (2, 4_096),
    "min_rows": (1, 1_000_000),
    "least_rounds": (1, 10_000),
    "column_share": (0.01, 1.0),
    "row_share": (0.05, 1.0),
    "l2": (0.0, 1e6),
    "threads": (1, 256),
    "seed": (0, 2**31 - 1),
}
_RINGS: Mapping[str, tuple[float, float]] = {
    "gamma": (1e-6, 1.0),
    "hub_cap": (2, 10_000),
    "min_size": (2, 1_000),
    "seed": (0, 2**31 - 1),
}
BOUNDS: Mapping[str, Mapping[str, tuple[float, float]]] = {"trees": _TREES, "rings": _RINGS}


def load_config(path: Path) -> TrainConfig:
    """Raises InvalidRequest train.config with what is wrong and what was most likely meant; what the file leaves out is as it comes."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise InvalidRequest(f"{path.name} is no TOML: {exc}.", code=CODE) from exc
    for name, content in told.items():
        if name not in BOUNDS:
            raise _unknown(path, name, BOUNDS, "table")
        if not isinstance(content, dict):
            raise InvalidRequest(f"{path.name}: {name} is a table: write [{name}] and its keys below.", code=CODE)
    return TrainConfig(
        trees=replace(TreeConfig(), **_numbers(path, "trees", TreeConfig, told.get("trees", {}))),
        features=FeatureConfig(replace(RingConfig(), **_numbers(path, "rings", RingConfig, told.get("rings", {})))),
    )


def contenders_of(text: str | None) -> tuple[str, ...]:
    """Names with commas between them. Raises InvalidRequest train.contenders; what can't serve alone is refused, too."""
    if text is None:
        return DEFAULT
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in CONTENDERS:
            near = difflib.get_close_matches(name, CONTENDERS, n=1, cutoff=0.5)
            meant = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(CONTENDERS)}."
            raise InvalidRequest(f"{name or 'Nothing'} is no contender. {meant}", code="train.contenders")
    if set(names) <= {NET}:
        raise InvalidRequest("The net doesn't serve: name trees or stack beside it.", code="train.contenders")
    return names


def _numbers(path: Path, table: str, of: type, told: Mapping[str, Any]) -> dict[str, Any]:
    types = {field.name: field.type for field in dataclasses.fields(of)}
    found: dict[str, Any] = {}
    for key, value in told.items():
        if key not in BOUNDS[table]:
            raise _unknown(path, key, BOUNDS[table], f"key of [{table}]")
        low, high = BOUNDS[table][key]
        whole = types[key] is int
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise InvalidRequest(f"{path.name}: [{table}] {key} is {kind} from {low:g} to {high:g}.", code=CODE)
        found[key] = value if whole else float(value)
    return found


def _unknown(path: Path, name: str, known: Mapping[str, object], what: str) -> InvalidRequest:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
    return InvalidRequest(f"{path.name}: {name} is no {what}. {meant}", code=CODE)

"""Configuration of a training from a TOML file: which contenders are fitted, and the numbers of `TrainConfig` by name, each within its bounds."""

import dataclasses
import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gnn.contenders import CONTENDERS, STACK, TREES
from gnn.features.build import FeatureConfig
from gnn.models.trees import TreeConfig
from gnn.rings.detect import RingConfig
from gnn.train import TrainConfig
from graph_model.errors import InvalidRequest

CODE, CONTENDERS_CODE = "train.config", "train.contenders"
# Of `guanxi train`: a third of a minute of CPU at 20,000 customers; the net takes most of a minute more.
DEFAULT = (TREES, STACK)
ALWAYS = ("rules", "tabular")  # measured beside the contenders whatever these are
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
_CONTENDERS, _FIT = "contenders", "fit"
_TABLES = (*BOUNDS, _CONTENDERS)


def load_config(path: Path) -> TrainConfig:
    """Raises InvalidRequest train.config with what is wrong and what was most likely meant; what the file leaves out is as it comes."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise InvalidRequest(f"{path.name} is no TOML: {exc}.", code=CODE) from exc
    for name, content in told.items():
        if name not in _TABLES:
            raise _unknown(path, name, _TABLES, "table")
        if not isinstance(content, dict):
            raise InvalidRequest(f"{path.name}: {name} is a table: write [{name}] and its keys below.", code=CODE)
    return TrainConfig(
        trees=replace(TreeConfig(), **_numbers(path, "trees", TreeConfig, told.get("trees", {}))),
        features=FeatureConfig(replace(RingConfig(), **_numbers(path, "rings", RingConfig, told.get("rings", {})))),
        contenders=_contenders(path, told.get(_CONTENDERS, {})),
    )


def contenders_of(text: str) -> tuple[str, ...]:
    """Names with commas between them. Raises InvalidRequest train.contenders."""
    try:
        return _chosen([name.strip() for name in text.split(",")])
    except ValueError as exc:
        raise InvalidRequest(str(exc), code=CONTENDERS_CODE) from exc


def _contenders(path: Path, told: Mapping[str, Any]) -> tuple[str, ...]:
    """What the table says is to be fitted; without it what `guanxi train` fits."""
    for key in told:
        if key != _FIT:
            raise _unknown(path, key, (_FIT,), f"key of [{_CONTENDERS}]")
    names = told.get(_FIT, list(DEFAULT))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        shown = ", ".join(f'"{name}"' for name in DEFAULT)
        raise InvalidRequest(f"{path.name}: [{_CONTENDERS}] {_FIT} is a list of names: {_FIT} = [{shown}].", code=CODE)
    try:
        return _chosen(names)
    except ValueError as exc:
        raise InvalidRequest(f"{path.name}: [{_CONTENDERS}] {exc}", code=CODE) from exc


def _chosen(told: Sequence[str]) -> tuple[str, ...]:
    """Each name once. Raises ValueError that says what is wrong."""
    names = tuple(dict.fromkeys(told))
    for name in names:
        if name in ALWAYS:
            raise ValueError(f"{name} is always measured beside the contenders: leave it out.")
        if name not in CONTENDERS:
            raise ValueError(f"{name or 'Nothing'} is no contender. {_meant(name, CONTENDERS)}")
    if len(names) == 0:
        raise ValueError(f"Nothing doesn't serve: name one at least of {', '.join(CONTENDERS)}.")
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


def _unknown(path: Path, name: str, known: Iterable[str], what: str) -> InvalidRequest:
    return InvalidRequest(f"{path.name}: {name} is no {what}. {_meant(name, known)}", code=CODE)


def _meant(name: str, known: Iterable[str]) -> str:
    there = list(known)
    near = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"There {'is' if len(there) == 1 else 'are'}: {', '.join(there)}."

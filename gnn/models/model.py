"""Model: everything that scores questions, in one frozen value, and its files. No pickle: LightGBM's text, safetensors, and JSON. What was fitted
is either boosted trees or a blend (the gated stack, or the typed net alone); whoever scores, explains or keeps a model need not know which.

A model folder holds one folder per version and a file `current` that names the one in use, the champion; `gnn.registry` keeps what else is
known of them. The version is made of the content, so the same data, seed, configuration and thread count give the same version and bytes.
"""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm
import numba
import numpy as np
import scipy
import sklearn
from numpy.typing import NDArray

from gnn.arrays.graph import GraphArrays
from gnn.features.build import FeatureConfig, FeatureTable, RingSource, column_names, describe
from gnn.features.questions import QuestionSet
from gnn.features.vocabulary import Vocabulary
from gnn.features.walk import Rows
from gnn.models.blend import NET, Blend
from gnn.models.calibration import Calibration
from gnn.models.files import current, point, write_whole
from gnn.models.trees import TREES, Probabilities, Trees
from gnn.nets.rows import around_of, with_forms
from gnn.nets.served import ServedNet
from gnn.nets.typed import TypedGraph
from gnn.rings.detect import RingConfig
from graph_model.errors import InvalidRequest
from graph_model.store import OnProgress

FORMAT = 1
CARD, TABULAR = "model.json", "tabular.txt"


@dataclass(frozen=True)
class Model:
    """A fitted, calibrated model of the first columns of a feature table, `names`. `card` is what is told of it: data window, rows, metrics,
    configuration, library versions."""

    fitted: Trees | Blend
    calibration: Calibration
    vocabulary: Vocabulary
    features: FeatureConfig
    names: Sequence[str]
    card: Mapping[str, Any]
    tabular_text: str = (
        ""  # the baseline that was measured beside it; empty where it was loaded, for serving has no use for it
    )

    @cached_property
    def version(self) -> str:
        content = b"".join(self.fitted.files().values())
        digest = hashlib.sha256(content + _dumps(self._content()).encode()).hexdigest()
        return f"{self._family}-{digest[:12]}"

    @property
    def _family(self) -> str:
        if isinstance(self.fitted, Trees):
            return "lgbm"
        return NET if all(expert.kind == NET for expert in self.fitted.experts) else "stack"

    @property
    def net(self) -> ServedNet | None:
        """The net that is asked beside the feature columns, or alone."""
        return self.fitted.net if isinstance(self.fitted, Blend) else None

    def describe(
        self,
        arrays: GraphArrays,
        asked: QuestionSet,
        *,
        rings: RingSource | None = None,
        on_progress: OnProgress | None = None,
    ) -> FeatureTable:
        """All that this model looks at of each question, as a table. See `gnn.features.build.describe`."""
        table = describe(arrays, asked, self.vocabulary, config=self.features, rings=rings, on_progress=on_progress)
        return table if self.net is None else _with(table, self.net.answers(around_of(arrays), asked, table))

    def completed(self, table: FeatureTable, surroundings: TypedGraph | None) -> FeatureTable:
        """The table of a few questions, whose `surroundings` a net needs, with all that this model looks at."""
        if self.net is None or surroundings is None:
            return table
        return _with(table, self.net.odds(with_forms(surroundings, table)))

    def margin(self, table: FeatureTable) -> NDArray[np.float64]:
        return self.fitted.margin(self._seen(table))

    def probability(self, table: FeatureTable) -> Probabilities:
        return self.calibration(self.margin(table))

    def contributions(self, table: FeatureTable) -> NDArray[np.float64]:
        """What each column adds to the log odds; the last is the base. They add up to the margin."""
        return self.fitted.contributions(self._seen(table))

    def _seen(self, table: FeatureTable) -> Rows:
        return table.values[:, : len(self.names) + (self.net is not None)]

    def _content(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "calibration": asdict(self.calibration),
            "vocabulary": {name: list(words) for name, words in sorted(self.vocabulary.words.items())},
            "features": asdict(self.features),
            "names": list(self.names),
            "card": dict(self.card),
            **({"experts": self.fitted.told()} if isinstance(self.fitted, Blend) else {}),
        }


def _with(table: FeatureTable, odds: NDArray[np.float64]) -> FeatureTable:
    """The table with the net's log odds as one more column."""
    values = np.column_stack((table.values, odds.astype(np.float32)))
    return FeatureTable((*table.names, NET), table.coded, table.tabular, values)


def write(model: Model, folder: Path) -> Path:
    """Keep a model in its folder beside the others, whole or not at all. Nothing uses it until `point` names it."""
    return write_whole(folder, model.version, _files(model))


def save(model: Model, folder: Path) -> Path:
    """Keep a model and use it: in the folder of a moment of the past, of which nobody keeps a history."""
    target = write(model, folder)
    point(folder, model.version)
    return target


def load(folder: Path) -> Model | None:
    """The current model of a folder; None where there is none, or one that was made for other features than this Guanxi computes.
    Raises InvalidRequest for a damaged one."""
    version = current(folder)
    return None if version is None else load_version(folder, version)


def load_version(folder: Path, version: str) -> Model | None:
    """As `load`, of a version by name."""
    try:
        content = json.loads((folder / version / CARD).read_text(encoding="utf-8"))
        if content["format"] != FORMAT or tuple(content["names"]) != column_names()[0]:
            return None
        features = FeatureConfig(RingConfig(**content["features"]["rings"]))
        model = Model(
            _fitted(folder / version, content),
            Calibration(**content["calibration"]),
            Vocabulary(content["vocabulary"]),
            features,
            tuple(content["names"]),
            content["card"],
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise damaged(folder, version) from exc
    if model.version != version:
        raise damaged(folder, version)
    return model


def folders_of(folder: Path, as_of: datetime) -> tuple[Path, Path]:
    """Where the model for a moment is looked for. A model that has learnt from after it would see the future: a moment of the past gets a
    model and a folder of its own, and the current one stays."""
    return folder, folder / f"as-of-{as_of:%Y%m%dT%H%M%SZ}"


def learnt_by(model: Model, as_of: datetime) -> bool:
    """Whether a model has learnt from nothing later than a moment."""
    return datetime.fromisoformat(str(model.card["as_of"])) <= as_of


def window_end(model: Model) -> datetime:
    """The moment before which everything lies that it learnt from: applications made since were never a row of its own."""
    return datetime.fromisoformat(str(model.card["parts"]["calibration"]["to"])) + timedelta(seconds=1)


def model_of(folder: Path, as_of: datetime) -> tuple[Model | None, Path]:
    """The model to use as of a moment, if there is one, and the folder to keep a new one in."""
    for place in folders_of(folder, as_of):
        model = load(place)
        if model is None or learnt_by(model, as_of):
            break
    return model, place


def library_versions() -> dict[str, str]:
    """Of what the bytes of a model depend on."""
    libraries = {module.__name__: str(module.__version__) for module in (lightgbm, numba, np, scipy, sklearn)}
    return {"python": platform.python_version()} | libraries


def damaged(folder: Path, version: str) -> InvalidRequest:
    return InvalidRequest(
        f"The model {version} in {folder.name} is damaged or incomplete. Train a new one with `guanxi score --retrain`.",
        code="model_damaged",
    )


def _fitted(folder: Path, content: Mapping[str, Any]) -> Trees | Blend:
    def kept(name: str) -> bytes:
        return (folder / name).read_bytes()

    return Blend.read(content["experts"], kept) if "experts" in content else Trees(kept(TREES).decode())


def _files(model: Model) -> dict[str, bytes]:
    files = {**model.fitted.files(), CARD: _dumps({"version": model.version, **model._content()}).encode()}
    return files | ({TABULAR: model.tabular_text.encode()} if model.tabular_text != "" else {})


def _dumps(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

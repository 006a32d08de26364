"""Registry: the versions of a model folder. One of them, the champion, serves; the others wait as challengers, or were champions before.

The folder is that of `gnn.models.model`: a folder per version and a file `current`, which alone says who the champion is, so that servers
need nothing else. A version is there whole or not at all, and none is ever changed or removed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog

from gnn.contenders import CONTENDERS, NET, TREES, torch_is_there
from gnn.models.files import current, point, write_text
from gnn.models.model import CARD, TABULAR, Model, load_version, write
from gnn.models.trees import Trees
from gnn.policy import Policy
from gnn.registry.card import as_markdown, card_of, could_serve
from gnn.registry.history import Action, Entry, add, read, turn
from graph_model.errors import InvalidRequest
from graph_model.services.wording import reason_of

log = structlog.get_logger(__name__)

CARD_JSON, CARD_MARKDOWN = "card.json", "card.md"
CHAMPION, CHALLENGER = "champion", "challenger"


class Standing(StrEnum):
    CHAMPION = CHAMPION
    CHALLENGER = CHALLENGER
    FORMER = "former champion"


@dataclass(frozen=True, slots=True)
class Registered:
    """A version and what its card says; `usable` is False for one that is damaged or of other features than this Guanxi computes."""

    version: str
    standing: Standing
    card: Mapping[str, Any]
    usable: bool


class Registry:
    """The models of one folder. Cheap to build; everything is read when it is asked for. Safe beside servers and other commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- what is there ---------------------------------------------------------------------------------------------

    @property
    def champion(self) -> str | None:
        return current(self.folder)

    @property
    def history(self) -> Sequence[Entry]:
        return read(self.folder)

    def versions(self) -> Sequence[str]:
        """In the order in which they were registered; those that no line tells of come first, by name."""
        there = {path.parent.name for path in self.folder.glob(f"*/{CARD}") if not path.parent.name.startswith(".")}
        logged = [entry.version for entry in self.history if entry.action is Action.REGISTERED]
        known = [version for version in dict.fromkeys(logged) if version in there]
        return [*sorted(there - set(known)), *known]

    def standing(self, version: str) -> Standing:
        if version == self.champion:
            return Standing.CHAMPION
        raised = (entry.version for entry in self.history if entry.action is not Action.REGISTERED)
        return Standing.FORMER if version in raised else Standing.CHALLENGER

    @property
    def contenders(self) -> tuple[str, ...]:
        """Those among which the champion was chosen, so that training anew chooses as it was chosen; trees where no card tells. A net that lost is
        not among them where no torch could teach it: who trained elsewhere may still train here."""
        card = {} if self.champion is None else self.card(self.champion)
        told = card.get("contenders", {})
        found = [name for name in CONTENDERS if name in told and could_serve(told[name])]
        if NET in found and card.get("serves") != NET and not torch_is_there():
            found.remove(NET)
            log.warning("contenders.net_left_out", model=self.champion, why="there is no torch")
        return tuple(found) or (TREES,)

    def list(self) -> Sequence[Registered]:
        """The newest first."""
        found = []
        for version in reversed(self.versions()):
            try:
                usable = load_version(self.folder, version) is not None
            except InvalidRequest:
                usable = False
            found.append(Registered(version, self.standing(version), self.card(version), usable))
        return found

    def find(self, name: str) -> str:
        """A version by its name, the beginning of it, `champion` or `challenger` (the newest one). Raises InvalidRequest models.unknown."""
        versions = self.versions()
        match name:
            case "champion":
                found = [self.champion] if self.champion is not None else []
            case "challenger":
                found = [version for version in versions if self.standing(version) is Standing.CHALLENGER][-1:]
            case _:
                found = [version for version in versions if version == name] or [
                    version for version in versions if len(name) > 0 and version.startswith(name)
                ]
        if len(found) != 1 or found[0] not in versions:
            what = "There is no" if len(found) == 0 else "There is more than one"
            raise InvalidRequest(f"{what} model {name}. `guanxi models list` names them.", code="models.unknown")
        return found[0]

    def model(self, version: str) -> Model:
        """Raises InvalidRequest model_damaged, or models.other_features for one that this Guanxi can't use."""
        model = load_version(self.folder, version)
        if model is None:
            raise InvalidRequest(
                f"{version} was made for other features than this Guanxi computes. Train a new one with `guanxi train`.",
                code="models.other_features",
            )
        return model

    def tabular(self, version: str) -> Trees | None:
        """The tabular baseline that was measured beside a version; None where none was kept."""
        try:
            text = (self.folder / version / TABULAR).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        if sha256(text.encode()).hexdigest() != self.card(version).get("tabular_sha256"):
            return None
        return Trees(text)

    def card(self, version: str) -> Mapping[str, Any]:
        """The card; of a version that an earlier Guanxi made, what its model says; empty for one that can't be read."""
        for name in (CARD_JSON, CARD):
            try:
                told = json.loads((self.folder / version / name).read_text(encoding="utf-8"))
                return dict(told) if name == CARD_JSON else {"version": version, **told["card"]}
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return {}

    def markdown(self, version: str) -> str:
        return as_markdown(self.card(version))

    # --- what is done ----------------------------------------------------------------------------------------------

    def register(self, model: Model, *, policy: Policy, by: str, reason: str, now: datetime) -> Standing:
        """Keep a model with its card. Where nothing serves yet it becomes the champion."""
        with turn(self.folder):
            self._keep(model, policy, by, reason, now)
            if self.champion is None:
                self._raise(model.version, Action.PROMOTED, by, "The first model of this folder.", now)
            return self.standing(model.version)

    def adopt(self, model: Model, *, policy: Policy, by: str, reason: str, now: datetime) -> None:
        """Keep a model and let it serve at once."""
        with turn(self.folder):
            self._keep(model, policy, by, reason, now)
            if self.champion != model.version:
                self._raise(model.version, Action.PROMOTED, by, reason, now)

    def promote(self, version: str, *, by: str, reason: str, now: datetime) -> None:
        """Let a version serve. Raises InvalidRequest: models.champion, models.reason, text.personal, and as `model` does."""
        why = reason_of(reason, code="models.reason")
        with turn(self.folder):
            self.model(version)
            if version == self.champion:
                raise InvalidRequest(f"{version} is the champion already.", code="models.champion")
            self._raise(version, Action.PROMOTED, by, why, now)

    def rollback(self, *, by: str, reason: str, now: datetime) -> str:
        """Back to the champion before this one; again, to the one before that. Returns who serves now. Raises InvalidRequest
        models.no_earlier, and as `promote` does."""
        why = reason_of(reason, code="models.reason")
        with turn(self.folder):
            self._settle(now)
            line = _line_of_champions(self.history)
            if len(line) < 2:
                raise InvalidRequest(
                    "There is no earlier champion to go back to. `guanxi models promote` lets another version serve.",
                    code="models.no_earlier",
                )
            self.model(line[-2])
            self._raise(line[-2], Action.ROLLED_BACK, by, why, now)
            return line[-2]

    def _keep(self, model: Model, policy: Policy, by: str, reason: str, now: datetime) -> None:
        self._settle(now)
        known = any(e.version == model.version and e.action is Action.REGISTERED for e in self.history)
        target = write(model, self.folder)
        if not (target / CARD_JSON).exists():
            card = card_of(model, policy=policy, by=by, now=now)
            write_text(target / CARD_MARKDOWN, as_markdown(card))
            write_text(target / CARD_JSON, json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
        if not known:
            add(self.folder, Entry(now, Action.REGISTERED, model.version, self.champion, by, reason))

    def _settle(self, now: datetime) -> None:
        """Where `current` names another version than the log's last word, what serves is the truth, and the log is told."""
        serving, line = self.champion, _line_of_champions(self.history)
        if serving is not None and (len(line) == 0 or line[-1] != serving):
            found = Entry(now, Action.FOUND, serving, line[-1] if len(line) > 0 else None, "-", "It was serving.")
            add(self.folder, found)

    def _raise(self, version: str, action: Action, by: str, reason: str, now: datetime) -> None:
        """The log first: a champion that no line tells of would be a riddle; a line whose champion never served is told of by the next."""
        self._settle(now)
        add(self.folder, Entry(now, action, version, self.champion, by, reason))
        point(self.folder, version)


def _line_of_champions(history: Sequence[Entry]) -> Sequence[str]:
    """Who would be gone back to, one after the other; the last one serves."""
    line: list[str] = []
    for entry in history:
        if entry.action is Action.ROLLED_BACK and len(line) >= 2 and line[-2] == entry.version:
            line.pop()
        elif entry.action is not Action.REGISTERED:
            line.append(entry.version)
    return line

"""The gate's policy, by a versioned file: contact limits, refused grades, what is withheld by chance, how small an audience may be."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.records import Grade
from graph_model.services.consent_facts import CHANNELS

DEFAULT_POLICY = Path(__file__).with_name("gate_policy.toml")
ANY_CHANNEL = "any"
_LONGEST_DAYS = 3_660
_MOST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` contacts in `days`, through one channel or through any."""

    channel: str
    most: int
    days: int

    def covers(self, channel: str) -> bool:
        return self.channel in (ANY_CHANNEL, channel)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    version: str
    limits: tuple[Limit, ...]
    grades: frozenset[Grade]  # that are not handed out
    most_days: int  # a scoring of everybody that is older says nothing of today's risk
    holdout: float  # the share that is always withheld
    resting: float  # the share that is withheld for a spell from all channels, and as many from each by itself
    spell_days: int
    least_members: int
    least_circle: int
    valid_days: int


@dataclass(frozen=True, slots=True)
class Gate:
    """The policy, and the home's secret by which chance is drawn, so that nobody else can draw it."""

    policy: GatePolicy
    secret: bytes


@cache
def load_gate_policy(path: Path = DEFAULT_POLICY) -> GatePolicy:
    """Raises InvalidRequest `gate.policy` where the file is no policy."""
    try:
        return _parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as exc:
        raise InvalidRequest(
            f"{path.name} is no gate policy: {_wrong(exc)}. Compare it with the one that comes with Guanxi.",
            code="gate.policy",
        ) from exc


def _wrong(exc: Exception) -> str:
    return f"{exc} is missing" if isinstance(exc, KeyError) else str(exc)


def _parse(content: Mapping[str, Any]) -> GatePolicy:
    risk, withheld, audience = content["risk"], content["withheld"], content["audience"]
    policy = GatePolicy(
        version=str(content["version"]),
        limits=tuple(Limit(str(one["channel"]), int(one["most"]), int(one["days"])) for one in content["limit"]),
        grades=frozenset(Grade(grade) for grade in risk["grades"]),
        most_days=int(risk["most_days"]),
        holdout=float(withheld["holdout"]),
        resting=float(withheld["resting"]),
        spell_days=int(withheld["spell_days"]),
        least_members=int(audience["least_members"]),
        least_circle=int(audience["least_circle"]),
        valid_days=int(audience["valid_days"]),
    )
    if not policy.version:
        raise ValueError("a policy needs a version")
    for limit in policy.limits:
        if limit.channel not in (ANY_CHANNEL, *CHANNELS) or limit.most < 1 or not 1 <= limit.days <= _LONGEST_DAYS:
            raise ValueError("a limit names a channel (or any), at least one contact, and a number of days")
    if not 1 <= policy.most_days <= _MOST_DAYS:
        raise ValueError(f"a scoring is good for 1 to {_MOST_DAYS} days")
    if not (0.01 <= policy.holdout <= 0.5 and 0 <= policy.resting <= 0.5 and policy.spell_days >= 1):
        raise ValueError("a holdout is 0.01 to 0.5, a resting share 0 to 0.5, and a spell a day or more")
    if min(policy.least_members, policy.least_circle) < 2 or not 1 <= policy.valid_days <= 31:
        raise ValueError("an audience and a circle have two members or more, and are valid for 1 to 31 days")
    return policy

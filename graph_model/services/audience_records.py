"""What is kept of an audience: its recipe, and each version as it was drawn, with its members. Small texts in the store, in pieces where they are many.

Members are kept in the order of their opaque ids, which are random: the order tells nothing. Members are written first, then their version, then the
audience: what is there is whole, and what was broken off is seen by nobody.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from graph_model.moments import from_ms, to_ms
from graph_model.services.circle_lists import KeyOrder
from graph_model.services.lookalikes import TagLikeness, Trait
from graph_model.store import GraphStore

_AUDIENCE, _VERSION, _MEMBERS, _TAKEN = "audience/", "audience-version/", "audience-members/", "audience-name/"
_PIECE = 2_000  # members in one text
_MOST = 1_000  # audiences, and versions of one


@dataclass(frozen=True, slots=True)
class Recipe:
    """Where the people come from: some circles, or all of them; everybody in them, or the strongest spreaders; and how many who are like them
    join them."""

    circles: tuple[str, ...] = ()
    spreaders: int | None = None
    by: KeyOrder = KeyOrder.REACH
    grow: int = 0


@dataclass(frozen=True, slots=True)
class Audience:
    id: str
    name: str
    channel: str
    purpose: str
    recipe: Recipe
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Withdrawal:
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Version:
    """One draw, frozen. `risk_at` is the moment from which risk was looked at when it was drawn; `excluded` sums with `members` to `candidates`. `grown` of the
    members are like the others, by `likeness`."""

    audience_id: str
    number: int
    drawn_by: str
    drawn_at: datetime
    risk_at: datetime
    valid_until: datetime
    policy_version: str
    candidates: int
    excluded: Mapping[str, int]
    members: int
    draft: str  # tells its members from those of draws that lost
    withdrawn: Withdrawal | None = None
    grown: int = 0
    likeness: tuple[TagLikeness, ...] = ()


def keep(store: GraphStore, audience: Audience) -> bool:
    """False where another audience has its name. A name whose audience never came to be, since whoever took it was killed, is free."""
    name = _TAKEN + blake2b(audience.name.encode(), digest_size=16).hexdigest()
    holder = store.state(name)
    if holder is not None and read(store, holder) is not None:
        return False
    return store.swap_state(name, expected=holder, value=audience.id) and store.swap_state(
        _AUDIENCE + audience.id, expected=None, value=_dump(asdict(audience))
    )


def keep_version(store: GraphStore, version: Version, node_ids: Sequence[str]) -> bool:
    """False where another draw was quicker and has this number; nothing of this one is kept then."""
    ordered = sorted(node_ids)
    for number, piece in enumerate(_pieces(version)):
        store.put_state(piece, ",".join(ordered[number * _PIECE : (number + 1) * _PIECE]))
    name = _VERSION + _name(version.audience_id, version.number)
    kept = store.swap_state(name, expected=None, value=_dump(_plainly(version)))
    if not kept:
        _drop_members(store, version)
    return kept


def drop_version(store: GraphStore, version: Version) -> None:
    """Of an audience that did not come to be."""
    name = _VERSION + _name(version.audience_id, version.number)
    store.swap_state(name, expected=_dump(_plainly(version)), value=None)
    _drop_members(store, version)


def _drop_members(store: GraphStore, version: Version) -> None:
    for piece in _pieces(version):
        store.swap_state(piece, expected=store.state(piece), value=None)


def withdraw(store: GraphStore, version: Version, withdrawal: Withdrawal) -> bool:
    """False where somebody changed it meanwhile."""
    name = _VERSION + _name(version.audience_id, version.number)
    changed = _dump(_plainly(version) | {"withdrawn": asdict(withdrawal)})
    return store.swap_state(name, expected=_dump(_plainly(version)), value=changed)


def read(store: GraphStore, audience_id: str) -> Audience | None:
    text = store.state(_AUDIENCE + audience_id)
    return None if text is None else _audience(text)


def newest(store: GraphStore, *, limit: int = _MOST) -> list[Audience]:
    """The newest first, as their ids begin with a moment."""
    return [_audience(text) for text in store.states(_AUDIENCE, limit=limit).values()]


def versions(store: GraphStore, audience_id: str) -> list[Version]:
    """The newest first."""
    return [_version(text) for text in store.states(f"{_VERSION}{audience_id}/", limit=_MOST).values()]


def members(store: GraphStore, version: Version, *, after: str = "") -> Iterator[list[str]]:
    """The frozen members behind one, piece by piece."""
    for piece in _pieces(version):
        text = store.state(piece)
        ids = [] if not text else text.split(",")
        rest = ids[bisect_right(ids, after) :]
        if len(rest) > 0:
            yield rest


def valid_until(drawn_at: datetime, days: int) -> datetime:
    return drawn_at + timedelta(days=days)


def _pieces(version: Version) -> list[str]:
    """The names of the texts that hold its members."""
    prefix = f"{_MEMBERS}{_name(version.audience_id, version.number)}/{version.draft}/"
    return [f"{prefix}{piece:05d}" for piece in range((version.members + _PIECE - 1) // _PIECE)]


def _name(audience_id: str, number: int) -> str:
    return f"{audience_id}/{number:04d}"


def _plainly(version: Version) -> dict[str, object]:
    """As it is written: what grew is only in those that did, as in those that were drawn before there was growing."""
    kept = asdict(version)
    if version.grown == 0:
        del kept["grown"], kept["likeness"]
    return kept


def _dump(record: Mapping[str, object]) -> str:
    return orjson.dumps(record, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _plain(value: object) -> int:
    assert isinstance(value, datetime)
    return to_ms(value)


def recipe_of(kept: Mapping[str, Any]) -> Recipe:
    """As `asdict` wrote it."""
    return Recipe(tuple(kept["circles"]), kept["spreaders"], KeyOrder(kept["by"]), kept.get("grow", 0))


def _audience(text: str) -> Audience:
    kept = orjson.loads(text)
    return Audience(**kept | {"created_at": from_ms(kept["created_at"]), "recipe": recipe_of(kept["recipe"])})


def _version(text: str) -> Version:
    kept = orjson.loads(text)
    for moment in ("drawn_at", "risk_at", "valid_until"):
        kept[moment] = from_ms(kept[moment])
    gone = kept.pop("withdrawn")
    likeness = tuple(
        TagLikeness(**each | {"traits": tuple(Trait(**trait) for trait in each["traits"])})
        for each in kept.pop("likeness", ())
    )
    return Version(
        **kept,
        withdrawn=None if gone is None else Withdrawal(gone["by"], from_ms(gone["at"]), gone["reason"]),
        likeness=likeness,
    )

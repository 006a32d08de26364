"""Copying a whole graph from one store to another: streamed, resumable after any interruption, verified by counts and checksums of every kind.

Each page is written in one transaction with the checkpoint that says what comes next, so a copy that was killed goes on without a record lost
or doubled. What others write to the source meanwhile is not followed: the verification finds it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import orjson

from graph_model.errors import InvalidRequest, StoreError
from graph_model.moving_whole import WholeScorings
from graph_model.store import GraphStore, OnProgress, Statistics
from graph_model.transfer import OWN_STATES, Bounds, Checksums, Page, Part

PAGE = 5_000
_CHECKPOINT = f"{OWN_STATES}checkpoint"
_PARTS = tuple(Part)


class CopyDiffers(StoreError):
    """The two graphs are not the same."""

    code = "copy.differs"

    def __init__(self, kinds: list[str]) -> None:
        super().__init__(
            f"The two graphs differ in: {', '.join(kinds)}. If the first was written to meanwhile, stop who writes, empty the second and copy again."
        )


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """Where a copy is. It lies in the target, so that target and place can't differ."""

    source: str
    bounds: Bounds
    part: str | None  # None when all of it is there and only to be verified
    after: str

    def text(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def read(cls, text: str) -> "_Checkpoint":
        kept = orjson.loads(text)
        return cls(kept["source"], Bounds(**kept["bounds"]), kept["part"], kept["after"])


class _Steps:
    """Progress over everything: what is counted, and nothing backwards."""

    def __init__(self, on_progress: OnProgress | None, stage: str, total: int) -> None:
        self._tell, self._stage, self._total, self._done = on_progress, stage, total, 0

    def add(self, number: int) -> None:
        self._done += number
        if self._tell is not None:
            self._tell(self._stage, self._done, max(self._done, self._total))


def export(source: GraphStore, target: GraphStore, *, on_progress: OnProgress | None = None) -> None:
    """Copy `source` as it is into an empty `target` while others write to it, which nobody can verify: a backup where the engine has none.
    Of a scoring that was not complete when it began nothing is in it."""
    whole = WholeScorings.of(source, at_once=PAGE)
    place = _begin(source, target, whole.bounds)
    _move(source, target, place, lambda part, after: whole.page(part, after=after, limit=PAGE), on_progress)
    target.swap_state(_CHECKPOINT, expected=target.state(_CHECKPOINT), value=None)


def copy(source: GraphStore, target: GraphStore, *, on_progress: OnProgress | None = None) -> Checksums:
    """Copy all of `source` into `target`, which is empty or holds the beginning of the same copy. Returns what both hold.

    Raises InvalidRequest for a target that holds anything else, CopyDiffers where the two are not the same in the end.
    """
    if source.address == target.address:
        raise InvalidRequest("A graph can't be copied to itself. Name another place.")
    with source.writing("copy"), target.writing("copy"):
        place = _begin(source, target, source.export_bounds())
        limits = place.bounds
        _move(
            source,
            target,
            place,
            lambda part, after: source.export_records(part, limits, after=after, limit=PAGE),
            on_progress,
        )
        kept = target.state(_CHECKPOINT)
        bounds = source.export_bounds() if kept is None else _Checkpoint.read(kept).bounds
        found = compare(source, target, bounds=bounds, on_progress=on_progress)
        target.swap_state(_CHECKPOINT, expected=kept, value=None)
    return found


def _move(
    source: GraphStore,
    target: GraphStore,
    place: _Checkpoint,
    read: Callable[[Part, str], Page],
    on_progress: OnProgress | None,
) -> None:
    """The copy without its verification; the checkpoint stays."""
    moved = target.statistics()
    steps = _Steps(on_progress, "copy", _records_of(source.statistics()))
    steps.add(_records_of(moved))
    while place.part is not None:
        part = Part(place.part)
        page = read(part, place.after)
        place = _following(place, part, page.after)
        target.import_records(part, page.records, state={_CHECKPOINT: place.text()})
        steps.add(len(page.records))


def compare(
    source: GraphStore, target: GraphStore, *, bounds: Bounds | None = None, on_progress: OnProgress | None = None
) -> Checksums:
    """Read all of both. Returns what they hold; raises CopyDiffers where that is not the same."""
    steps = _Steps(on_progress, "verify", _records_of(source.statistics()) + _records_of(target.statistics()))
    here = _checksums(source, source.export_bounds() if bounds is None else bounds, steps)
    there = _checksums(target, target.export_bounds(), steps)
    different = here.differences(there)
    if len(different) > 0:
        raise CopyDiffers(different)
    return here


def _begin(source: GraphStore, target: GraphStore, bounds: Bounds) -> _Checkpoint:
    kept = target.state(_CHECKPOINT)
    if kept is not None:
        place = _Checkpoint.read(kept)
        if place.source != source.address:
            raise InvalidRequest(
                f"{target.address} holds the beginning of a copy of {place.source}. Finish that one, or empty it first."
            )
        return place
    if _is_used(target):
        raise InvalidRequest(
            f"{target.address} is not empty. Copy to an empty graph; --verify-only compares without writing."
        )
    return _Checkpoint(source.address, bounds, _PARTS[0], "")


def _is_used(store: GraphStore) -> bool:
    counted = store.statistics()
    return _records_of(counted) > 0 or len(store.audit(limit=1)) > 0 or len(store.states("", limit=1)) > 0


def _records_of(counted: Statistics) -> int:
    amounts = (counted.nodes, counted.edges, counted.facts)
    return sum(sum(each.values()) for each in amounts) + counted.assessments


def _following(place: _Checkpoint, part: Part, after: str | None) -> _Checkpoint:
    if after is not None:
        return _Checkpoint(place.source, place.bounds, part.value, after)
    number = _PARTS.index(part) + 1
    return _Checkpoint(place.source, place.bounds, _PARTS[number].value if number < len(_PARTS) else None, "")


def _checksums(store: GraphStore, bounds: Bounds, steps: _Steps) -> Checksums:
    found = Checksums()
    for part in Part:
        after: str | None = ""
        while after is not None:
            page = store.export_records(part, bounds, after=after, limit=PAGE)
            found.add(part, page.records)
            steps.add(len(page.records))
            after = page.after
    return found

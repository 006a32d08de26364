"""Tags whose values are given: those of a file (kind imported), row by row, and those that people give one node at a time (kind manual).

Values are kept like those of rules, with version, base date, moment and source, and what isn't named keeps its own. A file that was broken off is given
again from its beginning: what it said already changes nothing. That a tag has values is remembered before the first is
written, so that whatever was killed in between is counted when it is given again, and taken away when the tag is deleted.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import isfinite

from graph_model.errors import GuanxiError, InvalidRequest, InvalidValue, NotFound
from graph_model.moments import whole
from graph_model.predicates import Among
from graph_model.principal import Principal, Right
from graph_model.schema import SCHEMA
from graph_model.schema.property_types import Day
from graph_model.schema.text import tidy
from graph_model.services.lookup import by_node_id, clean_key
from graph_model.services.tags import dictionary
from graph_model.services.tags.binding import population
from graph_model.services.tags.computing import base_date_of
from graph_model.services.tags.definition import TagDefinition, TagKind, ValueType
from graph_model.services.tags.runs import PREFIX, LastRun, RunStatus, counted_now, last_run, remember, value_text
from graph_model.services.wording import refuse_personal
from graph_model.store import Clock, GraphStore, OnProgress
from graph_model.tagging import TagCell, TagChange, TagRun

AT_ONCE = 1_000  # rows that are looked up and written together
MOST_VALUES = 1_000  # different ones of a tag
_LONGEST = 60
_YES = frozenset({"true", "yes", "1", "y", "t", "是", "有"})
_NO = frozenset({"false", "no", "0", "n", "f", "否", "无"})


@dataclass(frozen=True, slots=True)
class Row:
    """What a file says of one node: its natural key, and the value as text; empty takes the tag away."""

    line: int
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a file, in order; `done` of its `size` are read with them."""

    rows: Sequence[Row]
    done: int
    size: int


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not kept, and why; its values are not repeated."""

    line: int
    code: str
    message: str


OnRefused = Callable[[Sequence[RefusedRow]], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the rows of a file; `reasons` are how many were refused for what."""

    read: int = 0
    changed: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        return sum(self.reasons.values())

    def after(self, part: Part, changes: Sequence[TagChange], refused: Sequence[RefusedRow]) -> "Imported":
        reasons = Counter(self.reasons) + Counter(row.code for row in refused)
        return Imported(self.read + len(part.rows), self.changed + len(changes), dict(reasons))


def take_in(
    store: GraphStore,
    principal: Principal,
    code: str,
    parts: Iterable[Part],
    *,
    source: str,
    base_date: date,
    clock: Clock,
    on_refused: OnRefused,
    on_progress: OnProgress,
) -> Imported:
    """Give the values of a file, in parts of at most AT_ONCE rows, to the nodes that it names; `on_refused` is told the rows that are not kept.
    Raises NotFound; InvalidRequest tag.kind for a tag of another kind, tag.base_date for a day to come, tag.past; StoreLocked where others
    compute tags."""
    principal.require(Right.EDIT_TAGS)
    tag = _given(store, principal, code, TagKind.IMPORTED)
    started = whole(clock())
    if base_date > base_date_of(started):
        raise InvalidRequest("The base date is still to come. Choose today or a day before.", code="tag.base_date")
    with store.writing("tags"):
        told = _begun(
            last_run(store, code), LastRun(tag.version, base_date, RunStatus.RUNNING, started, started, source)
        )
        remember(store, code, told)
        run = TagRun(code, tag.version, base_date, started, source)
        done, values = Imported(), _Values(tag, told.counts)
        try:
            for part in parts:
                refused, changes = _gave(store, values, part.rows, run)
                done, told = done.after(part, changes, refused), told.with_changes(changes, whole(clock()))
                remember(store, code, told)
                on_refused(refused)
                on_progress("tags", part.done, part.size)
            told = _recounted(store, tag, replace(told, status=RunStatus.DONE, heard_at=whole(clock())))
        except Exception as exc:
            error = exc if isinstance(exc, GuanxiError) else _ended()
            remember(store, code, told.failed(error))
            raise
        remember(store, code, told)
    return done


def _begun(before: LastRun | None, run: LastRun) -> LastRun:
    """Those who are not named keep their values, so they go on being counted."""
    return run if before is None else replace(run, counts=before.counts, population=before.population)


def give(
    store: GraphStore, principal: Principal, code: str, node_id: str, value: str | None, *, now: datetime
) -> TagChange | None:
    """Give one node its value of a manual tag, or take it away with None; None where it had it already. Raises NotFound; InvalidRequest tag.kind,
    tag.subject for a node of another type, tag.value, tag.values, text.personal."""
    principal.require(Right.RECORD)
    tag = _given(store, principal, code, TagKind.MANUAL)
    node = by_node_id(store, node_id)
    if node.label != tag.label:
        raise InvalidRequest(f"The tag {code} is about {tag.label}, not {node.label}.", code="tag.subject")
    last = last_run(store, code)
    cell = None if value is None else _Values(tag, {} if last is None else last.counts).read(value)
    moment = whole(now)
    run = TagRun(code, tag.version, base_date_of(moment), moment, principal.source)
    if last is None:
        # Before the first value; else another did.
        store.swap_state(PREFIX + code, expected=None, value=_done(run).dump())
    changes = store.give_tag(run, {node_id: cell})
    _count(store, tag, run, changes)
    return changes[0] if len(changes) > 0 else None


def _given(store: GraphStore, principal: Principal, code: str, kind: TagKind) -> TagDefinition:
    tag = dictionary.find(store, principal, code)
    if tag.kind is not kind:
        how = {
            TagKind.RULE: "are computed by its rule",
            TagKind.COMPUTED: f"are computed by {tag.computation}",
            TagKind.IMPORTED: "come in files (`guanxi tags import`)",
            TagKind.MANUAL: "are given one by one (`guanxi tags set`)",
        }[tag.kind]
        raise InvalidRequest(f"The values of {code} {how}. Take a tag of kind {kind}.", code="tag.kind")
    return tag


def _gave(
    store: GraphStore, values: "_Values", rows: Sequence[Row], run: TagRun
) -> tuple[list[RefusedRow], list[TagChange]]:
    """Of two rows about one node the later holds."""
    label = values.tag.label
    refused: list[RefusedRow] = []
    read: list[tuple[Row, str, TagCell | None]] = []
    for row in rows:
        try:
            read.append((row, clean_key(label, row.key), values.read(row.value)))
        except InvalidValue as exc:
            refused.append(RefusedRow(row.line, exc.reason, exc.message))
        except GuanxiError as exc:
            refused.append(RefusedRow(row.line, exc.code, exc.message))
    keys = list(dict.fromkeys(key for _, key, _ in read))
    found = store.select(label, Among(SCHEMA.node(label).key.name, keys), limit=AT_ONCE) if len(keys) > 0 else []
    ids = {node.key: node.node_id for node in found}
    unknown = NotFound(f"No {label} with this key is in the graph.")
    refused += [RefusedRow(row.line, unknown.code, unknown.message) for row, key, _ in read if key not in ids]
    wanted = {ids[key]: cell for _, key, cell in read if key in ids}
    return sorted(refused, key=lambda row: row.line), store.give_tag(run, wanted)


class _Values:
    """Reads the values of one tag, and how many different ones there are."""

    def __init__(self, tag: TagDefinition, there: Collection[str]) -> None:
        self.tag = tag
        self._seen = set(there)

    def read(self, text: str) -> TagCell | None:
        """Raises InvalidRequest tag.value, tag.values, text.personal, or InvalidValue for no day."""
        cell = self._cell(tidy(text))
        if cell is not None:
            told = value_text(cell)
            if told not in self._seen and len(self._seen) >= MOST_VALUES:
                raise InvalidRequest(
                    f"The tag has {MOST_VALUES:,} different values already. Group them, or round numbers into steps.",
                    code="tag.values",
                )
            self._seen.add(told)
        return cell

    def _cell(self, text: str) -> TagCell | None:
        kind = self.tag.value_type
        if not text:
            return None
        match kind:
            case ValueType.BOOL:
                return _yes(text)
            case ValueType.NUMBER:
                return _number(text)
            case ValueType.DATE:
                day = Day().clean(text)
                return day.isoformat() if isinstance(day, date) else None
        if len(text) > _LONGEST:
            raise InvalidRequest(f"A value of a tag has at most {_LONGEST} characters.", code="tag.value")
        refuse_personal(text)
        return text


def _yes(text: str) -> TagCell | None:
    word = text.casefold()
    if word in _YES:
        return 1
    if word in _NO:
        return None
    raise InvalidRequest("The tag says yes or is missing: write yes or no.", code="tag.value")


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise InvalidRequest("The tag holds numbers, such as 12 or 3.5.", code="tag.value")
    return number


def _done(run: TagRun) -> LastRun:
    return LastRun(run.version, run.base_date, RunStatus.DONE, run.computed_at, run.computed_at, run.source)


def _recounted(store: GraphStore, tag: TagDefinition, told: LastRun) -> LastRun:
    """With everybody counted: what a kill between two writes left uncounted is told again."""
    return replace(told, counts=counted_now(store, tag), population=_everybody(store, tag, told.base_date))


def _everybody(store: GraphStore, tag: TagDefinition, base_date: date, told: LastRun | None = None) -> int:
    """How many the tag can be about. Of identifiers, as for rules, those that something uses: that takes a look at each, so what was told of the
    same day holds."""
    if not SCHEMA.node(tag.label).identifier:
        return store.statistics().nodes.get(tag.label, 0)
    if told is not None and told.base_date == base_date and told.population > 0:
        return told.population
    return store.count(tag.label, population(tag.label, base_date))


def _count(store: GraphStore, tag: TagDefinition, run: TagRun, changes: Sequence[TagChange]) -> None:
    """Count what a person changed, whoever else counts at the same time; where nothing changed, as when somebody gives again what was cut short,
    everybody."""
    while True:
        text = store.state(PREFIX + tag.code)
        now = run.computed_at
        told = _done(run) if text is None else LastRun.parse(text)
        if len(changes) == 0:
            counted = _recounted(store, tag, told)
            if counted == told:
                return
        else:
            everybody = _everybody(store, tag, run.base_date, told)
            told = replace(told, version=tag.version, base_date=run.base_date, started_at=now, by=run.source)
            counted = replace(told.with_changes(changes, now), population=everybody)
        if store.swap_state(PREFIX + tag.code, expected=text, value=counted.dump()):
            return


def _ended() -> InvalidRequest:
    return InvalidRequest("The import was ended before it was through. Import the file again.", code="tag.ended")

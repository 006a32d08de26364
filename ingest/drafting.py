"""Drafts a mapping for foreign files: what a column is guessed by its name and by what its first rows hold. What is unsure is said in comments.

The guess reads no more than the first rows, so it is a beginning for a person, who is told what to look at.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path

import orjson
import polars as pl

from graph_model.errors import InvalidValue
from graph_model.schema import PropertyType
from graph_model.schema.identifiers import (
    AccountNumber,
    EmailAddress,
    IpAddressText,
    PhoneNumber,
    ResidentId,
    SocialHandle,
)
from graph_model.schema.property_types import Choice, Day, Moment
from ingest.header import kind_by_name, plain_header
from ingest.layout import KINDS, RECORDED_AT, SOURCE, Column, FileKind
from ingest.open_file import open_file
from ingest.synonyms import PLAIN, plain

SAMPLE_ROWS = 500
GOOD = 0.9  # of the filled fields that must fit a type for a column to be of it
TELLING = (
    ResidentId,
    PhoneNumber,
    AccountNumber,
    EmailAddress,
    IpAddressText,
    SocialHandle,
)  # types that hardly anything else fits
FORMATS = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %b %Y", "%b %d, %Y", "%d%m%Y"),
    *("%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"),
    *("%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%Y-%m-%d %H:%M:%S %z", "%s"),
)  # fmt: skip
_CARD = re.compile(r"[3-6]\d{15,18}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BY_NAME, _ALIKE, _BY_CONTENT, _AGAINST = 4.0, 1.5, 2.0, -1.5
_LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Sampled:
    """A foreign column and what its first rows hold: the filled fields."""

    name: str
    texts: Sequence[str]

    def fits(self, type_: PropertyType) -> float:
        """The share of the fields that the type takes; 0 where there are none."""
        return sum(_takes(type_, text) for text in self.texts) / len(self.texts) if self.texts else 0.0


@dataclass(frozen=True, slots=True)
class Guess:
    """One column of the layout, where it is taken from, and what to look at. `rule` is TOML."""

    column: Column
    own: Sampled
    rule: str
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftedFile:
    """The guess about one file."""

    file: str
    kind: FileKind
    guesses: Sequence[Guess]
    missing: Sequence[str]  # columns that every row needs
    left_out: Sequence[str]  # columns of the file
    doubts: Sequence[str] = field(default_factory=tuple)
    options: Sequence[str] = field(default_factory=tuple)  # lines of TOML


def draft(paths: Sequence[Path]) -> str:
    """A mapping of the files, as TOML with comments. Raises an IngestError for a file that can't be read."""
    lines = [
        "# Drafted by `guanxi mapping init` from the header and the first rows. Look at what is marked UNSURE or MISSING, then:"
    ]
    lines += ["#   guanxi mapping check THIS_FILE FILE…", "# docs/mapping.md explains every key."]
    for path in paths:
        lines += ["", *_written(drafted(path))]
    return "\n".join(lines) + "\n"


def drafted(path: Path) -> DraftedFile:
    sampled = _sample(path)
    named = kind_by_name(path)
    kinds = [named] if named is not None else list(KINDS.values())
    ranked = sorted((_guessed(path.name, kind, sampled) for kind in kinds), key=_worth, reverse=True)
    best = ranked[0]
    if named is not None:
        return best
    doubts = [f"the kind is guessed from the columns; it may be {ranked[1].kind.name}"] if _is_close(ranked) else []
    if _worth(best)[0] < 1:
        doubts = ["the columns hardly tell the kind of the rows: is it one of " + ", ".join(KINDS) + "?"]
    return DraftedFile(best.file, best.kind, best.guesses, best.missing, best.left_out, doubts, best.options)


def _worth(file: DraftedFile) -> tuple[float, int]:
    """How well a kind explains a file: the share of its needed columns that were found, then how many were found."""
    needed = len(file.kind.needed)
    return (needed - len(file.missing)) / needed, len(file.guesses)


def _is_close(ranked: Sequence[DraftedFile]) -> bool:
    return len(ranked) > 1 and _worth(ranked[0]) == _worth(ranked[1])


def _sample(path: Path) -> list[Sampled]:
    opened = open_file(path)
    header = plain_header(path.name, opened.header, known=frozenset(opened.header))
    batches = opened.rows(header, rows=SAMPLE_ROWS, offset=opened.start, line=opened.line)
    frame = next(
        (batch.frame for batch in islice(batches, 1)), pl.DataFrame(schema=dict.fromkeys(header.names, pl.String))
    )
    return [
        Sampled(name, [text.strip() for text in frame.get_column(name).to_list() if text and text.strip()])
        for name in header.names
    ]


def _guessed(file: str, kind: FileKind, sampled: Sequence[Sampled]) -> DraftedFile:
    pairs = [(_likeness(column, own), column, own) for column in kind.columns for own in sampled]
    pairs = [pair for pair in pairs if pair[0] >= _LEAST]
    pairs.sort(key=lambda pair: (-pair[0], not pair[1].needed))
    found: dict[str, Guess] = {}
    taken: set[str] = set()
    for _, column, own in pairs:
        if column.name not in found and own.name not in taken:
            found[column.name] = _guess(column, own)
            taken.add(own.name)
    options = []
    phone = found.get("phone")
    if phone is not None and phone.own.texts and phone.own.fits(PhoneNumber()) < GOOD:
        options.append("# keep_invalid_phones = true   # keeps phones that are no valid numbers as raw:…, flagged")
    return DraftedFile(
        file,
        kind,
        [found[column.name] for column in kind.columns if column.name in found],
        [name for name in kind.needed if name not in found],
        [own.name for own in sampled if own.name not in taken],
        options=options,
    )


def _likeness(column: Column, own: Sampled) -> float:
    """How much speaks for the column of the file being that of the layout: its name, and what it holds."""
    name = plain(own.name)
    if name in PLAIN[column.name]:
        likeness = _BY_NAME
    else:
        alike = max(SequenceMatcher(None, name, word).ratio() for word in PLAIN[column.name])
        likeness = _ALIKE if alike >= 0.8 else 0.0
    if len(own.texts) == 0 or column.name in (SOURCE, RECORDED_AT):
        return likeness
    if isinstance(column.type, TELLING):
        if _tells(column, own):
            return likeness + _BY_CONTENT
        return likeness + (_AGAINST if own.fits(column.type) < 0.5 else 0.0)
    if isinstance(column.type, Choice):
        return likeness + (_BY_CONTENT if own.fits(column.type) >= GOOD else 0.0)
    return likeness


def _tells(column: Column, own: Sampled) -> bool:
    """Whether what the column holds says what it is. An account that is no card could be anything."""
    texts = [text.replace(" ", "") for text in own.texts]
    if isinstance(column.type, AccountNumber) and sum(map(bool, map(_CARD.fullmatch, texts))) < GOOD * len(texts):
        return False
    return isinstance(column.type, TELLING) and own.fits(column.type) >= GOOD


def _guess(column: Column, own: Sampled) -> Guess:
    doubts = []
    if plain(own.name) not in PLAIN[column.name]:
        doubts.append(
            "guessed from what it holds, not from its name" if _tells(column, own) else "the name is only alike"
        )
    good = own.fits(column.type)
    plain_rule = _quoted(own.name)
    if len(own.texts) == 0:
        return Guess(column, own, plain_rule, (*doubts, "it is empty in the first rows"))
    if good >= GOOD:
        return Guess(column, own, plain_rule, tuple(doubts))
    if isinstance(column.type, Day | Moment):
        fitting = [form for form in FORMATS if _parsed(own, form) >= GOOD]
        if fitting:
            others = f"; it may be {' or '.join(fitting[1:])}" if len(fitting) > 1 else ""
            doubts += [f"day and month can't be told apart{others}"] if others else []
            return Guess(column, own, f"{{ from = {plain_rule}, format = {_quoted(fitting[0])} }}", tuple(doubts))
        doubts.append('its dates are in no form that is known: add format = "…"')
    elif isinstance(column.type, Choice):
        codes = [text for text in dict.fromkeys(own.texts) if not _takes(column.type, text)]
        if len(codes) <= 12 and all(len(code) <= 20 for code in codes):
            table = ", ".join(f'{_quoted(code)} = "…"' for code in codes)
            doubts.append(f"translate its codes into {', '.join(column.type.codes())}: values = {{ {table} }}")
        else:
            doubts.append(f"it holds other words than {', '.join(column.type.codes())}")
    elif isinstance(column.type, ResidentId) and good < 0.5:
        prefixed = Sampled(own.name, [f"OTHER:{text}" for text in own.texts])
        if prefixed.fits(column.type) >= GOOD:
            doubts.append("no resident IDs: kept as other documents")
            return Guess(column, own, f'{{ from = {plain_rule}, prefix = "OTHER:" }}', tuple(doubts))
    if not isinstance(column.type, Choice | Day | Moment):
        doubts.append(f"{round(good * 100)} % of its first {len(own.texts)} values are valid")
    return Guess(column, own, plain_rule, tuple(doubts))


def _takes(type_: PropertyType, text: str) -> bool:
    try:
        type_.clean(text)
    except InvalidValue:
        return False
    return True


def _parsed(own: Sampled, form: str) -> float:
    """The share of the fields that are a plausible moment in this form."""
    years = pl.Series(own.texts, dtype=pl.String).str.strptime(pl.Datetime("ms"), form, strict=False).dt.year()
    return float(((years >= 1900) & (years <= 2200)).sum()) / len(own.texts)


def _written(file: DraftedFile) -> Iterator[str]:
    yield from (f"# UNSURE: {doubt}" for doubt in file.doubts)
    yield f"[files.{_quoted(file.file)}]"
    yield f'kind = "{file.kind.name}"'
    yield f"source = {_quoted(Path(file.file).stem.partition('.')[0][:64] or 'file')}   # the system that says so"
    yield from file.options
    yield ""
    yield f"[files.{_quoted(file.file)}.columns]"
    for guess in file.guesses:
        comment = f"   # UNSURE: {'; '.join(guess.doubts)}" if guess.doubts else ""
        yield f"{guess.column.name} = {guess.rule}{comment}"
    for name in file.missing:
        yield f'# {name} = "…"   # MISSING: {file.kind.name} need it'
    if file.left_out:
        yield f"# not read: {', '.join(_quoted(name) for name in file.left_out)}"


def _quoted(text: str) -> str:
    """A text in TOML."""
    return orjson.dumps(text).decode().replace("\x7f", "\\u007f")

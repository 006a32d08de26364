"""Cleans columns of text by the schema's property types. Bad values become refusals, never exceptions; repeated values are cleaned once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from graph_model.errors import InvalidValue
from graph_model.records import EMPTY, NodeRef
from graph_model.schema import SCHEMA, PropertyType, Value
from graph_model.schema.identifiers import birth_date_of, sex_of
from graph_model.schema.text import tidy
from ingest.layout import Column

CACHE = 50_000  # different texts remembered per column
_OPEN_TEXT = re.compile(r"[A-Za-z_\-]*|[0-9.:/T+\-]*")
_DIGITS = re.compile(r"\d{5}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value is not taken. `shown` is the value, masked."""

    reason: str
    message: str
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A node that a value names, with what the value itself tells of it."""

    ref: NodeRef
    properties: "dict[str, Value]"


class ColumnCleaner(Generic[T]):
    """Cleans the texts of one column; `read` makes a value of a text that is not empty, or raises InvalidValue.

    What it gives is a value, a refusal that says why there is none, or None for an empty field."""

    def __init__(self, read: Callable[[str], T], *, open_text: bool) -> None:
        self._read = read
        self._open_text = open_text
        self._known: dict[str, T | Refusal | None] = {"": None}
        self.refused = 0  # since the cleaner was made
        self.filled = 0

    def clean(self, texts: Sequence[str | None]) -> list[T | Refusal | None]:
        known = self._known
        if len(known) > CACHE:
            known.clear()
            known[""] = None
        cleaned: list[T | Refusal | None] = []
        append = cleaned.append
        for text in texts:
            if text is None:
                append(None)
                continue
            try:
                value = known[text]
            except KeyError:
                value = known[text] = self._clean(text)
            if value is not None:
                self.filled += 1
                if value.__class__ is Refusal:
                    self.refused += 1
            append(value)
        return cleaned

    def _clean(self, text: str) -> T | Refusal | None:
        if len(tidy(text)) == 0:
            return None
        try:
            return self._read(text)
        except InvalidValue as exc:
            return Refusal(exc.reason, exc.message, masked(text, open_text=self._open_text))


def value_cleaner(column: Column) -> ColumnCleaner[Value]:
    """For a column that sets a property, a moment or a choice."""
    return ColumnCleaner(column.type.clean, open_text=is_open(column))


def node_cleaner(label: str, *, text: str | None = None) -> ColumnCleaner[Named]:
    """For a column that names a node. `text` is the property that keeps the value as it was written."""
    clean = SCHEMA.node(label).key.type.clean
    keep: PropertyType | None = None if text is None else SCHEMA.node(label).declared(text).type

    def read(raw: str) -> Named:
        key = str(clean(raw))
        if label == "Customer":
            return Named(NodeRef(label, key), derived(key))
        return Named(NodeRef(label, key), dict(EMPTY) if keep is None or text is None else {text: keep.clean(raw)})

    return ColumnCleaner(read, open_text=False)


def derived(id_number: str) -> dict[str, Value]:
    """What a clean resident ID says of its holder; nothing for other documents."""
    sex, born = sex_of(id_number), birth_date_of(id_number)
    return {} if sex is None or born is None else {"sex": sex, "birth_date": born}


def is_open(column: Column) -> bool:
    """Whether a refused value of the column may be shown when it is plainly a word or a date (`aproved`, `2026-13-01`)."""
    return column.node is None and not column.personal


def masked(text: str, *, open_text: bool = False) -> str:
    """A text with its middle hidden: at most a quarter of it, and never more than three characters, on either side."""
    text = tidy(text)
    if open_text and len(text) <= 32 and _OPEN_TEXT.fullmatch(text) and not _DIGITS.search(text):
        return text
    kept = min(3, len(text) // 4)
    return f"{text[:kept]}{'*' * min(12, len(text) - 2 * kept)}{text[len(text) - kept :]}"

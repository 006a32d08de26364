"""Cleans columns of text by the schema's property types. Bad values become refusals, never exceptions; repeated values are cleaned once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from graph_model.errors import InvalidValue
from graph_model.records import NodeRef
from graph_model.schema import SCHEMA, Value
from graph_model.schema.identifiers import birth_date_of, is_raw_phone, sex_of
from graph_model.schema.text import tidy
from ingest.layout import Column

REMEMBERED = 20_000  # different texts of a column
# Where that many are known, and asked for, and more than this part of a batch's texts are new, texts of the column don't come again.
TELLING, ALL_BUT = 1_000, 0.9
OLDEST_BIRTH = date(1900, 1, 1)
_OPEN_TEXT = re.compile(r"[A-Za-z_\-]*|[0-9.:/T+\-]*")
_DIGITS = re.compile(r"\d{5}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value is not taken. `shown` is the value, masked."""

    reason: str
    message: str
    shown: str = ""


class Named:
    """A node that a value names, with what the value itself tells of it. Compared by identity: columns of them are counted and compared in bulk.
    Files bring these by the million, and a plain class is made in a third of the time; nobody changes one."""

    __slots__ = ("properties", "ref")

    def __init__(self, ref: NodeRef, properties: dict[str, Value]) -> None:
        self.ref = ref
        self.properties = properties


class ColumnCleaner(Generic[T]):
    """Cleans the texts of one column; `read` makes a value of a text that is not empty, or raises InvalidValue.

    What it gives is a value, a refusal that says why there is none, or None for an empty field. What it learnt is kept while texts come again:
    a column of ever new ones would fill the memory for nothing."""

    def __init__(self, read: Callable[[str], T], *, open_text: bool) -> None:
        self._read = read
        self._open_text = open_text
        self._known: dict[str | None, T | Refusal | None] = {None: None}
        self._repeats = True
        self.may_refuse = False  # whether the last answer can hold a refusal

    def clean(self, texts: Sequence[str | None]) -> list[T | Refusal | None]:
        known, different = self._known, set(texts)
        fresh = different.difference(known)
        if min(len(known), len(different)) > TELLING and len(fresh) > ALL_BUT * len(different):
            self._repeats = False
        if not self._repeats or len(known) > REMEMBERED:
            known, fresh = {None: None}, different
            self.may_refuse = False
        for text in fresh:
            if text is not None:
                known[text] = self._clean(text)
        self._known = known if self._repeats else {None: None}
        return list(map(known.__getitem__, texts))

    def _clean(self, text: str) -> T | Refusal | None:
        if text == "" or text.isspace():
            return None
        try:
            return self._read(text)
        except InvalidValue as exc:
            if len(tidy(text)) == 0:
                return None
            self.may_refuse = True
            return Refusal(exc.reason, exc.message, masked(text, open_text=self._open_text))


def value_cleaner(column: Column) -> ColumnCleaner[Value]:
    """For a column that sets a property, a moment or a choice."""
    return ColumnCleaner(column.type.clean, open_text=is_open(column))


def node_cleaner(label: str, today: date, *, text: str | None = None) -> ColumnCleaner[Named]:
    """For a column that names a node. `text` is the property that keeps the value as it was written. A customer is born by `today`."""
    clean = SCHEMA.node(label).key.type.clean

    def customer(raw: str) -> Named:
        key = str(clean(raw))
        told = derived(key)
        check_birth(told.get("birth_date"), today)
        return Named(NodeRef(label, key), told)

    told = _as_written(label, text)
    may_be_raw = label == "Phone"

    def written(raw: str) -> Named:
        key = str(clean(raw))
        if may_be_raw and is_raw_phone(key):
            return Named(NodeRef(label, key), {"invalid": True})
        return Named(NodeRef(label, key), told(raw))

    return ColumnCleaner(customer if label == "Customer" else written, open_text=False)


def _as_written(label: str, text: str | None) -> Callable[[str], dict[str, Value]]:
    """What tells a value as it was written, in the property `text`; nothing where there is none."""
    if text is None:
        return lambda _: {}
    tidied = SCHEMA.node(label).declared(text).type.clean
    return lambda raw: {text: tidied(raw)}


def check_birth(birth: Value | None, today: date) -> None:
    """Raises InvalidValue for a birth that can't be that of a living customer."""
    if not isinstance(birth, date):
        return
    if birth > today:
        raise InvalidValue(
            "customer.birth_in_future", "The birth date lies in the future. Check it, and the document number."
        )
    if birth < OLDEST_BIRTH:
        raise InvalidValue(
            "customer.birth_implausible",
            f"The birth date lies before {OLDEST_BIRTH.year}. Check it, and the document number.",
        )


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

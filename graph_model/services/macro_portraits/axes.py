"""The axes of a macro portrait: which categories a tag's values make, in which order, and the rule that says each of them. Pure.

A category's rule is in the language of tags and segments, so that whoever sees a cell can go on with those in it. Numbers of many values are cut at
quantiles of everybody's values at the tag's own last run: the edges are the same in every table of that day, whatever it is crossed with.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

import orjson

from graph_model.crossing import CrossCell
from graph_model.services.tags.definition import TagDefinition, ValueType
from graph_model.services.tags.reading import value_of
from graph_model.tagging import TagCell

MOST_SHOWN = 20  # categories of an axis; those of fewer people are one together
MOST_PLAIN = 8  # different numbers that are shown as they are
BINS = 5


class Kind(StrEnum):
    VALUE = "value"
    MISSING = "missing"  # has no such tag
    OTHER = "other"  # several of them, together


@dataclass(frozen=True, slots=True)
class Category:
    """`value` is what people read of it: a value, `1 – 5`, `2026-03`; empty for those without the tag, and for several together."""

    kind: Kind
    value: str
    rule: str


class TagAxis:
    """The categories of one tag's values, and where in them a value belongs."""

    def __init__(self, tag: TagDefinition, cells: Sequence[CrossCell], counts: Mapping[str, int]) -> None:
        """`cells` are the values found (None for none, months of dates), `counts` how many of everybody have which, by value as JSON."""
        values = sorted({cell for cell in cells if cell is not None and not isinstance(cell, tuple)}, key=_order)
        self._edges: list[float] = []
        self._place: dict[TagCell, int] = {}
        self.categories: list[Category] = []
        if tag.value_type is ValueType.NUMBER and len(values) > MOST_PLAIN:
            self._edges = quantile_edges({float(orjson.loads(text)): number for text, number in counts.items()})
            self.categories = _bins(tag.code, self._edges)
        else:
            self._place = {value: place for place, value in enumerate(values)}
            self.categories = [_category(tag, value) for value in values]
        self.categories.append(Category(Kind.MISSING, "", _missing(tag)))

    def place(self, cell: CrossCell) -> int:
        if cell is None or isinstance(cell, tuple):
            return len(self.categories) - 1
        return self._place[cell] if len(self._place) > 0 else bisect_right(self._edges, float(cell))


def quantile_edges(counts: Mapping[float, int]) -> list[float]:
    """Where numbers are cut into at most BINS parts of about as many people: each edge begins a part, and there is one at least."""
    total, reached, edges = sum(counts.values()), 0, list[float]()
    for value, number in sorted(counts.items()):
        if reached > 0 and len(edges) + 1 < BINS and reached * BINS >= total * (len(edges) + 1):
            edges.append(value)
        reached += number
    return edges if len(edges) > 0 else sorted(counts)[-1:]


def product_category(field: str, value: str) -> Category:
    """Those who applied for one product, or through one channel."""
    return Category(Kind.VALUE, value, f"degree(APPLIED to Application where {field} = {quoted(value)}) >= 1")


def together(categories: Sequence[Category]) -> Category:
    return Category(Kind.OTHER, "", f"({' or '.join(category.rule for category in categories)})")


def both(row: Category, column: Category, segment: str | None = None) -> str:
    """The rule of a cell."""
    rule = f"{row.rule} and {column.rule}"
    return rule if segment is None else f"segment({segment}) and {rule}"


def quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text else f"'{text}'"


def _category(tag: TagDefinition, value: TagCell) -> Category:
    shown = str(value) if tag.value_type is ValueType.DATE else value_of(tag.value_type, value)
    match tag.value_type:
        case ValueType.BOOL:
            rule = f"tag({tag.code})"
        case ValueType.TEXT:
            rule = f"tag({tag.code}) = {quoted(shown)}"
        case ValueType.NUMBER:
            rule = f"tag({tag.code}) = {shown}"
        case ValueType.DATE:
            first = date.fromisoformat(f"{shown}-01")
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            rule = f"tag({tag.code}) >= {first} and tag({tag.code}) < {following}"
    return Category(Kind.VALUE, shown, f"({rule})" if " and " in rule else rule)


def _bins(code: str, edges: Sequence[float]) -> list[Category]:
    texts = [value_of(ValueType.NUMBER, edge) for edge in edges]
    found = [Category(Kind.VALUE, f"< {texts[0]}", f"tag({code}) < {texts[0]}")]
    for low, high in pairwise(texts):
        found.append(Category(Kind.VALUE, f"{low} – < {high}", f"(tag({code}) >= {low} and tag({code}) < {high})"))
    return [*found, Category(Kind.VALUE, f"≥ {texts[-1]}", f"tag({code}) >= {texts[-1]}")]


def _missing(tag: TagDefinition) -> str:
    return f"not tag({tag.code})" if tag.value_type is ValueType.BOOL else f"tag({tag.code}) is missing"


def _order(value: TagCell) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")

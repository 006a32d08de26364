"""Macro portraits as the API tells of them, and the documents that ask for them."""

from datetime import date

from pydantic.dataclasses import dataclass

from investigator_ui.contract import ANSWER
from investigator_ui.marketing.tag_contract import TagName

CHOICES = """query PagePortraitChoices { tags { code nameZh nameEn type valueType figures { baseDate } } segments { code name } }"""
PORTRAIT = """query PageMacroPortrait($rows: String!, $columns: String, $by: Applied, $segment: String) {
  macroPortrait(rows: $rows, columns: $columns, by: $by, segment: $segment) {
    rows { kind value rule total } columns { kind value rule total } cells { count rowShare columnShare share lift }
    population suppressed overlapping exact sources { code baseDate } } }"""

DOCUMENTS = {"PagePortraitChoices": CHOICES, "PageMacroPortrait": PORTRAIT}


@dataclass(frozen=True, slots=True, config=ANSWER)
class Computed:
    base_date: date


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagChoice(TagName):
    type: str
    value_type: str
    figures: Computed | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class SegmentChoice:
    code: str
    name: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class Category:
    """`kind`: VALUE, MISSING or OTHER; `rule` says who is in it."""

    kind: str
    value: str
    rule: str
    total: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class Cell:
    """All None: not told."""

    count: int | None = None
    row_share: float | None = None
    column_share: float | None = None
    share: float | None = None
    lift: float | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Source:
    code: str
    base_date: date


@dataclass(frozen=True, slots=True, config=ANSWER)
class Macro:
    rows: tuple[Category, ...]
    columns: tuple[Category, ...]
    cells: tuple[tuple[Cell, ...], ...]
    population: int
    suppressed: int
    overlapping: bool
    exact: bool
    sources: tuple[Source, ...] = ()

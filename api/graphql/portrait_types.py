"""GraphQL types of macro portraits (宏观画像): categories, totals and cells of two tags crossed."""

from datetime import date
from enum import Enum

import strawberry

from graph_model.services.macro_portraits import axes, portrait


@strawberry.enum(description="What customers applied for, or through.")
class Applied(Enum):
    PRODUCT = "product"
    CHANNEL = "channel"


@strawberry.enum(
    description="VALUE: one value, or a span of them. MISSING: without the tag. OTHER: several of few people, together."
)
class CategoryKind(Enum):
    VALUE = "value"
    MISSING = "missing"
    OTHER = "other"


@strawberry.type(description="A row or a column.")
class PortraitCategory:
    kind: CategoryKind
    value: str = strawberry.field(description="As people read it; empty unless `kind` is VALUE.")
    rule: str = strawberry.field(description="Who is in it, in the language of tags and segments.")
    total: int

    @classmethod
    def of(cls, category: axes.Category, total: int) -> "PortraitCategory":
        return cls(kind=CategoryKind(category.kind.value), value=category.value, rule=category.rule, total=total)


@strawberry.type(
    description="Who is in a row and a column. All numbers are null where so few are that it isn't told, or could be computed from it."
)
class PortraitCell:
    count: int | None
    row_share: float | None = strawberry.field(
        description="Of the row: the confidence that who is in the row is in the column."
    )
    column_share: float | None = strawberry.field(
        description="Of the column: the confidence that who is in the column is in the row."
    )
    share: float | None = strawberry.field(description="Of everybody.")
    lift: float | None = strawberry.field(
        description="How many times as many as if row and column had nothing to do with each other."
    )

    @classmethod
    def of(cls, cell: portrait.Cell) -> "PortraitCell":
        return cls(
            count=cell.count,
            row_share=cell.row_share,
            column_share=cell.column_share,
            share=cell.share,
            lift=cell.lift,
        )


@strawberry.type(description="The base date of a tag's values.")
class PortraitSource:
    code: str
    base_date: date


@strawberry.type(
    description="标签关联画像. For who may not see risk, numbers are rounded to 5, few people are told together or not at all, and "
    "nothing that is left out can be computed from the rest."
)
class MacroPortrait:
    rows: list[PortraitCategory]
    columns: list[PortraitCategory]
    cells: list[list[PortraitCell]] = strawberry.field(description="By row, then column.")
    population: int
    suppressed: int = strawberry.field(description="Cells that are not told.")
    overlapping: bool = strawberry.field(
        description="Somebody may be in several columns, so that rows sum to more than their totals."
    )
    exact: bool = strawberry.field(description="Numbers are neither rounded nor left out.")
    sources: list[PortraitSource]
    segment: str | None = strawberry.field(
        description="Within whom: the rule of a cell is `segment(…) and` those of its row and column."
    )

    @classmethod
    def of(cls, found: portrait.MacroPortrait) -> "MacroPortrait":
        return cls(
            rows=[
                PortraitCategory.of(category, total)
                for category, total in zip(found.rows, found.row_totals, strict=True)
            ],
            columns=[
                PortraitCategory.of(category, total)
                for category, total in zip(found.columns, found.column_totals, strict=True)
            ],
            cells=[[PortraitCell.of(cell) for cell in row] for row in found.cells],
            population=found.population,
            suppressed=found.suppressed,
            overlapping=found.overlapping,
            exact=found.exact,
            sources=[PortraitSource(code=code, base_date=day) for code, day in found.on.items()],
            segment=found.segment,
        )

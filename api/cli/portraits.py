"""`guanxi tags cross`: a macro portrait (宏观画像) as a table."""

from contextlib import closing
from typing import Annotated

import typer

from api.cli.chain import ACTOR
from api.cli.terminal import HomeOption, StoreOption, columns, out, settings_from
from graph_model.principal import Principal, Role
from graph_model.services.macro_portraits import portrait
from graph_model.services.macro_portraits.axes import Category, Kind
from graph_model.services.macro_portraits.portrait import Applied, Cell
from graph_model.store import utc_now
from graph_model.stores import open_store


def cross(
    rows: Annotated[str, typer.Argument(help="The tag whose values are the rows.")],
    other: Annotated[str | None, typer.Argument(help="The tag whose values are the columns.")] = None,
    by: Annotated[Applied | None, typer.Option(help="What customers applied for, as the columns.")] = None,
    segment: Annotated[str | None, typer.Option(help="Only those in this segment.")] = None,
    marketer: Annotated[bool, typer.Option("--marketer", help="As a marketer is told it.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="With the rule of every row and column.")] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Cross a tag with another, or with what customers applied for: how many, their share of the row, and lift."""
    principal = Principal(ACTOR, Role.MARKETER if marketer else Role.SUPERVISOR)
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        found = portrait.cross(opened, principal, rows, other, by, segment=segment, now=utc_now())
    table = columns(rows, *map(_name, found.columns), "all")
    for category, cells, total in zip(found.rows, found.cells, found.row_totals, strict=True):
        table.add_row(_name(category), *map(_cell, cells), f"{total:,}")
    table.add_row("all", *(f"{total:,}" for total in found.column_totals), f"{found.population:,}")
    out.print(table)
    if found.suppressed > 0:
        out.print("–: fewer than 10 people, or so many that those could be computed from it.")
    if found.overlapping:
        out.print("Whoever is in several columns counts in each.")
    if rules:
        for category in (*found.rows, *found.columns):
            out.print(f"{_name(category)}: {category.rule}")


def _name(category: Category) -> str:
    return {Kind.VALUE: category.value, Kind.MISSING: "without it", Kind.OTHER: "others"}[category.kind]


def _cell(cell: Cell) -> str:
    if cell.count is None or cell.row_share is None or cell.lift is None:
        return "–"
    return f"{cell.count:,} ({cell.row_share:.0%}, ×{cell.lift:.2f})"

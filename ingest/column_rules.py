"""Makes the layout's columns from a file's, as a mapping says: constants, codes, dates, prefixes, defaults. What does not fit stays as it was written,
for the cleaning to refuse."""

from collections.abc import Iterator
from functools import lru_cache

import polars as pl

from graph_model.errors import InvalidValue
from graph_model.schema.identifiers import PhoneNumber, is_raw_phone
from graph_model.schema.property_types import Day
from ingest.header import Header, Step
from ingest.layout import TARGET_LABELS, FileKind, RelationRows
from ingest.mapping_values import ColumnRule

_PHONE = PhoneNumber()


def shaped(frame: pl.DataFrame, kind: FileKind, header: Header, *, keep_invalid_phones: bool) -> pl.DataFrame:
    """The frame with the columns that the header's steps make; phones that are no numbers marked as such where they are kept."""
    if header.steps:
        frame = frame.with_columns([_made(step, kind).alias(step.target) for step in header.steps])
    if keep_invalid_phones:
        frame = frame.with_columns(list(_kept_phones(frame, kind)))
    return frame


def _made(step: Step, kind: FileKind) -> pl.Expr:
    rule = step.rule
    if rule.value is not None:
        return pl.lit(rule.value, pl.String)
    if step.read is None:
        return pl.lit(rule.default, pl.String)
    text = pl.col(step.read)
    if rule.is_plain:
        return text
    text = text.str.strip_chars()
    text = pl.when(text != "").then(text)
    if rule.values:
        text = text.replace(dict(rule.values))
    if rule.formats:
        to_day = isinstance(kind.column(step.target).type, Day)
        text = pl.coalesce([*(_read(text, form, rule, to_day) for form in rule.formats), text])
    if rule.prefix:
        text = pl.when(text.str.starts_with(rule.prefix)).then(text).otherwise(pl.lit(rule.prefix) + text)
    return text if rule.default is None else text.fill_null(rule.default)


def _read(text: pl.Expr, form: str, rule: ColumnRule, to_day: bool) -> pl.Expr:
    moment = text.str.strptime(pl.Datetime("ms"), form, strict=False)
    if to_day:
        return moment.dt.to_string("%Y-%m-%d")
    if "%z" in form:
        return moment.dt.to_string("%Y-%m-%dT%H:%M:%S%.3f%:z")
    return moment.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.3f{rule.offset}")


def _kept_phones(frame: pl.DataFrame, kind: FileKind) -> Iterator[pl.Series]:
    for column in kind.columns:
        if column.name not in frame.columns:
            continue
        texts = frame.get_column(column.name)
        if column.node == "Phone":
            yield texts.map_elements(_kept, return_dtype=pl.String)
        elif isinstance(kind.rows, RelationRows) and column.name == kind.rows.target:
            relations = frame.get_column(kind.rows.relation).to_list()
            kept = [
                _kept(text) if text and _names_phone(kind, relation) else text
                for text, relation in zip(texts.to_list(), relations, strict=True)
            ]
            yield pl.Series(column.name, kept, pl.String)


@lru_cache(20_000)
def _kept(text: str) -> str:
    try:
        (key,) = _PHONE.keys(text)
    except InvalidValue:
        return text
    return key if is_raw_phone(key) else text


@lru_cache(100)
def _names_phone(kind: FileKind, relation: str | None) -> bool:
    """Whether the target of a relation, as it is written, is a phone."""
    try:
        name = kind.column("relation").type.clean(relation or "")
    except InvalidValue:
        return False
    return TARGET_LABELS[str(name)] == "Phone"

"""Reads a mapping file: TOML that says what other people's files are. Every key is in `KEYS`, and in docs/mapping.md with its meaning.

Whatever it does not know it refuses, with the nearest word that it does.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graph_model.errors import InvalidValue
from graph_model.schema.property_types import Day, Moment
from ingest.errors import BadMapping, FileUnreadable
from ingest.layout import KINDS, MAX_SOURCE_LENGTH, SOURCE
from ingest.mapping_values import (
    DEFAULT_SOURCE,
    ColumnRule,
    FileMapping,
    IngestMapping,
    SkippedRows,
    TableMapping,
    nearest,
)

ROWS = ("kind", "source", "keep_invalid_phones", "columns")
COLUMN = ("from", "value", "values", "format", "offset", "prefix", "default")
TABLE = ("name", "select", *ROWS)
SKIPPED = ("name", "select", "why")
KEYS: Mapping[str, Sequence[str]] = {
    "the file": ("files", "sources", "tables", "skipped"),
    "files": ROWS,
    "columns": COLUMN,
    "tables": TABLE,
    "skipped": SKIPPED,
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OFFSET = re.compile(r"[+-]\d\d:\d\d|")
_CODES = re.compile(r"%(?:[YymdeHIMSpbBjzs%]|\.f)")
_SELECT = re.compile(r"\s*(?:--[^\n]*\n\s*)*(?:select|with)\b", re.IGNORECASE)
_READS_FILES = re.compile(r"\b(?:read_\w+|scan_\w+)\s*\(", re.IGNORECASE)


def load_mapping(path: Path) -> IngestMapping:
    """Reads a TOML mapping. Raises BadMapping, naming the nearest valid word for whatever it does not know."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise FileUnreadable(f"{path} can't be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise BadMapping(f"{path.name} is no TOML in UTF-8: {exc}.") from exc
    where = path.name
    _only(content, KEYS["the file"], where)
    sources = {_name(name, f"{where}, sources"): file for name, file in _table(content, "sources", where).items()}
    for name, file in sources.items():
        if not isinstance(file, str) or file == "":
            raise BadMapping(f'{where}, sources: {name} must be the name of a file, such as "{name}.csv".')
    tables = [_derived(entry, place, where) for place, entry in enumerate(_list(content, "tables", where), start=1)]
    skipped = [_skipped(entry, place, where) for place, entry in enumerate(_list(content, "skipped", where), start=1)]
    if (tables or skipped) and not sources:
        raise BadMapping(f"{where} has tables and no [sources] to make them of. Name the files: [sources] nodes = …")
    if sources and not (tables or skipped):
        raise BadMapping(
            f"{where} has [sources] and makes no table of them. Add one: [[tables]], with name, kind, select."
        )
    names = [table.name for table in tables] + [rows.name for rows in skipped]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadMapping(f"{where} names two tables {twice}. Rename one.")
    files = {name: _files(entry, f'{where}, files."{name}"') for name, entry in _table(content, "files", where).items()}
    return IngestMapping(files, sources, tables, skipped, where)


def _table(content: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise BadMapping(f"{where}: {name} is no table.")
    return table


def _list(content: Mapping[str, Any], name: str, where: str) -> Sequence[Any]:
    entries = content.get(name, [])
    if not isinstance(entries, list):
        raise BadMapping(f"{where}: {name} is no list of tables. Write [[{name}]] above each.")
    return entries


def _only(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise BadMapping(
                f"{where} has an unknown entry {name}.{nearest(name, known)} It may have: {', '.join(known)}."
            )


def _name(name: str, where: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadMapping(f"{where}: {name} is no name. Use letters, digits and _.")
    return name


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table.get(name, "")
    if not isinstance(value, str):
        raise BadMapping(f"{where}: {name} is no text. Put it in quotes.")
    return value


def _files(entry: object, where: str) -> Sequence[FileMapping]:
    """One entry, or several for a file with rows of several kinds."""
    entries = entry if isinstance(entry, list) else [entry]
    mappings = [_rows(one, where, ROWS) for one in entries]
    kinds = [mapping.kind for mapping in mappings]
    if len(kinds) > 1 and (None in kinds or len(set(kinds)) < len(kinds)):
        raise BadMapping(f"{where}: of several entries for one file each names another kind.")
    return mappings


def _rows(table: object, where: str, keys: Sequence[str]) -> FileMapping:
    if not isinstance(table, dict):
        raise BadMapping(f"{where} is no table.")
    _only(table, keys, where)
    kind = table.get("kind")
    if kind is not None and kind not in KINDS:
        raise BadMapping(f"{where}: there is no kind {kind}.{nearest(str(kind), KINDS)} There are: {', '.join(KINDS)}.")
    columns = _table(table, "columns", where)
    targets = (
        [c.name for c in KINDS[kind].columns] if kind else sorted({c.name for k in KINDS.values() for c in k.columns})
    )
    for target in columns:
        if target not in targets:
            raise BadMapping(f"{where}: the layout has no column {target}.{nearest(target, targets)}")
    keep = table.get("keep_invalid_phones", False)
    if not isinstance(keep, bool):
        raise BadMapping(f"{where}: keep_invalid_phones is true or false.")
    rules = {target: _rule(kind, target, rule, f"{where}, column {target}") for target, rule in columns.items()}
    return FileMapping(kind, _source(table.get("source", DEFAULT_SOURCE), where), rules, keep)


def _rule(kind: str | None, target: str, entry: object, where: str) -> ColumnRule:
    if isinstance(entry, str):
        return ColumnRule(entry)
    if not isinstance(entry, dict):
        raise BadMapping(
            f'{where} must name a column of the file, as text, or say more: {{ from = "…", prefix = "…" }}.'
        )
    _only(entry, COLUMN, where)
    if "value" in entry and len(entry) > 1:
        raise BadMapping(f"{where}: a constant `value` stands alone. `default` fills in for empty fields.")
    values = _table(entry, "values", where)
    for code, ours in values.items():
        if not isinstance(ours, str):
            raise BadMapping(f"{where}: values.{code} is no text. Put it in quotes.")
    formats = entry.get("format", [])
    formats = [formats] if isinstance(formats, str) else formats
    if not isinstance(formats, list) or not all(isinstance(form, str) for form in formats):
        raise BadMapping(f"{where}: format is a text, or a list of texts.")
    if formats:
        _check_formats(kind, target, formats, where)
    offset = _text(entry, "offset", where)
    if not _OFFSET.fullmatch(offset):
        raise BadMapping(f'{where}: offset has the form "+08:00".')
    if offset and not formats:
        raise BadMapping(f"{where}: offset goes with format. Say how the moments are written.")
    return ColumnRule(
        own=_text(entry, "from", where) or None,
        value=_text(entry, "value", where) if "value" in entry else None,
        values=dict(values),
        formats=tuple(formats),
        offset=offset,
        prefix=_text(entry, "prefix", where),
        default=_text(entry, "default", where) if "default" in entry else None,
    )


def _check_formats(kind: str | None, target: str, formats: Sequence[str], where: str) -> None:
    kinds = [KINDS[kind]] if kind else KINDS.values()
    types = [column.type for one in kinds for column in one.columns if column.name == target]
    if not any(isinstance(type_, Day | Moment) for type_ in types):
        raise BadMapping(f"{where} is no date, so it has no format.")
    for form in formats:
        if "%" in _CODES.sub("", form) or not _CODES.search(form):
            raise BadMapping(
                f"{where}: the format {form} is not understood. It is written like %d/%m/%Y %H:%M:%S, of %Y %y %m %d %e %b %B %j %H %I %M %S %.f %p %z %s."
            )


def _source(value: object, where: str) -> str:
    try:
        return str(KINDS["customers"].column(SOURCE).type.clean(str(value)))
    except InvalidValue as exc:
        raise BadMapping(f"{where}: source is a text of 1 to {MAX_SOURCE_LENGTH} characters.") from exc


def _derived(given: object, place: int, where: str) -> TableMapping:
    entry, name, select, where = _select(given, place, f"{where}, tables", TABLE)
    if "kind" not in entry:
        raise BadMapping(f"{where} has no kind. It is one of: {', '.join(KINDS)}.")
    return TableMapping(name, select, _rows({key: entry[key] for key in entry if key in ROWS}, where, ROWS))


def _skipped(given: object, place: int, where: str) -> SkippedRows:
    entry, name, select, where = _select(given, place, f"{where}, skipped", SKIPPED)
    return SkippedRows(name, select, _text(entry, "why", where))


def _select(given: object, place: int, where: str, keys: Sequence[str]) -> tuple[Mapping[str, Any], str, str, str]:
    """The entry, its name, its query and where it stands."""
    if not isinstance(given, dict):
        raise BadMapping(f"{where} {place} is no table.")
    _only(given, keys, f"{where} {place}")
    name = _text(given, "name", f"{where} {place}")
    if name == "":
        raise BadMapping(f"{where} {place} has no name. Reports and errors call it by that.")
    where = f"{where} {_name(name, where)}"
    select = _text(given, "select", where)
    if not _SELECT.match(select):
        raise BadMapping(f"{where}: select is one SELECT, with or without a WITH before it.")
    if _READS_FILES.search(select):
        raise BadMapping(f"{where}: a table is made of the [sources] only. Name the file there.")
    return given, name, select, where

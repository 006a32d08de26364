"""Which kind a file is of and which of its columns mean what: by its name, or by a TOML mapping file.

[files."clients_2026.csv"]
kind = "customers"
source = "core-banking"        # for rows without a source column

[files."clients_2026.csv".columns]
id_number = "cert_no"          # column of the layout = column of the file
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graph_model.errors import InvalidValue
from graph_model.schema.text import tidy
from ingest.errors import BadHeader, BadMapping, FileUnreadable, MissingColumns, UnknownKind
from ingest.layout import KINDS, MAX_SOURCE_LENGTH, SOURCE, FileKind

DEFAULT_SOURCE = "file"


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What a mapping says of one file. `columns` goes from a column of the layout to the file's own."""

    kind: str | None = None
    source: str = DEFAULT_SOURCE
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IngestMapping:
    """A mapping file, by file name."""

    files: Mapping[str, FileMapping] = field(default_factory=dict)

    def of(self, path: Path) -> FileMapping:
        return self.files.get(path.name, FileMapping())


NO_MAPPING = IngestMapping()


def nearest(name: str, candidates: Iterable[str]) -> str:
    """` Did you mean …?` for a misspelt name, or nothing."""
    close = get_close_matches(folded(name), list(candidates), n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""


def folded(name: str) -> str:
    """The form in which names of columns and kinds are compared."""
    return tidy(name).casefold()


def load_mapping(path: Path) -> IngestMapping:
    """Reads a TOML mapping. Raises BadMapping, naming the nearest valid word for whatever it does not know."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise FileUnreadable(f"{path} can't be read: {exc.strerror}.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise BadMapping(f"{path.name} is no TOML in UTF-8: {exc}.") from exc
    _only(content, ("files",), path.name)
    return IngestMapping(
        {
            name: _file(table, f'{path.name}, files."{name}"')
            for name, table in _table(content, "files", path.name).items()
        }
    )


def _table(content: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise BadMapping(f"{where}: {name} is no table.")
    return table


def _only(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise BadMapping(
                f"{where} has an unknown entry {name}.{nearest(name, known)} It may have: {', '.join(known)}."
            )


def _file(table: object, where: str) -> FileMapping:
    if not isinstance(table, dict):
        raise BadMapping(f"{where} is no table.")
    _only(table, ("kind", "source", "columns"), where)
    kind = table.get("kind")
    if kind is not None and kind not in KINDS:
        raise BadMapping(f"{where}: there is no kind {kind}.{nearest(str(kind), KINDS)} There are: {', '.join(KINDS)}.")
    columns = _table(table, "columns", where)
    targets = (
        [c.name for c in KINDS[kind].columns] if kind else sorted({c.name for k in KINDS.values() for c in k.columns})
    )
    for target, own in columns.items():
        if target not in targets:
            raise BadMapping(f"{where}: the layout has no column {target}.{nearest(target, targets)}")
        if not isinstance(own, str):
            raise BadMapping(f"{where}: {target} must name a column of the file, as text.")
    taken: dict[str, str] = {}
    for target, own in columns.items():
        if (first := taken.setdefault(folded(own), target)) != target:
            raise BadMapping(f"{where}: {first} and {target} are both read from {own}. A column has one meaning.")
    return FileMapping(kind, _source(table.get("source", DEFAULT_SOURCE), where), dict(columns))


def _source(value: object, where: str) -> str:
    try:
        return str(KINDS["customers"].column(SOURCE).type.clean(str(value)))
    except InvalidValue as exc:
        raise BadMapping(f"{where}: source is a text of 1 to {MAX_SOURCE_LENGTH} characters.") from exc


def kind_by_name(path: Path) -> FileKind | None:
    """The kind that a file's name says: all before the first hyphen or dot (`customers.csv`, `customers-20260302T093000Z.csv`)."""
    return KINDS.get(path.name.partition(".")[0].partition("-")[0].casefold())


def kind_of(path: Path, mapping: IngestMapping) -> FileKind:
    """Raises UnknownKind where neither the mapping nor the name says one."""
    named = mapping.of(path).kind
    kind = KINDS[named] if named else kind_by_name(path)
    if kind is None:
        raise UnknownKind(
            f"{path.name} is none of the kinds of file: {', '.join(KINDS)}.{nearest(path.stem, KINDS)} Rename it, or name its kind in a mapping file:"
            f' [files."{path.name}"] kind = "customers".'
        )
    return kind


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of one file, in its order. `names` are unique: a column of the layout under its name there, another under its own."""

    names: tuple[str, ...]
    known: frozenset[str]  # of names: columns of the layout
    unknown: tuple[str, ...]  # left out, and reported
    absent: tuple[str, ...]  # columns of the layout that the file does not have


def resolve_header(file: str, kind: FileKind, header: Sequence[str], mapping: FileMapping) -> Header:
    """Raises BadHeader for a name that is there twice, MissingColumns, or BadMapping for a mapped column that is not there."""
    own = [folded(name) or f"(column {index})" for index, name in enumerate(header, start=1)]
    for name in own:
        if own.count(name) > 1:
            raise BadHeader(f"{file} has two columns {name}. Rename or remove one.")
    target_of: dict[str, str] = {}
    for target, name in mapping.columns.items():
        if folded(name) not in own:
            raise BadMapping(f"{file} has no column {name}, which the mapping names for {target}.{nearest(name, own)}")
        target_of[folded(name)] = target
    layout = {c.name for c in kind.columns}
    names: list[str] = []
    for name in own:
        if name in target_of:
            names.append(target_of[name])
        elif name in layout and name in mapping.columns:
            names.append(f"_own_{name}")  # the mapping takes this one from another column
        else:
            names.append(name)
    known = frozenset(names) & layout
    missing = [name for name in kind.needed if name not in known]
    if missing:
        hints = "".join(nearest(name, (n for n in own if n not in known)) for name in missing[:1])
        raise MissingColumns(
            f"{file} lacks {_list(missing)}, which {kind.name} need.{hints} It has: {', '.join(own)}. "
            "Rename the columns as in docs/data-layout.md, or name them in a mapping file."
        )
    return Header(
        tuple(names),
        known,
        tuple(n for n in names if n not in layout and not n.startswith("_")),
        tuple(c.name for c in kind.columns if c.name not in known),
    )


def _list(names: Sequence[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"

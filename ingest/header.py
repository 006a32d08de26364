"""Which kind a file is of and which of its columns mean what: by its name and its header, and by what a mapping says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import BadHeader, BadMapping, MissingColumns, UnknownKind
from ingest.layout import KINDS, FileKind
from ingest.mapping_values import ColumnRule, FileMapping, folded, nearest


def kind_by_name(path: Path) -> FileKind | None:
    """The kind that a file's name says: all before the first hyphen or dot (`customers.csv`, `customers-20260302T093000Z.csv`)."""
    return KINDS.get(path.name.partition(".")[0].partition("-")[0].casefold())


def kind_of(path: Path, mapping: FileMapping) -> FileKind:
    """Raises UnknownKind where neither the mapping nor the name says one."""
    kind = KINDS[mapping.kind] if mapping.kind else kind_by_name(path)
    if kind is None:
        raise UnknownKind(
            f"{path.name} is none of the kinds of file: {', '.join(KINDS)}.{nearest(path.stem, KINDS)} Rename it, or name its kind in a mapping file"
            f' ([files."{path.name}"] kind = "customers"), which `guanxi mapping init {path.name}` drafts.'
        )
    return kind


@dataclass(frozen=True, slots=True)
class Step:
    """A column of the layout that is made from another of the frame, or from nothing where `read` is None."""

    target: str
    read: str | None
    rule: ColumnRule


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of one file, in its order. `names` are unique: a column of the layout under its name there, another under its own.
    `steps` make the columns of the layout that are no column of the file as it is."""

    names: tuple[str, ...]
    known: frozenset[str]  # columns of the layout, of names or made by steps
    unknown: tuple[str, ...]  # left out, and reported
    absent: tuple[str, ...]  # columns of the layout that the file does not have
    steps: tuple[Step, ...] = ()

    @property
    def shaped(self) -> tuple[str, ...]:
        """The columns after the steps."""
        return (*self.names, *(step.target for step in self.steps if step.target not in self.names))


def plain_header(file: str, header: Sequence[str], *, known: frozenset[str]) -> Header:
    """A file's columns under the names that it gives them. Raises BadHeader."""
    names = tuple(name.strip() or f"(column {index})" for index, name in enumerate(header, start=1))
    _unique(file, [folded(name) for name in names])
    return Header(names, frozenset(names) & known, (), ())


def resolve_header(file: str, kind: FileKind, header: Sequence[str], mapping: FileMapping) -> Header:
    """Raises BadHeader for a name that is there twice, MissingColumns, or BadMapping for a mapped column that is not there."""
    own = [folded(name) or f"(column {index})" for index, name in enumerate(header, start=1)]
    _unique(file, own)
    targets_of = _targets(file, own, mapping)
    layout = {c.name for c in kind.columns}
    names: list[str] = []
    for name in own:
        if name in targets_of:
            names.append(targets_of[name][0])
        elif name in layout and name in mapping.columns:
            names.append(f"_own_{name}")  # the mapping takes this one from another column
        else:
            names.append(name)
    steps = tuple(_steps(targets_of, mapping))
    known = (frozenset(names) | {step.target for step in steps}) & layout
    missing = [name for name in kind.needed if name not in known]
    if missing:
        hints = "".join(nearest(name, (n for n in own if n not in known)) for name in missing[:1])
        raise MissingColumns(
            f"{file} lacks {_list(missing)}, which {kind.name} need.{hints} It has: {', '.join(own)}. "
            "Rename the columns as in docs/data-layout.md, or name them in a mapping file as in docs/mapping.md."
        )
    return Header(
        tuple(names),
        known,
        tuple(n for n in names if n not in layout and not n.startswith("_")),
        tuple(c.name for c in kind.columns if c.name not in known),
        steps,
    )


def _unique(file: str, own: Sequence[str]) -> None:
    for name in own:
        if own.count(name) > 1:
            raise BadHeader(f"{file} has two columns {name}. Rename or remove one.")


def _targets(file: str, own: Sequence[str], mapping: FileMapping) -> dict[str, list[str]]:
    """Column of the file → the columns of the layout that come from it."""
    targets_of: dict[str, list[str]] = {}
    for target, rule in mapping.columns.items():
        name = folded(rule.own) if rule.own is not None else target
        if rule.value is not None or (rule.own is None and name not in own and rule.default is not None):
            continue
        if name not in own:
            raise BadMapping(
                f"{file} has no column {rule.own or target}, which the mapping names for {target}.{nearest(name, own)} "
                f"It has: {', '.join(own)}."
            )
        targets_of.setdefault(name, []).append(target)
    return targets_of


def _steps(targets_of: dict[str, list[str]], mapping: FileMapping) -> list[Step]:
    read_from = {target: targets[0] for targets in targets_of.values() for target in targets}
    return [
        Step(target, read_from.get(target), rule)
        for target, rule in mapping.columns.items()
        if not (rule.is_plain and read_from.get(target) == target)
    ]


def _list(names: Sequence[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"

"""`python -m api.contract [--release]`: what api/schema.graphql takes away from clients since the last release, and whether the changelog says so.

`api/schema.released.graphql` is the contract as clients know it. A removed or narrowed field, argument or value, and a default that
answers differently, must be named in the changelog, under "Breaking API changes" of what is unreleased. `--release` makes the present schema
the released one; it belongs into the commit of a release.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    BreakingChange,
    DangerousChange,
    DangerousChangeType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
)

SCHEMA = Path(__file__).with_name("schema.graphql")
RELEASED = Path(__file__).with_name("schema.released.graphql")
CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
HEADING = "### Breaking API changes"

# Who leaves an argument out gets another answer. What is added, on the other hand, breaks no client that keeps to docs/api.md.
_ALSO_BREAKING = frozenset(
    {DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE, DangerousChangeType.INPUT_FIELD_DEFAULT_VALUE_CHANGE}
)
_MEMBER = re.compile(r"@?\w+\.\w+(?:\(\w+:\))?|@\w+(?:\(\w+:\))?")


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that clients lose: its schema coordinate, and what became of it."""

    coordinate: str  # Type, Type.field, Type.field(argument:), Enum.VALUE
    description: str


def taken(released: GraphQLSchema, current: GraphQLSchema) -> list[Taken]:
    """What clients of `released` lose with `current`."""
    changes: list[BreakingChange | DangerousChange] = [*find_breaking_changes(released, current)]
    changes += [c for c in find_dangerous_changes(released, current) if c.type in _ALSO_BREAKING]
    types = set(released.type_map)
    return [Taken(_coordinate(change.description, types), change.description) for change in changes]


def told(changelog: str) -> set[str]:
    """The coordinates that the unreleased part names between backticks, under its heading."""
    unreleased = re.split(r"(?m)^## ", changelog.partition("## [Unreleased]")[2])[0]
    section = re.split(r"(?m)^###? ", unreleased.partition(HEADING)[2])[0]
    return set(re.findall(r"`([^`]+)`", section))


def untold(changes: Iterable[Taken], changelog: str) -> list[Taken]:
    named = told(changelog)
    return [change for change in changes if change.coordinate not in named]


def _coordinate(description: str, types: set[str]) -> str:
    """graphql-core tells a change in a sentence, with its coordinate in it."""
    found = _MEMBER.search(description)
    if found is not None:
        return found.group().rstrip(".")
    names = [word for word in re.findall(r"\w+", description) if word in types]
    return names[0] if len(names) > 0 else description


def main(arguments: Sequence[str]) -> int:
    if "--release" in arguments:
        RELEASED.write_text(SCHEMA.read_text(encoding="utf-8"), encoding="utf-8")
        return 0
    released, current = (build_schema(path.read_text(encoding="utf-8")) for path in (RELEASED, SCHEMA))
    missing = untold(taken(released, current), CHANGELOG.read_text(encoding="utf-8"))
    for change in missing:
        sys.stderr.write(
            f"{change.description}\n  Take it back, or add to CHANGELOG.md under “{HEADING}”: - `{change.coordinate}`: …\n"
        )
    return 1 if len(missing) > 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

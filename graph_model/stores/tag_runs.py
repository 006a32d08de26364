"""Runs of tags, as every adapter reads them and what it refuses of them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms
from graph_model.records import AsOf
from graph_model.tagging import TagCell, TagChange, TagRun, TagValue


def past(newest: str) -> InvalidRequest:
    return InvalidRequest(
        f"The tag has values of {newest} already, and its past is not written anew. Choose that base date or a later one.",
        code="tag.past",
    )


def run_of(row: Sequence[Any]) -> TagRun:
    """Of code, version, base date, moment and source, as they are kept."""
    code, version, base_date, computed_at, source = row
    return TagRun(code, version, date.fromisoformat(base_date), from_ms(computed_at), source)


def shown(history: Iterable[TagValue], on: date | None, as_of: AsOf | None) -> dict[str, list[TagValue]]:
    """Of each node its tags by code, as the last of the runs that speak by then left them. Values of one node and tag come by rising run."""
    last = {(value.node_id, value.run.code): value for value in history if value.run.speaks_by(on, as_of)}
    found: dict[str, list[TagValue]] = {}
    for (node_id, _), value in sorted(last.items(), key=lambda item: item[0]):
        if value.value is not None:
            found.setdefault(node_id, []).append(value)
    return found


def changes(
    run: TagRun, wanted: Mapping[str, TagCell | None], there: Mapping[str, Sequence[TagValue]]
) -> list[TagChange]:
    """What differs between the values that nodes are to have and their newest ones."""
    found = []
    for node_id, now in wanted.items():
        before = next((value.value for value in there.get(node_id, ()) if value.run.code == run.code), None)
        if before != now:
            found.append(TagChange(node_id, before, now))
    return found

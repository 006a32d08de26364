"""Expanding one node: its neighbours, placed by the API clear of what is there, as elements to add. Nothing that is there moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from investigator_ui.address import Expanded
from investigator_ui.client import Point, UserApi
from investigator_ui.elements import Element, Shown, expansion_elements, node_label, omitted_by_node

CAP = 25  # neighbours added at once; the rest is counted and can be asked for again


@dataclass(frozen=True, slots=True)
class Addition:
    """What to add to the canvas. `omitted` says how much of the parent's neighbourhood is shown, where not all is."""

    parent: str
    elements: list[Element]
    omitted: Shown | None

    @property
    def nodes(self) -> int:
        return sum("position" in element for element in self.elements)

    @property
    def edges(self) -> int:
        return len(self.elements) - self.nodes


def expand(
    user: UserApi,
    expanded: Expanded,
    *,
    there: Mapping[str, Point],
    drawn: Iterable[str],
    as_of: datetime | None,
    source_only: bool = False,
) -> Addition:
    """`there` says where each node on the canvas is now; `drawn` are the ids of the relationships on it."""
    parent = expanded.node_id
    answer = user.neighbours(
        parent, there=there, relationship=expanded.relationship, cap=CAP, as_of=as_of, source_only=source_only
    )
    elements = expansion_elements(answer, parent=parent, known={*there, *drawn})
    return Addition(parent, elements, omitted_by_node(answer.omissions).get(parent))


def add(elements: list[Element], addition: Addition) -> list[Element]:
    """The elements with the addition; the parent's label says what is still left out."""
    before = [_relabelled(e, addition.omitted) if e["data"]["id"] == addition.parent else e for e in elements]
    return before + addition.elements


def relabel(caption: str, omitted: Shown | None) -> Element:
    """What changes in the parent's data."""
    return {
        "label": node_label(caption, omitted),
        "shown": omitted.shown if omitted else None,
        "total": omitted.total if omitted else None,
    }


def _relabelled(element: Element, omitted: Shown | None) -> Element:
    return {**element, "data": {**element["data"], **relabel(element["data"]["caption"], omitted)}}

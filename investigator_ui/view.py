"""The view: what is open, as it travels to the browser and back in dcc.Stores. Masked values only; the nodes live on the canvas."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from pydantic.dataclasses import dataclass

from investigator_ui.contract import ANSWER, Grade, Json, Overview, OverviewCell, OverviewRow, RelationGraph, Subject
from investigator_ui.elements import READ_ONLY, UNGRADED, hubs_of, pixel
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.listing import BlocklistAsked, BlocklistPage, RingPage, RingsAsked


@dataclass(frozen=True, slots=True, config=ANSWER)
class Problem:
    """Why there is nothing to see; the words are chosen by `code`. `begins`: the day of the first record of what was not known yet."""

    code: str
    begins: date | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Hub:
    """A node on the canvas with more neighbours than it shows."""

    id: str
    caption: str
    shown: int
    total: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class GraphFacts:
    """What the API said about the graph when the view was opened."""

    nodes: int
    edges: int
    total: int
    aggregated: bool
    overview: Overview
    hubs: tuple[Hub, ...] = ()
    simplified: bool = False
    pixel: float = 1.0  # elements.pixel

    @property
    def read_only(self) -> bool:
        return self.aggregated or self.nodes + self.edges > READ_ONLY

    @classmethod
    def of(cls, graph: RelationGraph) -> "GraphFacts":
        omitted = hubs_of(graph.omissions)
        hubs = tuple(
            Hub(node.id, node.caption, omitted[node.id].shown, omitted[node.id].total)
            for node in graph.nodes
            if node.id in omitted
        )
        return cls(
            len(graph.nodes),
            len(graph.edges),
            graph.total,
            graph.aggregated,
            graph.overview,
            hubs,
            graph.simplified,
            pixel(graph),
        )


@dataclass(frozen=True, slots=True, config=ANSWER)
class RingsView:
    asked: RingsAsked
    found: RingPage


@dataclass(frozen=True, slots=True, config=ANSWER)
class BlocklistView:
    asked: BlocklistAsked
    found: BlocklistPage


@dataclass(frozen=True, slots=True, config=ANSWER)
class PageView:
    """One of the marketer's pages: its name, what was asked of it and what was found, in the page's own types (marketing/page.py)."""

    name: str
    question: Json
    answer: Json
    title_zh: str
    title_en: str
    home: str = ""  # where it was opened without being asked for: its own address


@dataclass(frozen=True, slots=True, config=ANSWER)
class View:
    """`key` is the address's; it is empty while nothing is open. Exactly one of start page, problem, list, page and subject is seen."""

    key: str = ""
    full: bool = False
    community: str | None = None
    source_only: bool = False
    as_of: date | None = None
    subject: Subject | None = None
    graph: GraphFacts | None = None
    rings: RingsView | None = None
    blocklist: BlocklistView | None = None
    page: PageView | None = None
    problem: Problem | None = None

    @property
    def editable(self) -> bool:
        """Links can be drawn where they would be seen: in the present, with human links shown, in a graph that can change."""
        return self.graph is not None and not self.graph.read_only and not self.source_only and self.as_of is None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Count:
    """How many nodes of one grade and type are on the canvas; the main node counts apart."""

    grade: str
    type: str
    subject: bool
    count: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class CanvasFacts:
    """What is on the canvas now, counted in the browser after every expand, collapse and undo; nothing before the first of them."""

    key: str = ""
    nodes: int = 0
    edges: int = 0
    hubs: tuple[Hub, ...] = ()
    counts: tuple[Count, ...] = ()


def overview_of(graph: GraphFacts, canvas: CanvasFacts, schema: GraphSchema) -> Overview:
    """The overview of what is on the canvas: the server's as long as the canvas is what the server sent, else counted anew.
    Types keep the server's order, so that rows don't jump when a node is expanded."""
    if graph.aggregated or canvas.nodes == graph.nodes or not canvas.counts:
        return graph.overview
    return _counted(canvas.counts, _order(graph.overview, schema), schema)


def _counted(counts: Sequence[Count], order: dict[tuple[str, bool], int], schema: GraphSchema) -> Overview:
    by_grade: dict[str, list[OverviewCell]] = defaultdict(list)
    for count in sorted(counts, key=lambda c: order.get((c.type, c.subject), len(order))):
        names = schema.node_type(count.type)
        cell = OverviewCell(count.type, count.subject, names.caption_zh, names.caption_en, count.count)
        by_grade[count.grade].append(cell)
    rows = tuple(
        OverviewRow(
            count=sum(cell.count for cell in by_grade[grade]),
            types=tuple(by_grade[grade]),
            grade=None if grade == UNGRADED else Grade(grade),
        )
        for grade in (*Grade, UNGRADED)
        if grade in by_grade
    )
    return Overview(total=sum(row.count for row in rows), rows=rows)


def _order(overview: Overview, schema: GraphSchema) -> dict[tuple[str, bool], int]:
    known = [(cell.type, cell.is_subject) for row in overview.rows for cell in row.types]
    known += [(view.label, False) for view in schema.node_types]
    return {pair: place for place, pair in reversed(list(enumerate(known)))}

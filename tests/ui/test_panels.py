"""Panels as pure functions: the overview after an expansion, notices of what is cut, exports that a spreadsheet can't misread."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dash.development.base_component import Component

from investigator_ui import palette, words
from investigator_ui.contract import (
    ApplicationView,
    Attribute,
    Decided,
    FactView,
    NodeRef,
    RelationGraph,
    Subject,
    parse,
)
from investigator_ui.elements import to_elements
from investigator_ui.export import csv_of_edges, csv_of_nodes
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.icons import PATHS, SHAPES
from investigator_ui.panels.canvas import notices
from investigator_ui.panels.parts import attribute_facts
from investigator_ui.panels.rail import applications_section
from investigator_ui.stylesheet import stylesheet
from investigator_ui.view import CanvasFacts, Count, GraphFacts, Hub, overview_of
from tests.ui.fake_api import SCHEMA, communities, star

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def schema() -> GraphSchema:
    return parse(GraphSchema, SCHEMA)


def facts_of(answer: dict[str, Any]) -> GraphFacts:
    return GraphFacts.of(parse(RelationGraph, answer))


def words_of(part: object) -> str:
    """All the text in a component."""
    if isinstance(part, Component):
        return words_of(getattr(part, "children", None))
    if isinstance(part, list | tuple):
        return " ".join(filter(None, map(words_of, part)))
    return str(part) if part is not None else ""


def test_the_overview_is_the_servers_until_the_canvas_changes(schema: GraphSchema) -> None:
    graph = facts_of(star(12))
    assert overview_of(graph, CanvasFacts(), schema) is graph.overview
    same = CanvasFacts("k", 13, 12, counts=(Count("A", "Customer", True, 1), Count("A", "Phone", False, 12)))
    assert overview_of(graph, same, schema) is graph.overview


def test_after_an_expansion_the_overview_counts_the_canvas_in_the_servers_order(schema: GraphSchema) -> None:
    counts = (
        Count("D", "Device", False, 2), Count("A", "Phone", False, 14), Count("-", "Customer", False, 1),
        Count("A", "Customer", True, 1),
    )  # fmt: skip
    overview = overview_of(facts_of(star(12)), CanvasFacts("k", 18, 20, counts=counts), schema)
    assert [(row.grade, row.count) for row in overview.rows] == [("A", 15), ("D", 2), (None, 1)]
    assert [(cell.type, cell.is_subject) for cell in overview.rows[0].types] == [("Customer", True), ("Phone", False)]
    assert overview.total == 18


def test_nothing_is_cut_silently() -> None:
    hubs = (Hub("a", "138****1234", 50, 3412), Hub("b", "139****5678", 25, 40))
    one = words_of(notices(facts_of(star(5)), CanvasFacts(hubs=hubs[:1]), "en"))
    assert "138****1234 · 50 of 3,412 neighbours" in one
    both = words_of(notices(facts_of(star(5)), CanvasFacts(hubs=hubs), "zh"))
    assert "2 个节点的邻居未全部显示" in both and both.index("3,412") < both.index("25 / 40")
    assert "12,345 nodes, shown as 8 communities" in words_of(
        notices(facts_of(communities(8, 12_345)), CanvasFacts(), "en")
    )
    assert notices(facts_of(star(5)), CanvasFacts(), "en") == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_csv_can_be_read_back_and_holds_no_formula(schema: GraphSchema, lang: Any) -> None:
    answer = star(3)
    for element, caption in zip(answer["nodes"], ('=HYPERLINK("x")', "+86 138****", "林,**\n", "@sum"), strict=True):
        element["caption"] = caption
    elements = to_elements(parse(RelationGraph, answer))
    rows = list(csv.reader(io.StringIO(csv_of_nodes(elements, schema, lang).removeprefix("\ufeff"))))
    assert len(rows) == 5
    assert [row[2] for row in rows[1:]] == ['\'=HYPERLINK("x")', "'+86 138****", "林,**\n", "'@sum"]
    edges = list(csv.reader(io.StringIO(csv_of_edges(elements, lang, SHANGHAI).removeprefix("\ufeff"))))
    assert edges[1][-3:-1] == ["2025-03-01 10:00:00+08:00"] * 2
    assert len(edges) == 4 and not any(cell.startswith(("=", "+", "@")) for row in edges for cell in row)


def test_only_masked_values_carry_a_reveal_control_and_only_for_those_who_may() -> None:
    masked = Attribute("id_number", "身份证号", "ID number", True, True, "110***0241", "110***0241", "110***0241")
    clear = Attribute("sex", "性别", "sex", False, False, "female", "女", "female")
    missing = Attribute("name", "姓名", "name", False, True)
    shown = str(attribute_facts("n1", (masked, clear, missing), "zh", may_reveal=True).to_plotly_json())
    assert shown.count("data-reveal") == 1 and "未登记" in shown
    assert "data-reveal" not in str(attribute_facts("n1", (masked, clear), "zh", may_reveal=False).to_plotly_json())


def test_every_type_of_the_real_schema_has_an_icon_and_a_legend_shape() -> None:
    from graph_model.schema import SCHEMA as REAL

    assert {node.icon for node in REAL.nodes} <= set(PATHS)
    assert {node.shape for node in REAL.nodes} <= set(SHAPES)


def test_the_style_tells_type_by_shape_and_grade_by_colour_and_letter(schema: GraphSchema) -> None:
    rules = {rule["selector"]: rule["style"] for rule in stylesheet(schema, lang="zh", rich=True)}
    assert rules['node[type = "Device"][!subject]']["shape"] == "hexagon"
    pictures = {g: rules[f'node[kind = "NODE"][type = "Phone"][grade = "{g}"]']["background-image"] for g in "ABCD"}
    assert all(f"%3E{grade}%3C/text" in picture for grade, picture in pictures.items())
    assert len({rules[f'node[grade = "{g}"]']["background-color"] for g in "ABCD"}) == 4
    cheap = stylesheet(schema, lang="zh", rich=False)
    assert "background-image" not in json.dumps(cheap) and "haystack" in json.dumps(cheap)


@pytest.mark.parametrize("grade", [*"ABCD", "-"])
def test_letters_on_grade_colours_can_be_read(grade: str) -> None:
    colours = {view["grade"]: view["colour"] for view in SCHEMA["grades"]}
    colour = colours.get(grade, palette.NOT_GRADED)
    assert palette.contrast(palette.ink_on(colour, grade), palette.fill(colour, grade)) >= 4.5
    assert palette.contrast(palette.readable(colour), palette.WHITE) >= 4.5


@pytest.mark.parametrize(
    "value, shown", [(0.0, "0.0%"), (0.0004, "<0.1%"), (0.021, "2.1%"), (0.834, "83%"), (1.0, "100%")]
)
def test_a_small_risk_never_reads_as_none(value: float, shown: str) -> None:
    assert words.share(value) == shown


def test_times_are_the_lenders() -> None:
    assert words.moment(datetime(2025, 1, 31, 17, 5, tzinfo=UTC), SHANGHAI) == "2025-02-01 01:05"


def test_an_application_says_what_was_decided_last_and_on_what(schema: GraphSchema) -> None:
    def fact(value: str, zh: str, en: str, hour: int) -> FactView:
        return FactView(
            value, zh, en, datetime(2026, 3, 1, hour, tzinfo=UTC), "key:engine", "policy 2026.1; score 0.912 D"
        )

    decided = Decided((fact("review", "人工复核", "review", 2), fact("decline", "拒绝", "decline", 3)))
    application = ApplicationView(NodeRef("a1", "Application", "A1"), product="cash loan", decided=decided)
    subject = Subject(NodeRef("c1", "Customer", "林**"), (), False, applications=(application,))
    shown = words_of(applications_section(subject, schema, "zh", SHANGHAI))
    assert "决策：拒绝 · 2026-03-01 11:00" in shown and "policy 2026.1; score 0.912 D" in shown
    assert "人工复核" not in shown

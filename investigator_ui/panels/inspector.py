"""The right drawer: one node, one relationship, a community, or what several selected nodes have in common."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.contract import Degree, Node
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import (
    Child,
    attribute_facts,
    facts,
    grade_chip,
    icon,
    relationship_name,
    type_icon,
    type_name,
)
from investigator_ui.panels.rail import risk_panel_of
from investigator_ui.texts import qualifier, text

Data = Mapping[str, Any]  # an element's `data`, back from the canvas

MOST_NAMED = 30


def node_inspector(
    node: Node,
    schema: GraphSchema,
    lang: Language,
    *,
    zone: ZoneInfo,
    drawn: Mapping[str, int],
    may_reveal: bool,
    may_expand: bool,
    is_subject: bool,
) -> list[Child]:
    """`drawn` counts the node's relationships on the canvas, by `relationship type|neighbour type`."""
    actions: list[Component] = []
    if may_expand:
        actions.append(_action("expand", text("inspector.expand_all", lang), node.id, key="E", primary=True))
        actions.append(_action("collapse", text("inspector.collapse", lang), node.id, key="Shift+E"))
    if not is_subject:
        actions.append(_action("open", text("subject.open", lang), node.id))
    grade = node.assessment.grade.value if node.assessment else None
    return [
        _head(
            node.caption,
            [type_icon(node.type, schema), type_name(node.type, schema, lang)],
            grade_chip(grade, schema, lang),
        ),
        html.Div(actions, className="actions"),
        html.H3(text("inspector.relations", lang)),
        _degrees(node, schema, lang, drawn, may_expand),
        html.H3(text("risk.heading", lang)),
        risk_panel_of(node.type, node.assessment, schema, lang, zone),
        html.H3(text("inspector.attributes", lang)),
        attribute_facts(node.id, node.attributes, lang, may_reveal=may_reveal)
        if node.attributes
        else html.P(text("inspector.nothing", lang), className="hint"),
        facts(
            [
                (text("inspector.first_seen", lang), words.moment(node.first_seen, zone)),
                (text("inspector.last_seen", lang), words.moment(node.last_seen, zone)),
                (text("inspector.source", lang), node.source),
            ],
            "facts provenance",
        ),
    ]


def edge_inspector(
    edge: Data, ends: tuple[Data, Data], schema: GraphSchema, lang: Language, zone: ZoneInfo
) -> list[Child]:
    rows: list[tuple[str, Child]] = [
        (text("inspector.from", lang), _end(ends[0], schema, lang)),
        (text("inspector.to", lang), _end(ends[1], schema, lang)),
        (text("inspector.first_seen", lang), words.moment(datetime.fromisoformat(edge["first"]), zone)),
        (text("inspector.last_seen", lang), words.moment(datetime.fromisoformat(edge["last"]), zone)),
        (text("inspector.weight", lang), words.number(int(edge["weight"]))),
    ]
    name = str(edge[lang])
    kind = qualifier(edge.get("qualifier"), lang)
    title = f"{name} · {kind}" if kind else name
    note = html.P([icon("info"), text("inspector.human", lang)], className="hint") if edge.get("human") else None
    return [_head(title, [icon("link"), text("inspector.relations", lang)]), note, facts(rows)]


def community_inspector(community: Data, schema: GraphSchema, lang: Language) -> list[Child]:
    grade = community["grade"] if community["grade"] != "-" else None
    return [
        _head(
            str(community["caption"]),
            [icon("community"), text("community.heading", lang)],
            grade_chip(grade, schema, lang),
        ),
        html.P(text("community.size", lang, n=words.number(int(community["members"]))), className="big"),
        html.P(text("community.what", lang)),
        html.P(text("community.todo", lang)),
    ]


def several_inspector(nodes: Sequence[Data], schema: GraphSchema, lang: Language) -> list[Child]:
    kinds = Counter(str(node["type"]) for node in nodes)
    named = [
        html.Li(
            html.Button(
                [type_icon(str(node["type"]), schema), html.Span(str(node["caption"])),
                 grade_chip(None if node["grade"] == "-" else node["grade"], schema, lang)],
                type="button", className="named", **attrs(data_select=node["id"]),
            )
        )
        for node in nodes[:MOST_NAMED]
    ]  # fmt: skip
    counts = [(type_name(label, schema, lang), html.Span(words.number(n))) for label, n in kinds.most_common()]
    return [
        _head(text("inspector.several", lang, n=words.number(len(nodes))), []),
        facts(list(counts)),
        html.Ul(named, className="named-list"),
    ]


def gone_inspector(lang: Language) -> list[Child]:
    return [html.P(text("inspector.gone", lang), className="hint")]


def _head(title: str, kind: list[Child], *extra: Child) -> html.Div:
    return html.Div([html.Div([html.Span(kind, className="chip") if kind else None, *extra], className="chips"), html.H2(title)],
                    className="inspector-head")  # fmt: skip


def _action(name: str, label: str, node_id: str, *, key: str | None = None, primary: bool = False) -> html.Button:
    return html.Button(
        [icon(name), label],
        type="button",
        className="button primary" if primary else "button",
        title=None if key is None else f"{label} ({key})",
        **attrs(data_action=name, data_node=node_id),
    )


def _degrees(node: Node, schema: GraphSchema, lang: Language, drawn: Mapping[str, int], may_expand: bool) -> Component:
    if not node.degrees:
        return html.P(text("notice.alone", lang), className="hint")
    rows = [_degree(node.id, degree, schema, lang, drawn, may_expand) for degree in node.degrees]
    return html.Table(html.Tbody(rows), className="degrees", **attrs(aria_label=text("inspector.relations", lang)))


def _degree(
    node_id: str, degree: Degree, schema: GraphSchema, lang: Language, drawn: Mapping[str, int], may_expand: bool
) -> html.Tr:
    relation = relationship_name(degree.type, schema, lang)
    neighbour = type_name(degree.neighbour_type, schema, lang)
    shown = min(drawn.get(f"{degree.type}|{degree.neighbour_type}", 0), degree.count)
    what = f"{relation} → {neighbour}"
    button: Child = None
    if may_expand and shown < degree.count:
        button = html.Button(
            icon("plus"),
            type="button",
            className="icon-button small",
            title=text("inspector.expand_of", lang, what=what),
            **attrs(
                aria_label=text("inspector.expand_of", lang, what=what),
                data_action="expand",
                data_node=node_id,
                data_relationship=degree.type,
            ),
        )
    count = text("notice.shown_of", lang, shown=words.number(shown), total=words.number(degree.count))
    towards = None if neighbour == relation else html.Span(neighbour, className="quiet")
    label = html.Th([type_icon(degree.neighbour_type, schema), html.Span(relation), towards], scope="row")
    return html.Tr(
        [
            label,
            html.Td(count, className="count", title=text("inspector.on_canvas", lang, shown=shown, total=degree.count)),
            html.Td(button),
        ]
    )


def _end(data: Data, schema: GraphSchema, lang: Language) -> Component:
    return html.Button(
        [type_icon(str(data["type"]), schema), html.Span(str(data["caption"]))],
        type="button",
        className="link-button",
        title=type_name(str(data["type"]), schema, lang),
        **attrs(data_select=data["id"]),
    )

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
from investigator_ui.contract import Degree, HumanLink, Node
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.blocklist import block_button, blocklist_details, unblock_button
from investigator_ui.panels.casework import blocklist_chip, dispositions, record_button
from investigator_ui.panels.links import link_details
from investigator_ui.panels.parts import (
    Child,
    attribute_facts,
    facts,
    grade_chip,
    icon,
    name_of,
    relationship_name,
    type_icon,
    type_name,
)
from investigator_ui.panels.rail import risk_panel_of
from investigator_ui.texts import qualifier, text

Data = Mapping[str, Any]  # an element's `data`, back from the canvas

MOST_NAMED = 30
EXPLAINED = frozenset({"Customer", "Application"})  # have a score of their own; others have their customers'


def node_inspector(
    node: Node,
    schema: GraphSchema,
    lang: Language,
    *,
    zone: ZoneInfo,
    drawn: Mapping[str, int],
    may_reveal: bool,
    may_expand: bool,
    may_edit: bool,
    may_record: bool,
    may_block: bool,
    is_subject: bool,
    links: Sequence[Data] = (),
) -> list[Child]:
    """`drawn` counts the node's relationships on the canvas, by `relationship type|neighbour type`; `links` are those of
    them that were drawn by hand."""
    actions: list[Component] = []
    scored = node.assessment is not None and node.type in EXPLAINED
    if may_expand:
        actions.append(_action("expand", text("inspector.expand_all", lang), node.id, key="E", primary=True))
        actions.append(_action("collapse", text("inspector.collapse", lang), node.id, key="Shift+E"))
    if scored:
        actions.append(_action("info", text("why.button", lang), node.id, name="why"))
    if not is_subject:
        actions.append(_action("open", text("subject.open", lang), node.id))
    if may_edit:
        actions.append(_action("draw", text("link.tool", lang), node.id, key="R", name="link"))
    if may_record:
        actions.append(record_button(node.id, node.caption, lang))
    listed = node.blocklist_entry
    if may_block and node.type in schema.listable():
        actions.append((block_button if listed is None else unblock_button)(node.id, node.caption, lang))
    grade = node.assessment.grade.value if node.assessment else None
    return [
        _head(
            node.caption,
            [type_icon(node.type, schema), type_name(node.type, schema, lang)],
            grade_chip(grade, schema, lang),
            blocklist_chip(lang) if listed else None,
        ),
        blocklist_details(listed, lang, zone) if listed else None,
        html.Div(actions, className="actions"),
        html.Div(className="why", hidden=True, **attrs(data_why=node.id)) if scored else None,
        *dispositions(node.dispositions, lang, zone),
        html.H3(text("inspector.relations", lang)),
        _degrees(node, schema, lang, drawn, may_expand),
        *_links(links, schema, lang),
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
    edge: Data,
    ends: tuple[Data, Data],
    schema: GraphSchema,
    lang: Language,
    zone: ZoneInfo,
    *,
    link: HumanLink | None = None,
    may_edit: bool = False,
) -> list[Child]:
    """A relationship; `link` is there where an investigator drew it."""
    if link is not None:
        return [
            _head(name_of(schema.human_type(), lang), [icon("link"), text("inspector.relations", lang)]),
            html.P([icon("info"), text("inspector.human", lang)], className="hint"),
            facts(_ends(ends, schema, lang)),
            *link_details(link, lang, zone, may_edit=may_edit),
        ]
    rows: list[tuple[str, Child]] = [
        *_ends(ends, schema, lang),
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
        html.P(text("community.risky", lang, n=words.number(int(community["risky"])))),
        html.Div(
            _action(
                "community",
                text("community.open", lang),
                str(community["id"]),
                key="E",
                primary=True,
                name="open-community",
            ),
            className="actions",
        ),
        html.P(text("community.what", lang), className="hint"),
    ]


def several_inspector(
    nodes: Sequence[Data], schema: GraphSchema, lang: Language, *, may_edit: bool = False
) -> list[Child]:
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
    link = None
    if may_edit and len(nodes) == 2:
        link = html.Button(
            [icon("draw"), text("link.tool", lang)],
            type="button",
            className="button primary",
            title=text("link.two", lang),
            **attrs(data_action="link"),
        )
    return [
        _head(text("inspector.several", lang, n=words.number(len(nodes))), []),
        html.Div(link, className="actions") if link else None,
        facts(list(counts)),
        html.Ul(named, className="named-list"),
    ]


def gone_inspector(lang: Language) -> list[Child]:
    return [html.P(text("inspector.gone", lang), className="hint")]


def _head(title: str, kind: list[Child], *extra: Child) -> html.Div:
    return html.Div([html.Div([html.Span(kind, className="chip") if kind else None, *extra], className="chips"), html.H2(title)],
                    className="inspector-head")  # fmt: skip


def _links(links: Sequence[Data], schema: GraphSchema, lang: Language) -> list[Child]:
    """Links drawn by hand that the canvas shows at this node: the way to them for those who don't use a mouse."""
    if not links:
        return []
    rows = [
        html.Li(
            html.Button(
                [html.Span(str(link["mark"]), className="link-mark", **attrs(aria_hidden="true")),
                 html.Span(str(link["caption"])), html.Span(str(link["author"]), className="quiet")],
                type="button", className="named", **attrs(data_select=link["id"]),
            )
        )
        for link in links
    ]  # fmt: skip
    return [html.H3(name_of(schema.human_type(), lang)), html.Ul(rows, className="named-list")]


def _action(
    picture: str, label: str, node_id: str, *, key: str | None = None, primary: bool = False, name: str | None = None
) -> html.Button:
    return html.Button(
        [icon(picture), label],
        type="button",
        className="button primary" if primary else "button",
        title=None if key is None else f"{label} ({key})",
        **attrs(data_action=name or picture, data_node=node_id),
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


def _ends(ends: tuple[Data, Data], schema: GraphSchema, lang: Language) -> list[tuple[str, Child]]:
    return [
        (text("inspector.from", lang), _end(ends[0], schema, lang)),
        (text("inspector.to", lang), _end(ends[1], schema, lang)),
    ]


def _end(data: Data, schema: GraphSchema, lang: Language) -> Component:
    return html.Button(
        [type_icon(str(data["type"]), schema), html.Span(str(data["caption"]))],
        type="button",
        className="link-button",
        title=type_name(str(data["type"]), schema, lang),
        **attrs(data_select=data["id"]),
    )

"""The rings page 团伙: the newest scoring's rings by filter and order, and what holds each together; a ring opens as its full graph."""

from datetime import date
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import PAGE
from investigator_ui.contract import NodeRef
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.listing import RingBond, RingOrder, RingRow
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.lists import (
    choice_field,
    clear,
    column,
    list_page,
    nothing,
    number_field,
    sorted_column,
    title,
    turns,
)
from investigator_ui.panels.parts import Child, icon, name_of, type_icon
from investigator_ui.texts import TEXTS, motif, text
from investigator_ui.view import RingsView

MOST_NAMED = 3  # key members of a ring that are named in its row
# What a column shows, and what the API can order by in it.
COLUMNS: tuple[tuple[str, RingOrder | None], ...] = (
    ("rings.size", RingOrder.SIZE),
    ("rings.new", RingOrder.NEW_MEMBERS),
    ("rings.fraud", RingOrder.KNOWN_FRAUD),
    ("rings.fraud_share", RingOrder.KNOWN_FRAUD_SHARE),
    ("rings.score", RingOrder.MEAN_SCORE),
    ("rings.density", None),
    ("rings.motif", None),
    ("rings.held_by", None),
    ("rings.key_members", None),
)
NUMBERS = 6  # so many of the columns, the first ones, hold numbers
MOTIF = "motif."


def rings_page(
    view: RingsView, schema: GraphSchema, lang: Language, *, zone: ZoneInfo, as_of: date | None
) -> Component:
    asked, found = view.asked, view.found
    heading: list[Child] = title(
        "community", text("rings.title", lang), text("rings.count", lang, n=words.number(found.total))
    )
    if as_of is not None:
        heading.append(html.Span([icon("calendar"), text("asof.chip", lang, day=as_of)], className="chip chip-time"))
    if found.rings:
        newest = found.rings[0]
        said = text("rings.scoring", lang, model=newest.model_version, when=words.moment(newest.scored_at, zone))
        heading.append(html.Span(said, className="hint list-note"))
    everything = text("list.all", lang)
    held_by = [(each.label, name_of(each, lang)) for each in schema.node_types if each.identifier]
    motifs = [(key.removeprefix(MOTIF), text(key, lang)) for key in TEXTS if key.startswith(MOTIF)]
    tools: list[Child] = [
        number_field("minSize", text("rings.min_size", lang), asked.min_size),
        number_field("minFraud", text("rings.min_fraud", lang), asked.min_fraud),
        number_field("minScore", text("rings.min_score", lang), asked.min_score, most=100),
        choice_field("heldBy", text("rings.held_by", lang), asked.held_by, held_by, all_=everything),
        choice_field("motif", text("rings.motif", lang), asked.motif, motifs, all_=everything),
    ]
    if asked.filtered:
        tools.append(clear(lang))
    empty = nothing(len(COLUMNS), text("rings.none_match" if asked.filtered else "rings.none", lang))
    rows = [_row(ring, schema, lang) for ring in found.rings]
    table = html.Table(
        [html.Thead(html.Tr([_head(key, order, asked.order, lang, place) for place, (key, order) in enumerate(COLUMNS)])),
         html.Tbody(rows or [empty])],
        className="nodes rows",
    )  # fmt: skip
    after = turns(lang, page=asked.page, shown=len(rows), size=PAGE, total=found.total, next_=found.next)
    return list_page("rings", heading=heading, tools=tools, table=table, after=after)


def _head(key: str, order: RingOrder | None, chosen: RingOrder, lang: Language, place: int) -> html.Th:
    name, number = text(key, lang), place < NUMBERS
    return column(name, number=number) if order is None else sorted_column(name, order, chosen, lang, number=number)


def _row(ring: RingRow, schema: GraphSchema, lang: Language) -> html.Tr:
    open_ = html.Button(
        text("ring.size", lang, n=words.number(ring.size)),
        type="button",
        className="row-name",
        title=text("ring.see", lang),
        **attrs(data_ring=ring.id),
    )
    fraud = html.Span(words.number(ring.known_fraud), className="ring-fraud" if ring.known_fraud else "quiet")
    return html.Tr(
        [
            html.Th(open_, scope="row", className="count"),
            html.Td(
                f"+{words.number(ring.new_members)}" if ring.new_members else _dash(ring.new_members), className="count"
            ),
            html.Td(fraud, className="count"),
            html.Td(words.share(ring.known_fraud_share) if ring.known_fraud else "–", className="count"),
            html.Td("–" if ring.mean_score is None else words.share(ring.mean_score), className="count"),
            html.Td("–" if ring.density is None else f"{ring.density:.2f}", className="count"),
            html.Td(html.Span(motif(ring.motif, lang), className="chip") if ring.motif else "–"),
            html.Td(html.Span([_bond(bond, schema, lang) for bond in ring.held_by], className="bonds")),
            html.Td(html.Span([_member(member) for member in ring.key_members[:MOST_NAMED]], className="members")),
        ],
        **attrs(data_row=ring.id),
    )


def _dash(count: int | None) -> str:
    return "–" if count is None else "0"


def _bond(bond: RingBond, schema: GraphSchema, lang: Language) -> Component:
    name = name_of(schema.node_type(bond.type), lang)
    return html.Span([type_icon(bond.type, schema), html.Span(f"{name} ×{words.number(bond.count)}")], className="bond")


def _member(member: NodeRef) -> Component:
    return html.Button(
        member.caption, type="button", className="link-button", **attrs(data_action="open", data_node=member.id)
    )

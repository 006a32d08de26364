"""The blocklist page 黑名单: who or what is listed, why, by whom, since and until when; who may, adds and removes. Also the dialog for both."""

from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import PAGE
from investigator_ui.contract import BlocklistEntry
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.lists import choice_field, column, list_page, nothing, title, turns
from investigator_ui.panels.parts import Child, facts, icon, name_of, type_icon, type_name
from investigator_ui.texts import text
from investigator_ui.view import BlocklistView

COLUMNS = ("blocklist.what", "table.type", "blocklist.reason", "blocklist.by", "blocklist.since", "blocklist.until")


def blocklist_page(
    view: BlocklistView, schema: GraphSchema, lang: Language, *, zone: ZoneInfo, may_block: bool
) -> Component:
    asked, found = view.asked, view.found
    heading = title("lock", text("blocklist.title", lang), text("blocklist.count", lang, n=words.number(found.total)))
    heading.append(html.Span(text("blocklist.lead", lang), className="hint list-note"))
    kinds = [(label, type_name(label, schema, lang)) for label in schema.listable()]
    tools: list[Child] = [
        choice_field("type", text("table.type", lang), asked.type, kinds, all_=text("list.all", lang)),
    ]
    if may_block:
        add = html.Button(
            [icon("plus"), text("blocklist.add", lang)],
            type="button",
            className="button primary",
            **attrs(data_action="block-key"),
        )
        tools.append(add)
    columns = [column(text(key, lang)) for key in COLUMNS]
    if may_block:
        columns.append(html.Th(html.Span(text("blocklist.actions", lang), className="visually-hidden"), scope="col"))
    rows = [_row(entry, schema, lang, zone, may_block=may_block) for entry in found.entries]
    empty = nothing(len(columns), text("blocklist.none", lang))
    table = html.Table([html.Thead(html.Tr(columns)), html.Tbody(rows or [empty])], className="nodes rows")
    after = turns(lang, page=asked.page, shown=len(rows), size=PAGE, total=found.total, next_=found.next)
    return list_page("blocklist", heading=heading, tools=tools, table=table, after=after)


def _row(entry: BlocklistEntry, schema: GraphSchema, lang: Language, zone: ZoneInfo, *, may_block: bool) -> html.Tr:
    open_ = html.Button(
        entry.caption, type="button", className="row-name", **attrs(data_action="open", data_node=entry.node_id)
    )
    kind = html.Span([type_icon(entry.type, schema), name_of(schema.node_type(entry.type), lang)], className="bond")
    cells: list[Component] = [
        html.Th(open_, scope="row"),
        html.Td(kind),
        html.Td(entry.reason, className="wrapped"),
        html.Td(_by(entry)),
        html.Td(words.moment(entry.since, zone)),
        html.Td(_until(entry, lang, zone)),
    ]
    if may_block:
        cells.append(html.Td(unblock_button(entry.node_id, entry.caption, lang, label="blocklist.remove")))
    return html.Tr(cells, **attrs(data_row=entry.node_id))


def block_button(node_id: str, caption: str, lang: Language) -> html.Button:
    return html.Button(
        [icon("lock"), text("blocklist.add_this", lang)],
        type="button",
        className="button",
        **attrs(data_action="block", data_node=node_id, data_what=caption),
    )


def unblock_button(node_id: str, caption: str, lang: Language, *, label: str = "blocklist.remove_title") -> html.Button:
    return html.Button(
        text(label, lang),
        type="button",
        className="button",
        **attrs(data_action="unblock", data_node=node_id, data_what=caption),
    )


def blocklist_details(entry: BlocklistEntry, lang: Language, zone: ZoneInfo) -> Component:
    """Why a node is listed, who says so, since and until when."""
    rows: list[tuple[str, Child]] = [
        (text("blocklist.reason", lang), entry.reason),
        (text("blocklist.by", lang), _by(entry)),
        (text("blocklist.since", lang), words.moment(entry.since, zone)),
        (text("blocklist.until", lang), _until(entry, lang, zone)),
    ]
    return facts(rows, "facts listed")


def _by(entry: BlocklistEntry) -> str:
    """`user:NAME` and `key:NAME` are said by a principal; anything else is the name of a file's source."""
    return entry.source.partition(":")[2] or entry.source


def _until(entry: BlocklistEntry, lang: Language, zone: ZoneInfo) -> str:
    return text("link.never", lang) if entry.expires_at is None else words.moment(entry.expires_at, zone)


def block_dialog(lang: Language) -> Component:
    """assets/66-blocklist.js says what it is for and puts the fields in: what is typed stays out of Dash's properties."""
    cancel = html.Button(text("reveal.cancel", lang), type="button", className="button", **attrs(data_close="1"))
    return html.Dialog(
        html.Div(
            [
                html.H2("", id="block-title"),
                html.P("", id="block-what", className="link-ends"),
                html.P(text("link.lead", lang), className="hint"),
                html.Div(id="block-fields", className="link-fields"),
                html.P("", id="block-problem", className="field-problem", role="alert"),
                html.Div(
                    [cancel, html.Button("", type="button", id="block-confirm", className="button primary")],
                    className="actions end",
                ),
            ]
        ),
        id="block-dialog",
        className="dialog",
        **attrs(aria_labelledby="block-title"),
    )

"""Casework on a node: whether it is blocklisted, what was concluded about it before, and the dialog that records a conclusion."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.contract import FactView
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon, name_of
from investigator_ui.texts import text


def blocklist_chip(lang: Language) -> html.Span:
    return html.Span([icon("lock"), text("case.blocklisted", lang)], className="chip blocklisted")


def record_button(node_id: str, caption: str, lang: Language) -> html.Button:
    return html.Button(
        [icon("application"), text("case.record", lang)],
        type="button",
        className="button",
        **attrs(data_action="record", data_node=node_id, data_what=caption),
    )


def dispositions(stated: Sequence[FactView], lang: Language, zone: ZoneInfo) -> list[Child]:
    """The newest first; nothing where nothing was concluded."""
    if not stated:
        return []
    rows = [
        html.Li(
            [
                html.Div(
                    [
                        html.Strong(name_of(fact, lang)),
                        html.Span(fact.source.partition(":")[2] or fact.source),
                        html.Time(words.moment(fact.at, zone)),
                    ],
                    className="link-edit",
                ),
                html.P(fact.note) if fact.note else None,
            ]
        )
        for fact in reversed(stated)
    ]
    return [html.H3(text("case.dispositions", lang)), html.Ol(rows, className="case-history")]


def record_dialog(lang: Language) -> Component:
    """assets/65-casework.js puts the fields in: what is typed stays out of Dash's properties."""
    return html.Dialog(
        html.Div(
            [
                html.H2(text("case.record", lang), id="record-title"),
                html.P("", id="record-what", className="link-ends"),
                html.P(text("link.lead", lang), className="hint"),
                html.Div(id="record-fields", className="link-fields"),
                html.P("", id="record-problem", className="field-problem", role="alert"),
                html.Div(
                    [
                        html.Button(
                            text("reveal.cancel", lang), type="button", className="button", **attrs(data_close="1")
                        ),
                        html.Button(
                            text("case.confirm", lang), type="button", id="record-confirm", className="button primary"
                        ),
                    ],
                    className="actions end",
                ),
            ]
        ),
        id="record-dialog",
        className="dialog",
        **attrs(aria_labelledby="record-title"),
    )

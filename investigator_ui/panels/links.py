"""Links drawn by hand: the tool that draws them, the dialog that asks why, and the drawer that says who drew what and when."""

from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.contract import HumanLink, LinkEdit
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, facts, icon
from investigator_ui.texts import text


def link_tool(lang: Language) -> Component:
    """assets/35-links.js says why, where it can't be used in the view at hand."""
    return html.Button(
        [icon("draw"), text("link.tool", lang)],
        id="link-tool",
        type="button",
        className="button tool",
        title=text("link.tool_help", lang),
        **attrs(aria_pressed="false"),
    )


def link_dialog(lang: Language) -> Component:
    """For drawing, annotating and retracting. The script puts the fields in: what is typed stays out of Dash's properties."""
    return html.Dialog(
        html.Div(
            [
                html.H2("", id="link-title"),
                html.P("", id="link-ends", className="link-ends"),
                html.P(text("link.lead", lang), className="hint"),
                html.Div(id="link-fields", className="link-fields"),
                html.P("", id="link-problem", className="field-problem", role="alert"),
                html.Div(
                    [
                        html.Button(
                            text("reveal.cancel", lang), type="button", className="button", **attrs(data_close="1")
                        ),
                        html.Button("", type="button", id="link-confirm", className="button primary"),
                    ],
                    className="actions end",
                ),
            ]
        ),
        id="link-dialog",
        className="dialog",
        **attrs(aria_labelledby="link-title"),
    )


def link_details(link: HumanLink, lang: Language, zone: ZoneInfo, *, may_edit: bool) -> list[Child]:
    """The drawer's part below the two ends: why, by whom, until when, and every edit, the newest first."""
    expires = words.moment(link.expires_at, zone) if link.expires_at else text("link.never", lang)
    rows: list[tuple[str, Child]] = [
        (text("link.author", lang), link.author),
        (text("link.reason", lang), link.reason),
        (text("link.evidence", lang), link.evidence or html.Span(text("link.no_evidence", lang), className="quiet")),
        (text("link.drawn_at", lang), words.moment(link.drawn_at, zone)),
        (text("link.expires_at", lang), expires),
    ]
    if link.ended_at is not None:
        rows.append((text("link.ended_at", lang), words.moment(link.ended_at, zone)))
    history = [_edit(edit, lang, zone) for edit in sorted(link.edits, key=lambda edit: edit.at, reverse=True)]
    return [
        facts(rows),
        _actions(link, lang, zone) if may_edit and link.ended_at is None else None,
        html.H3(text("link.history", lang)),
        html.Ol(history, className="link-history"),
    ]


def _actions(link: HumanLink, lang: Language, zone: ZoneInfo) -> Component:
    known = {
        "data_link": link.id,
        "data_reason": link.reason,
        "data_evidence": link.evidence,
        "data_expires": link.expires_at.astimezone(zone).date().isoformat() if link.expires_at else "",
    }
    return html.Div(
        [
            html.Button(
                [icon("draw" if name == "annotate" else "minus"), text(f"link.{name}", lang)],
                type="button",
                className="button",
                **attrs(data_action=name, **known),
            )
            for name in ("annotate", "retract")
        ],
        className="actions",
    )


def _edit(edit: LinkEdit, lang: Language, zone: ZoneInfo) -> html.Li:
    return html.Li(
        [
            html.Div(
                [
                    html.Strong(text(f"link.did_{edit.action.value}", lang)),
                    html.Span(edit.author),
                    html.Time(words.moment(edit.at, zone)),
                ],
                className="link-edit",
            ),
            html.P(edit.reason),
            html.P(edit.evidence, className="quiet") if edit.evidence else None,
        ]
    )

"""What people type into and press on a page. Fields are made in the browser (assets/56-marketing.js), so that what is typed is in no property of Dash."""

import json
from collections.abc import Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from investigator_ui.address import Language
from investigator_ui.contract import Json
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import text

Option = tuple[str, str]  # value and caption
KEEPING = frozenset({"save", "draw"})  # actions whose forms are not left with changes before somebody is asked


def field(
    name: str,
    label: str,
    *,
    kind: str = "text",
    value: str = "",
    options: Sequence[Option] = (),
    hint: str = "",
    required: bool = False,
    live: str = "",
    most: int = 200,
    rows: int = 4,
    fixed: bool = False,
) -> Component:
    """`kind`: text, textarea, code, number, date, search, select or checkbox. `live` names an action that is asked while people type.
    `fixed` fields are shown and sent, and can't be changed."""
    slot = html.Span(
        className="form-slot",
        **attrs(
            data_field=name,
            data_kind=kind,
            data_value=value,
            data_options=json.dumps(options, ensure_ascii=False) if options else "",
            data_required="1" if required else "",
            data_live=live,
            data_most=str(most),
            data_rows=str(rows),
            data_fixed="1" if fixed else "",
            data_hinted="1" if hint else "",
        ),
    )
    return html.Div(
        [
            html.Label(label, htmlFor=f"field-{name}"),
            slot,
            html.P(hint, id=f"hint-{name}", className="hint") if hint else None,
            html.P("", id=f"problem-{name}", className="field-problem", role="alert"),
        ],
        className=f"form-field {kind}",
    )


def form(
    action: str,
    fields: Sequence[Child],
    *,
    submit: str,
    values: Mapping[str, Json] | None = None,
    more: Sequence[Child] = (),
) -> Component:
    """Sends its fields and `values` to an action of the page. Its last line holds problems that belong to no field."""
    send = html.Button(submit, type="submit", className="button primary")
    return html.Form(
        [
            *fields,
            html.P("", className="field-problem form-problem", role="alert"),
            html.Div([send, *more], className="actions form-actions"),
        ],
        className="page-form",
        noValidate=True,  # what is missing is said at the field, in the page's language
        **attrs(data_do=action, data_values=_json(values), data_guarded="1" if action in KEEPING else ""),
    )  # fmt: skip


def act(
    action: str,
    label: Child | Sequence[Child],
    *,
    values: Mapping[str, Json] | None = None,
    confirm: str = "",
    title: str = "",
    reason: bool = False,
    danger: bool = False,
    primary: bool = False,
) -> Component:
    """A button that does something; where `confirm` says what will happen, it asks first, for a reason too where one is kept."""
    class_name = "button primary" if primary else "button danger" if danger else "button"
    return html.Button(
        list(label) if isinstance(label, (list, tuple)) else label,
        type="button",
        className=class_name,
        **attrs(
            data_do=action,
            data_values=_json(values),
            data_confirm=confirm,
            data_title=title,
            data_reason="1" if reason else "",
            data_danger="1" if danger else "",
        ),
    )


def download(name: str, label: str, *, values: Mapping[str, Json] | None = None) -> Component:
    return html.Button(
        [icon("download"), label], type="button", className="button", **attrs(data_download=name, data_values=_json(values))
    )  # fmt: skip


def link(path: str, label: Child | Sequence[Child], class_name: str = "page-anchor") -> Component:
    """Leads to another address of ours without loading the page again; the language stays."""
    children = list(label) if isinstance(label, (list, tuple)) else label
    return html.A(children, href=path, className=class_name, **attrs(data_visit="1"))


def progress(work_id: str = "", *, action: str = "job", stop: str = "") -> Component:
    """The bar that follows long work: the one at work now, or the one that an action of the page begins (`Outcome.progress`). `stop` labels the
    button that ends it, which shows once it is known that who looks may (`Progress.stoppable`)."""
    words = html.Span(className="progress-words")
    button = html.Button(stop, type="button", className="button small", hidden=True, **attrs(data_stop="1"))
    head = html.Div([words, button] if stop else words, className="progress-head")
    return html.Div(
        [head, html.Span(html.Span(), className="progress-bar", **attrs(aria_hidden="true"))],
        className="page-progress",
        hidden=not work_id,
        role="status",
        **attrs(data_progress=action, data_id=work_id),
    )  # fmt: skip


def dialog(lang: Language) -> Component:
    """The one that asks before a button acts; the script says what and puts the reason's field in."""
    cancel = html.Button(text("market.cancel", lang), type="button", className="button", **attrs(data_close="1"))
    return html.Dialog(
        html.Div(
            [
                html.H2("", id="market-title"),
                html.P("", id="market-what"),
                html.Div(id="market-fields", className="link-fields"),
                html.P("", id="market-problem", className="field-problem", role="alert"),
                html.Div(
                    [cancel, html.Button("", type="button", id="market-confirm", className="button primary")],
                    className="actions end",
                ),
            ]
        ),
        id="market-dialog",
        className="dialog",
        **attrs(aria_labelledby="market-title"),
    )


def _json(values: Mapping[str, Json] | None) -> str:
    return json.dumps(values, ensure_ascii=False) if values else ""

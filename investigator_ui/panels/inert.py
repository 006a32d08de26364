"""Panels as text: Dash looks at each of its components at every change of the page, a millisecond each, so a few hundred keep the page from answering.
What only lies there is made into HTML here, and assets/08-inert.js puts it in; clicks are the document's affair anyway."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child

NAMES = {"className": "class", "htmlFor": "for", "colSpan": "colspan", "rowSpan": "rowspan", "tabIndex": "tabindex"}
VOID = frozenset({"br", "hr", "img", "input"})


def inert(component: Component, *, class_name: str = "inert") -> Component:
    """One component in place of many. Nothing in it can be an output of Dash, and nothing of Dash in it can be a store, a form's slot or an upload."""
    return html.Div(className=class_name, **attrs(data_html=markup(component)))


def markup(child: Child | int | float | Sequence[Child]) -> str:
    """A tree of `dash.html` components as HTML; texts and attributes are escaped."""
    if child is None:
        return ""
    if isinstance(child, (list, tuple)):
        return "".join(markup(each) for each in child)
    if not isinstance(child, Component):
        return escape(str(child))
    told: dict[str, Any] = child.to_plotly_json()  # type: ignore[no-untyped-call]
    tag = str(told["type"]).lower()
    opened = " ".join([tag, *_attributes(told["props"])])
    return f"<{opened}>" if tag in VOID else f"<{opened}>{markup(told['props'].get('children'))}</{tag}>"


def _attributes(props: Mapping[str, Any]) -> Iterator[str]:
    for name, value in props.items():
        if name in {"children", "key"} or value is None or value is False:
            continue
        if name == "style":
            value = ";".join(f"{_css(key)}:{said}" for key, said in value.items())
        written = NAMES.get(name, name.lower())
        yield written if value is True else f'{written}="{escape(str(value))}"'


def _css(name: str) -> str:
    """As a style sheet spells it: `backgroundColor` is React's."""
    return name if name.startswith("--") else re.sub(r"[A-Z]", lambda letter: f"-{letter[0].lower()}", name)

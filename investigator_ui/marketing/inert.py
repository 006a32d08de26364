"""Long tables as text: Dash looks at each of its components at every change of the page, so that hundreds of rows would freeze it. What only lies
there is made into HTML here, and assets/56-marketing.js puts it in; clicks are the document's affair anyway."""

import re
from collections.abc import Iterator
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


def markup(child: Child | int | float | list[Child] | tuple[Child, ...]) -> str:
    """A tree of `dash.html` components as HTML; texts and attributes are escaped."""
    if child is None:
        return ""
    if isinstance(child, (list, tuple)):
        return "".join(markup(each) for each in child)
    if not isinstance(child, Component):
        return escape(str(child))
    tag = str(_told(child)["type"]).lower()
    opened = " ".join([tag, *_attributes(child)])
    return f"<{opened}>" if tag in VOID else f"<{opened}>{markup(getattr(child, 'children', None))}</{tag}>"


def _told(component: Component) -> dict[str, Any]:
    told: dict[str, Any] = component.to_plotly_json()  # type: ignore[no-untyped-call]
    return told


def _attributes(component: Component) -> Iterator[str]:
    for name, value in _told(component)["props"].items():
        if name in {"children", "key"} or value is None or value is False:
            continue
        if name == "style":
            value = ";".join(f"{_css(key)}:{said}" for key, said in value.items())
        written = NAMES.get(name, name.lower())
        yield written if value is True else f'{written}="{escape(str(value))}"'


def _css(name: str) -> str:
    """As a style sheet spells it: `backgroundColor` is React's."""
    return name if name.startswith("--") else re.sub(r"[A-Z]", lambda letter: f"-{letter[0].lower()}", name)

"""Small parts that several panels use: icon, grade chip, type chip, labelled buttons, lists of facts."""

from typing import Any, Protocol

from dash import html
from dash.development.base_component import Component

from investigator_ui import icons, palette, words
from investigator_ui.address import Language
from investigator_ui.contract import Attribute
from investigator_ui.elements import UNGRADED
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.panels.attributes import attrs
from investigator_ui.stylesheet import grade_colours
from investigator_ui.texts import text

Child = Component | str | None


def icon(name: str, class_name: str = "") -> html.Span:
    """A picture beside words, so it is hidden from screen readers. It takes the colour of the text around it."""
    mask = f'url("{icons.data_uri(icons.svg(name, stroke="#000"))}")'
    return html.Span(className=f"icon {class_name}".strip(), style={"--icon": mask}, **attrs(aria_hidden="true"))


def icon_button(button_id: str, name: str, label: str, **attributes: Any) -> html.Button:  # noqa: ANN401  HTML attributes
    return html.Button(
        icon(name),
        id=button_id,
        type="button",
        className="icon-button",
        title=label,
        **attrs(aria_label=label),
        **attributes,
    )


def chip_style(grade: str | None, schema: GraphSchema) -> dict[str, str]:
    colour = grade_colours(schema).get(grade or UNGRADED, palette.NOT_GRADED)
    return {
        "backgroundColor": palette.fill(colour, grade),
        "color": palette.ink_on(colour, grade),
        "borderColor": palette.readable(colour, at_least=3.2),
    }


def grade_chip(grade: str | None, schema: GraphSchema, lang: Language, *, large: bool = False) -> html.Span:
    """The grade's letter on its colour; a dash where there is none."""
    label = text("risk.grade_of", lang, grade=grade) if grade else text("risk.ungraded", lang)
    class_name = "grade grade-large" if large else "grade"
    return html.Span(grade or "–", className=class_name, title=label, style=chip_style(grade, schema))


def type_icon(label: str, schema: GraphSchema) -> html.Span:
    return icon(schema.node_type(label).icon, "type-icon")


class Captioned(Protocol):
    """What the API names in both languages."""

    @property
    def caption_zh(self) -> str: ...
    @property
    def caption_en(self) -> str: ...


def name_of(captioned: Captioned, lang: Language) -> str:
    """The name as it stands alone on a screen: English ones come in lower case, for use within a sentence."""
    return captioned.caption_zh if lang == "zh" else words.capital(captioned.caption_en)


def type_name(label: str, schema: GraphSchema, lang: Language) -> str:
    return name_of(schema.node_type(label), lang)


def value_name(value: str, label: str, name: str, schema: GraphSchema, lang: Language) -> str:
    """A value of a property in words; one without any as it is."""
    known = schema.values_of(label, name).get(value)
    return value if known is None else name_of(known, lang)


def relationship_name(name: str, schema: GraphSchema, lang: Language) -> str:
    return name_of(schema.relationship_type(name), lang)


def section(heading: str, *children: Child, section_id: str, open_: bool = True) -> html.Details:
    """A part of the rail that can be folded; its heading is a real heading for screen readers."""
    return html.Details(
        [html.Summary(html.H2(heading)), html.Div(list(children), className="section-body")],
        open=open_,
        id=section_id,
        className="section",
    )


def facts(rows: list[tuple[str, Child]], class_name: str = "facts") -> html.Dl:
    children: list[Component] = []
    for term, value in rows:
        children += [html.Dt(term), html.Dd(value)]
    return html.Dl(children, className=class_name)


def attribute_facts(
    node_id: str,
    attributes: tuple[Attribute, ...],
    lang: Language,
    *,
    may_reveal: bool,
    notes: dict[str, Child] | None = None,
) -> html.Dl:
    """Attributes in the server's order; a masked one carries a reveal control where the user's role has the right."""
    notes = notes or {}
    rows: list[Component] = []
    for attribute in attributes:
        caption = name_of(attribute, lang)
        rows += [
            html.Dt(caption),
            html.Dd([*_value(node_id, attribute, caption, lang, may_reveal), notes.get(attribute.name)]),
        ]
    return html.Dl(rows, className="facts")


def _value(node_id: str, attribute: Attribute, caption: str, lang: Language, may_reveal: bool) -> list[Child]:
    shown = (attribute.display_zh if lang == "zh" else attribute.display_en) or attribute.value
    if not shown:
        return [html.Span(text("subject.empty", lang), className="quiet")]
    if not attribute.masked:
        return [html.Span(shown, className="value")]
    slot = html.Span(
        shown,
        className="value masked",
        title=text("reveal.masked", lang),
        **attrs(data_slot=f"{node_id}|{attribute.name}"),
    )
    if not may_reveal:
        return [slot]
    label = text("reveal.of", lang, what=caption)
    button = html.Button(
        icon("eye"),
        type="button",
        className="reveal-button",
        title=label,
        **attrs(aria_label=label, data_reveal=node_id, data_property=attribute.name, data_what=caption),
    )
    return [slot, button]

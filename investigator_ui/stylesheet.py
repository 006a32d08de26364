"""The canvas's stylesheet, derived from the API's schema: shape and icon by type, fill and letter by grade. Two densities."""

from typing import Any

from investigator_ui import palette
from investigator_ui.address import Language
from investigator_ui.elements import UNGRADED
from investigator_ui.graph_schema import GraphSchema, NodeTypeView
from investigator_ui.icons import canvas_image

Rule = dict[str, Any]  # JSON of Cytoscape

FONT = '-apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'
ACCENT = "#2f5fd0"
EDGE = "#c3cad6"
EDGE_STRONG = "#66738a"
HUMAN = "#7a3fae"
LISTED = "#c00f1c"


def stylesheet(schema: GraphSchema, *, lang: Language, rich: bool) -> list[Rule]:
    """`rich` up to elements.RICH elements; above, the cheap style: no icons, arrows or curves, labels only when near."""
    rules = [*_nodes(rich), *_types(schema)]
    rules += _pictures(schema) if rich else _fills(schema)
    listed: Rule = {"selector": "node[?listed]", "style": _listed()}
    return [*rules, listed, *_communities(schema), *_edges(rich), *_states(lang)]


def overview_stylesheet(schema: GraphSchema, *, lang: Language, pixel: float) -> list[Rule]:
    """For thousands of elements: as few rules as can be, each is tried on every element. `pixel` of the drawing is one pixel of the screen
    when all is in the window; captions, lines and marks are measured in it."""
    fills = [
        {
            "selector": f'node[grade = "{grade}"]',
            "style": {"background-color": _plain(colour, grade)} | ({"z-index": 5} if grade in palette.LOUD else {}),
        }
        for grade, colour in grade_colours(schema).items()
    ]
    caption: Rule = {
        "label": "data(label)",
        "font-family": FONT,
        "font-size": 13 * pixel,
        "font-weight": 600,
        "color": palette.INK,
        "text-valign": "bottom",
        "text-margin-y": 4 * pixel,
        "text-wrap": "wrap",
        "text-outline-color": "#fbfcfd",
        "text-outline-width": 2.5 * pixel,
    }
    subject: Rule = {
        **caption,
        "shape": "star",
        "width": 30 * pixel,
        "height": 30 * pixel,
        "font-size": 15 * pixel,
        "border-width": 2 * pixel,
        "border-color": palette.INK,
        "underlay-color": ACCENT,
        "underlay-opacity": 0.16,
        "underlay-padding": 9 * pixel,
        "underlay-shape": "ellipse",
        "z-index": 20,
    }
    lit: Rule = {"border-width": 1.5 * pixel, "border-color": ACCENT, "z-index": 16}
    strong: Rule = {"line-color": ACCENT, "width": 1.6 * pixel, "z-index": 15}
    base: Rule = {"width": "data(diameter)", "height": "data(diameter)", "overlay-opacity": 0}
    lines: Rule = {"width": pixel, "line-color": "#dbe0e8", "curve-style": "haystack", "overlay-opacity": 0}
    by_hand: Rule = {"line-color": HUMAN, "line-style": "dashed", "width": 1.6 * pixel}
    return [
        {"selector": "node", "style": base},
        {"selector": "edge", "style": lines},
        *fills,
        {"selector": "node[?listed]", "style": _listed(pixel)},
        {"selector": "edge[?human]", "style": by_hand},
        {"selector": "node[?subject]", "style": subject},
        {"selector": "node.lit, node.found", "style": lit},
        {"selector": "edge.lit, edge.why", "style": strong},
        {"selector": "node.over", "style": {**lit, "z-index": 18}},
        {"selector": "edge.over", "style": {**strong, **caption, "label": f"data({lang})"}},
        {"selector": "node:selected", "style": {**caption, **lit, "border-width": 3 * pixel, "z-index": 19}},
        {"selector": "edge:selected", "style": {**strong, **caption, "label": f"data({lang})"}},
    ]


def _plain(colour: str, grade: str) -> str:
    """A node of a few pixels has no border and no letter: calm grades are tinted less than where there is room for both."""
    return palette.fill(colour, grade) if grade in palette.LOUD else palette.mix(colour, palette.WHITE, 0.5)


def _listed(pixel: float = 1.0) -> Rule:
    """Blocklisted: a double border in red, whatever the grade."""
    return {"border-style": "double", "border-width": 6 * pixel, "border-color": LISTED, "z-index": 13}


def grade_colours(schema: GraphSchema) -> dict[str, str]:
    return {view.grade.value: view.colour for view in schema.grades} | {UNGRADED: palette.NOT_GRADED}


def node_picture(view: NodeTypeView, grade: str, colour: str) -> str:
    return canvas_image(
        view.icon,
        ink=palette.ink_on(colour, grade),
        badge=None if grade == UNGRADED else grade,
        badge_colour=palette.readable(colour),
    )


def _nodes(rich: bool) -> list[Rule]:
    style: Rule = {
        "width": "data(diameter)",
        "height": "data(diameter)",
        "border-width": 1.6 if rich else 1,
        "label": "data(label)",
        "font-family": FONT,
        "font-size": 13,
        "min-zoomed-font-size": 6 if rich else 9,
        "color": "#333d4c",
        "text-valign": "bottom",
        "text-margin-y": 5,
        "text-wrap": "wrap",
        "line-height": 1.2,
        "text-outline-color": "#fbfcfd",
        "text-outline-width": 2 if rich else 0,
        "overlay-opacity": 0,
    }
    subject: Rule = {"shape": "star", "border-width": 2.4, "font-weight": 600, "z-index": 20, "text-margin-y": 0}
    # What must not be overlooked keeps a caption that can be read in the whole picture too.
    weighty: Rule = {
        "font-size": 17,
        "font-weight": 600,
        "color": palette.INK,
        "z-index": 12,
        "min-zoomed-font-size": 5,
    }
    return [
        {"selector": "node", "style": style},
        {"selector": 'node[?subject], node[grade = "C"], node[grade = "D"], node[total]', "style": weighty},
        {"selector": "node[?subject]", "style": subject},
    ]


def _types(schema: GraphSchema) -> list[Rule]:
    return [
        {"selector": f'node[type = "{view.label}"][!subject]', "style": {"shape": view.shape}}
        for view in schema.node_types
    ]


def _fills(schema: GraphSchema) -> list[Rule]:
    return [
        {
            "selector": f'node[grade = "{grade}"]',
            "style": {
                "background-color": palette.fill(colour, grade),
                "border-color": palette.readable(colour, at_least=3.2),
            },
        }
        for grade, colour in grade_colours(schema).items()
    ]


def _pictures(schema: GraphSchema) -> list[Rule]:
    common: Rule = {
        "selector": 'node[kind = "NODE"]',
        "style": {
            "background-width": "150%",
            "background-height": "150%",
            "background-clip": "none",
            "background-image-containment": "over",
            "background-repeat": "no-repeat",
            "bounds-expansion": 14,
        },
    }
    pictures = [
        {
            "selector": f'node[kind = "NODE"][type = "{view.label}"][grade = "{grade}"]',
            "style": {"background-image": node_picture(view, grade, colour)},
        }
        for view in schema.node_types
        for grade, colour in grade_colours(schema).items()
    ]
    star: Rule = {"selector": "node[?subject]", "style": {"background-width": "112%", "background-height": "112%"}}
    return [*_fills(schema), common, *pictures, star]


def _communities(schema: GraphSchema) -> list[Rule]:
    base: Rule = {
        "shape": "ellipse",
        "background-opacity": 0.9,
        "border-style": "double",
        "border-width": 5,
        "text-valign": "center",
        "text-margin-y": 0,
        "font-weight": 600,
        "font-size": 29,  # a map of a hundred communities is read at a third of its size
        "line-height": 1.1,
        "min-zoomed-font-size": 5,
    }
    ink = [
        {
            "selector": f'node[kind = "COMMUNITY"][grade = "{grade}"]',
            "style": {"color": palette.ink_on(colour, grade), "text-outline-color": palette.fill(colour, grade)},
        }
        for grade, colour in grade_colours(schema).items()
    ]
    home: Rule = {"border-color": palette.INK, "border-width": 9}  # the community that holds the subject
    return [
        {"selector": 'node[kind = "COMMUNITY"]', "style": base},
        *ink,
        {"selector": 'node[kind = "COMMUNITY"][?subject]', "style": home},
    ]


def _edges(rich: bool) -> list[Rule]:
    style: Rule = {
        "width": "data(width)" if rich else 1,
        "line-color": EDGE,
        "curve-style": "bezier" if rich else "haystack",
        "font-family": FONT,
        "font-size": 10,
        "color": "#333d4c",
        "text-background-color": "#ffffff",
        "text-background-opacity": 0.92,
        "text-background-padding": "2px",
        "overlay-opacity": 0,
    }
    if rich:
        style |= {"target-arrow-shape": "triangle", "target-arrow-color": EDGE, "arrow-scale": 0.75}
    # Told from source data without colour: dashed, and with the initial of who drew it. There are few, so never the cheap style.
    human: Rule = {
        "width": 2.2,
        "line-style": "dashed",
        "line-dash-pattern": [9, 6],
        "line-color": HUMAN,
        "curve-style": "bezier",
        "target-arrow-shape": "none",
        "z-index": 14,
    }
    mark: Rule = {
        "label": "data(mark)",
        "font-size": 16,
        "font-weight": 700,
        "min-zoomed-font-size": 5,
        "color": HUMAN,
        "text-background-opacity": 1,
        "text-background-padding": "3px",
        "text-background-shape": "roundrectangle",
        "text-border-width": 1.2,
        "text-border-color": HUMAN,
        "text-border-opacity": 1,
    }
    ties: Rule = {
        "target-arrow-shape": "none",
        "curve-style": "haystack",
        "line-color": "#a9b3c3",
    }  # between communities: many relationships, both ways
    return [
        {"selector": "edge", "style": style},
        {"selector": "edge[?human]", "style": human},
        {"selector": "edge[mark]", "style": mark},
        {"selector": "edge[?tie]", "style": ties},
    ]


def _states(lang: Language) -> list[Rule]:
    """Classes that the page sets: dimmed, found by a row of the overview, under the pointer; and the selection itself."""
    strong: Rule = {
        "line-color": EDGE_STRONG,
        "target-arrow-color": EDGE_STRONG,
        "label": f"data({lang})",
        "font-size": 13,
        "min-zoomed-font-size": 5.5,
        "z-index": 15,
    }
    near: Rule = {"border-width": 3.5, "z-index": 18}
    from_here: Rule = {  # where a link that is being drawn starts
        "underlay-color": HUMAN,
        "underlay-opacity": 0.35,
        "underlay-padding": 11,
        "underlay-shape": "ellipse",
        "z-index": 19,
    }
    return [
        {"selector": "node.dim", "style": {"opacity": 0.22}},
        {"selector": "edge.dim", "style": {"opacity": 0.12}},
        {"selector": "node.found, node.over", "style": near},
        {"selector": "edge.over, edge.near", "style": strong},
        {"selector": "edge.why", "style": {**strong, "line-color": ACCENT, "target-arrow-color": ACCENT, "width": 3.2}},
        {
            "selector": "node:selected",
            "style": {
                "underlay-color": ACCENT,
                "underlay-opacity": 0.22,
                "underlay-padding": 9,
                "underlay-shape": "ellipse",
                "z-index": 19,
            },
        },
        {"selector": "edge:selected", "style": {**strong, "line-color": ACCENT, "target-arrow-color": ACCENT}},
        {"selector": "edge[author].over, edge[author].near, edge[author]:selected", "style": {"label": "data(author)"}},
        {"selector": "node.from-here", "style": from_here},
        {
            "selector": "node.busy",
            "style": {
                "underlay-color": "#d08a1d",
                "underlay-opacity": 0.3,
                "underlay-padding": 9,
                "underlay-shape": "ellipse",
            },
        },
    ]

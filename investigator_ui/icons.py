"""Our own icons, drawn on a 24 × 24 grid with strokes: for the canvas as data URIs, for the page as CSS masks."""

from functools import lru_cache
from urllib.parse import quote

# One path list per icon. Names are those of the schema's `icon`, then those of the page's controls.
PATHS: dict[str, str] = {
    "user": '<circle cx="12" cy="8" r="3.6"/><path d="M4.8 19.5c.9-4 3.7-6 7.2-6s6.3 2 7.2 6"/>',
    "phone": '<rect x="7.5" y="3" width="9" height="18" rx="2"/><path d="M10.8 18h2.4"/>',
    "device": '<rect x="3.5" y="5" width="17" height="11" rx="1.6"/><path d="M9 20h6M12 16v4"/>',
    "address": '<path d="M12 21c4.3-4.6 6.5-8 6.5-11A6.5 6.5 0 0 0 5.5 10c0 3 2.200 6.400 6.500 11z"/>'
    '<circle cx="12" cy="10" r="2.300"/>',
    "bank": '<rect x="3" y="6" width="18" height="12.500" rx="2"/><path d="M3 10.300h18M6.500 14.800h4"/>',
    "application": '<path d="M6.500 3.500h7.500l4 4v13h-11.500z"/><path d="M13.500 3.800v4.200h4.200M9.500 12.500h5.500M9.500 16h5.500"/>',
    "employer": '<path d="M5 20.500v-16h9v16M14 9.500h5v11M3.500 20.500h17"/>'
    '<path d="M8 8.300h.01M11 8.300h.01M8 12h.01M11 12h.01M8 15.700h.01M11 15.700h.01"/>',
    "ip": '<circle cx="12" cy="12" r="8.500"/><path d="M3.500 12h17M12 3.500c2.600 2.400 3.800 5.300 3.800 8.500s-1.200 6.100-3.800 '
    '8.500c-2.600-2.400-3.800-5.300-3.800-8.500s1.200-6.100 3.800-8.500z"/>',
    "social": '<path d="M4 5.500h16v10.500h-8.500l-4.500 4v-4H4z"/><path d="M8.500 10.700h.01M12 10.700h.01M15.500 10.700h.01"/>',
    "email": '<rect x="3" y="5.500" width="18" height="13" rx="1.800"/><path d="M3.600 7l8.400 6.300L20.400 7"/>',
    "node": '<circle cx="12" cy="12" r="6"/>',
    "community": '<circle cx="12" cy="6.500" r="2.600"/><circle cx="6" cy="16.500" r="2.600"/><circle cx="18" cy="16.500" r="2.600"/>'
    '<path d="M10.700 8.800 7.300 14.200M13.300 8.800l3.400 5.400M8.600 16.500h6.800"/>',
    "funnel": '<path d="M4 5h16l-6.200 7.500v6l-3.600 1.800v-7.800z"/>',
    "tree": '<circle cx="12" cy="5" r="2.200"/><circle cx="6" cy="12" r="2.200"/><circle cx="18" cy="12" r="2.200"/>'
    '<circle cx="6" cy="19.500" r="2"/><path d="M10.400 6.600 7.600 10.300M13.600 6.600l2.800 3.700M6 14.200v3.300"/>',
    "megaphone": '<path d="M4 10v4h3l9 4.500v-13L7 10zM7.500 14.500l1.500 5h2.500l-1.500-4M18.500 9.500a3.500 3.500 0 0 1 0 5"/>',
    "chart": '<path d="M4 4v16h16M8 16v-5M12 16V7M16 16v-7"/>',
    "tag": '<path d="M3.500 12.500V4.500h8l9 9-8 8z"/><circle cx="7.800" cy="8.800" r="1.300"/>',
    "search": '<circle cx="10.500" cy="10.500" r="6"/><path d="M15 15l5.500 5.500"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "minus": '<path d="M5 12h14"/>',
    "fit": '<path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"/>',
    "focus": '<circle cx="12" cy="12" r="4"/><path d="M12 2.500v4M12 17.500v4M2.500 12h4M17.500 12h4"/>',
    "undo": '<path d="M8.500 5 4 9.500 8.500 14"/><path d="M4.500 9.500H14a5.500 5.500 0 0 1 0 11h-3"/>',
    "redo": '<path d="M15.500 5 20 9.500 15.500 14"/><path d="M19.500 9.500H10a5.500 5.500 0 0 0 0 11h3"/>',
    "expand": '<circle cx="12" cy="12" r="3"/><path d="M12 2.500V6M12 18v3.500M2.500 12H6M18 12h3.500M5.300 5.300l2.500 2.500'
    'M16.200 16.200l2.500 2.500M5.300 18.700l2.500-2.500M16.200 7.800l2.500-2.500"/>',
    "collapse": '<circle cx="12" cy="12" r="2.500"/><path d="M4 4l4.500 4.500M8.500 4.500v4h-4M20 20l-4.500-4.500M15.500 19.500v-4h4"/>',
    "eye": '<path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z"/><circle cx="12" cy="12" r="2.800"/>',
    "warning": '<path d="M12 3.500 21.500 20h-19z"/><path d="M12 10v4.500M12 17.300h.01"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.500M12 7.700h.01"/>',
    "close": '<path d="M5.500 5.500l13 13M18.500 5.500l-13 13"/>',
    "keyboard": '<rect x="2.500" y="6" width="19" height="12" rx="2"/><path d="M6.500 10h.01M10 10h.01M14 10h.01M17.500 10h.01M8 14h8"/>',
    "download": '<path d="M12 3.500v11M7.500 10.500 12 15l4.500-4.500M4 20h16"/>',
    "image": '<rect x="3" y="4.500" width="18" height="15" rx="2"/><circle cx="8.500" cy="9.800" r="1.600"/><path d="M3.500 17.500l5-4.500 4 3.500 '
    '3.500-4 4.500 4.500"/>',
    "table": '<rect x="3" y="4.500" width="18" height="15" rx="1.800"/><path d="M3 9.500h18M3 14.500h18M9.500 9.500v10"/>',
    "chevron": '<path d="M9 5.500l6.500 6.500L9 18.500"/>',
    "logout": '<path d="M14 4H5v16h9M10 12h10.500M17 8.500l3.500 3.500-3.500 3.500"/>',
    "open": '<path d="M13.500 4H20v6.500M20 4l-9 9M18 14v6H4V6h6"/>',
    "link": '<path d="M9.500 14.500l5-5M8 11l-2.500 2.500a3.500 3.500 0 0 0 5 5L13 16M16 13l2.500-2.500a3.500 3.500 0 0 0-5-5L11 8"/>',
    "draw": '<circle cx="5.500" cy="18" r="2.500"/><circle cx="18.500" cy="6" r="2.500"/><path d="M8 15.700l1.800-1.700M11.600 12.400l1.800-1.600'
    'M15.200 9.100l1.300-1.200M18.500 14.500v6M15.500 17.500h6"/>',
    "calendar": '<rect x="3.500" y="5" width="17" height="15.500" rx="2"/><path d="M3.500 10h17M8 3v4M16 3v4"/>',
    "offline": '<path d="M3 3l18 18M8.500 15.500a5 5 0 0 1 6.500-.5M5 12a10 10 0 0 1 5-2.700M19 12a10 10 0 0 0-4-2.400M2 8.500A15 15 0 0 1 6 6'
    'M22 8.500A15 15 0 0 0 10.500 5.100M12 19h.01"/>',
    "lock": '<rect x="5" y="10.500" width="14" height="10" rx="2"/><path d="M8 10.500V7.500a4 4 0 0 1 8 0v3"/>',
    "logo": '<circle cx="6" cy="7" r="2.800"/><circle cx="18" cy="9" r="2.800"/><circle cx="10" cy="18" r="2.800"/>'
    '<path d="M8.700 7.500l6.500 1M7 9.700l2 5.600M16.300 11.200l-4.400 4.900"/>',
}


def svg(name: str, *, stroke: str = "currentColor", width: float = 1.7, size: int = 24) -> str:
    paths = PATHS.get(name, PATHS["node"])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" '
        f'stroke="{stroke}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round">{paths}</svg>'
    )


@lru_cache(maxsize=256)  # the same few at every opening of a subject
def data_uri(markup: str) -> str:
    return "data:image/svg+xml;utf8," + quote(markup, safe="~()*!.'/:=,;")


def canvas_image(name: str, *, ink: str, badge: str | None, badge_colour: str) -> str:
    """Icon and grade badge as one picture, laid over a node at 150 % of its size: the node is the middle 64 of 96 units."""
    icon = PATHS.get(name, PATHS["node"])
    letter = (
        ""
        if badge is None
        else f'<circle cx="74" cy="74" r="16" fill="{badge_colour}" stroke="#fff" stroke-width="2.500"/>'
        f'<text x="74" y="80.800" font-family="Arial,Helvetica,sans-serif" font-size="19" font-weight="700" '
        f'text-anchor="middle" fill="#fff">{badge}</text>'
    )
    return data_uri(
        '<svg xmlns="http://www.w3.org/2000/svg" width="192" height="192" viewBox="0 0 96 96">'
        f'<g transform="translate(28.800 28.800) scale(1.6)" fill="none" stroke="{ink}" stroke-width="1.7" '
        f'stroke-linecap="round" stroke-linejoin="round">{icon}</g>{letter}</svg>'
    )


def letter(said: str, *, ink: str) -> str:
    """One letter in the middle of a node."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 48 48">'
        f'<text x="24" y="33" font-family="Arial,Helvetica,sans-serif" font-size="26" font-weight="700" text-anchor="middle" '
        f'fill="{ink}">{said}</text></svg>'
    )


# The canvas's shapes on a 32 × 32 grid, for the legend. Names are Cytoscape's.
SHAPES: dict[str, str] = {
    "ellipse": '<circle cx="16" cy="16" r="13"/>',
    "round-rectangle": '<rect x="3.500" y="3.500" width="25" height="25" rx="6"/>',
    "rectangle": '<rect x="4" y="4" width="24" height="24"/>',
    "hexagon": '<path d="M9 4h14l7 12-7 12H9L2 16z"/>',
    "pentagon": '<path d="M16 2.500 29.500 12.500 24.500 28.500h-17L2.500 12.500z"/>',
    "diamond": '<path d="M16 1.500 30.500 16 16 30.500 1.500 16z"/>',
    "octagon": '<path d="M10.500 3h11L29 10.500v11L21.500 29h-11L3 21.500v-11z"/>',
    "vee": '<path d="M2.500 3.500 16 12 29.500 3.500 16 30z"/>',
    "tag": '<path d="M3 4.500h18L30 16l-9 11.500H3z"/>',
    "round-tag": '<path d="M6 4.500h14q1.500 0 2.400 1.200L29.500 16l-7.100 10.300q-.9 1.200-2.400 1.200H6q-3 0-3-3v-17q0-3 3-3z"/>',
    "star": '<path d="M16 2l4 9.300 10 .9-7.600 6.600 2.300 9.900L16 23.400l-8.700 5.300 2.300-9.900L2 12.200l10-.9z"/>',
}


def legend_picture(shape: str, name: str) -> str:
    """A node of this shape and icon, in no grade's colour."""
    outline, icon = SHAPES.get(shape, SHAPES["ellipse"]), PATHS.get(name, PATHS["node"])
    return data_uri(
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 32 32">'
        f'<g fill="#eef1f5" stroke="#667388" stroke-width="1.600" stroke-linejoin="round">{outline}</g>'
        '<g transform="translate(7.800 7.800) scale(.68)" fill="none" stroke="#3b4656" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round">{icon}</g></svg>'
    )


def legend_line(colour: str) -> str:
    """A dashed relationship."""
    return data_uri(
        '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="24" viewBox="0 0 30 12">'
        f'<path d="M1 6h28" fill="none" stroke="{colour}" stroke-width="2.200" stroke-dasharray="6 4"/></svg>'
    )

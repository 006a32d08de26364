"""Colours made from the API's grade colours: tints for calm grades, ink that is readable on white. Pure arithmetic on #rrggbb."""

from functools import lru_cache

NOT_GRADED = "#8a94a3"
INK = "#1b2432"
WHITE = "#ffffff"

# Grades that must catch the eye are filled; calm ones are tinted, so that a page of A nodes stays quiet.
LOUD = frozenset({"C", "D"})


def rgb(colour: str) -> tuple[int, int, int]:
    text = colour.lstrip("#")
    if len(text) == 3:
        text = "".join(c * 2 for c in text)
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


@lru_cache(maxsize=256)
def mix(colour: str, other: str, share: float) -> str:
    """`share` of `other` stirred into `colour`: 0 gives `colour`, 1 gives `other`."""
    mixed = (round(a + (b - a) * share) for a, b in zip(rgb(colour), rgb(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = (c / 255 for c in rgb(colour))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=256)
def readable(colour: str, on: str = WHITE, at_least: float = 4.8) -> str:
    """The colour itself where it can be read on `on`, else the nearest darker one that can."""
    for step in range(21):
        candidate = mix(colour, INK, step / 20)
        if contrast(candidate, on) >= at_least:
            return candidate
    return INK


def fill(colour: str, grade: str | None) -> str:
    return readable(colour, at_least=3.2) if grade in LOUD else mix(colour, WHITE, 0.78)


def ink_on(colour: str, grade: str | None) -> str:
    return WHITE if grade in LOUD else readable(colour, on=fill(colour, grade), at_least=4.5)

"""Every word on the screen, in Chinese and English: catalogues by what they are about, put together here. A page brings its own."""

from collections.abc import Mapping

from investigator_ui.address import Language
from investigator_ui.texts.audiences import AUDIENCES
from investigator_ui.texts.circles import CIRCLES
from investigator_ui.texts.frame import FRAME
from investigator_ui.texts.graph import GRAPH
from investigator_ui.texts.jobs import JOBS
from investigator_ui.texts.marketing import MARKETING
from investigator_ui.texts.portrait import PORTRAIT
from investigator_ui.texts.portraits import PORTRAITS
from investigator_ui.texts.refusals import REFUSALS
from investigator_ui.texts.segments import SEGMENTS
from investigator_ui.texts.tags import TAGS
from investigator_ui.texts.work import WORK

Catalogue = Mapping[str, tuple[str, str]]

CATALOGUES: tuple[Catalogue, ...] = (
    FRAME,
    GRAPH,
    WORK,
    REFUSALS,
    MARKETING,
    JOBS,
    TAGS,
    PORTRAIT,
    CIRCLES,
    AUDIENCES,
    SEGMENTS,
    PORTRAITS,
)

TEXTS: dict[str, tuple[str, str]] = {key: words for catalogue in CATALOGUES for key, words in catalogue.items()}

# What the page's own scripts say: the table, the toasts, the exported picture.
IN_BROWSER = (
    "product.name",
    "canvas.count",
    "canvas.hover",
    "canvas.link_copied",
    "table.",
    "toast.",
    "reveal.until",
    "reveal.masked",
    "reveal.reason",
    "reveal.short",
    "reveal.title",
    "link.",
    "case.",
    "why.heading",
    "verdict.",
    "blocklist.",
    "rings.title",
    "png.",
    "asof.chip",
    "risk.ungraded",
    "community.heading",
    "market.",
)
SCRIPT = ".script."  # in the keys of what only a page's own script says


# Refusals of a number by its type, which all say the same to whoever typed it.
MISTYPED = frozenset({
    "phone.malformed", "phone.invalid", "account.malformed", "account.luhn", "device.malformed", "email.malformed", "ip.malformed",
    "social.malformed", "text.empty", "text.too_short", "text.too_long",
})  # fmt: skip


def text(key: str, lang: Language, **values: object) -> str:
    """The words for `key`; an unknown key is a mistake of ours and fails loudly."""
    chinese, english = TEXTS[key]
    words = chinese if lang == "zh" else english
    return words.format(**values) if values else words


def problem(code: str, lang: Language) -> tuple[str, str]:
    """What happened and what to do next, for an error code; unknown codes get words too."""
    family = "store" if code.startswith("store") else "malformed" if code in MISTYPED else "unknown"
    known = code if f"error.{code}" in TEXTS else family
    return text(f"error.{known}", lang), text(f"todo.{known}", lang)


def qualifier(code: str | None, lang: Language) -> str:
    """What kind of address or account a relationship is; a code without words is shown as it is."""
    key = f"qualifier.{code}"
    return text(key, lang) if key in TEXTS else code or ""


def motif(code: str, lang: Language) -> str:
    """The name of a ring's shape; a code without words is shown as it is."""
    return text(f"motif.{code}", lang) if f"motif.{code}" in TEXTS else code


def browser_texts(lang: Language) -> dict[str, str]:
    return {key: text(key, lang) for key in TEXTS if key.startswith(IN_BROWSER) or SCRIPT in key}

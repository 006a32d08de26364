"""Folding of what people type: Unicode NFKC, full-width to half-width, white space and punctuation. Pure."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_NOT_WORD = re.compile(r"[^\w#]+", re.UNICODE)
_DASHES = re.compile("[\u2010-\u2015\u2212\u30fc\ufe58\ufe63\uff0d]")


def tidy(text: str) -> str:
    """NFKC, no invisible characters, any dash a hyphen, white space folded to one space and trimmed."""
    if text.isascii() and text.isprintable():
        return text if " " not in text else " ".join(text.split())
    # Invisible characters go first: one between a letter and its accent would keep NFKC from joining them.
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    folded = _DASHES.sub("-", folded)
    return _SPACES.sub(" ", folded).strip()


def as_typed(text: str) -> str:
    """No invisible characters, white space folded to one space and trimmed; else as it was typed: ， stays ，."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def compact(text: str) -> str:
    """Tidy text without any white space: the form of identifiers."""
    return _joined(tidy(text).replace(" ", ""))


def fold_key(text: str) -> str:
    """The comparison form of addresses and names of firms: tidy, lower case, white space and punctuation gone."""
    return _joined(_NOT_WORD.sub("", tidy(text).casefold()).replace("_", ""))


def _joined(text: str) -> str:
    """NFKC once more, for characters that stand side by side only since what was between them is gone."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)

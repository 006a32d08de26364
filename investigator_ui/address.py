"""The address of a view: /subject/<nodeId>?lang=…&full=1&community=<nodeId>&sourceOnly=1&asOf=…&expanded=a,b*TYPE, or that of a list
(listing.py) or of a marketer's page (marketing/). Opaque node ids only, never an ID number.
Read here; written in the browser (assets/05-start.js), where the user moves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Literal
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from investigator_ui.listing import Asked, asked

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
MOST_EXPANSIONS = 12  # so many are opened again with a view; each is one question to the API

NODE = r"[A-Za-z0-9_.:~-]{1,128}"
_SUBJECT = re.compile(rf"^/subject/(?P<node>{NODE})/?$")


@dataclass(frozen=True, slots=True)
class Expanded:
    """An expansion that belongs to the view: a node, and the relationship type where only one was expanded."""

    node_id: str
    relationship: str | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """Path and query as they came, but for what is read here: the marketer's pages read them for themselves."""

    path: str = "/"
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ViewAddress:
    """What a URL of the UI says. `node_id` is None on the start page and on that of a list."""

    node_id: str | None = None
    lang: Language | None = None
    full: bool = False
    community: str | None = None  # of the full graph: the community that holds this node
    source_only: bool = False
    as_of: date | None = None
    expanded: tuple[Expanded, ...] = ()
    listing: Asked | None = None
    rest: Rest = field(default=Rest(), compare=False)

    @classmethod
    def parse(cls, pathname: str | None, search: str | None) -> "ViewAddress":
        """Reads leniently: what makes no sense is left out, so an old or mistyped link still opens something."""
        match = _SUBJECT.match(pathname or "/")
        query = {key: values[-1] for key, values in parse_qs((search or "").lstrip("?")).items()}
        return cls(
            node_id=match["node"] if match else None,
            lang=language(query.get("lang")),
            full=query.get("full") == "1",
            community=_node_id(query.get("community")) if query.get("full") == "1" else None,
            source_only=query.get("sourceOnly") == "1",
            as_of=_day(query.get("asOf")),
            expanded=_expanded(query),
            listing=asked(pathname or "/", query),
            rest=Rest(
                (pathname or "").rstrip("/") or "/",
                tuple(sorted((name, value) for name, value in query.items() if name not in {"lang", "asOf"})),
            ),
        )

    @property
    def key(self) -> str:
        """Two addresses with the same key show the same graph; language and expansions don't ask for a new one."""
        if self.listing is not None:
            return f"{self.listing}|{self.as_of}"
        if self.node_id is None:
            return f"{self.rest}|{self.as_of}"
        return f"{self.node_id}|{int(self.full)}|{int(self.source_only)}|{self.as_of}|{self.community or ''}"

    def moment(self, zone: ZoneInfo) -> datetime | None:
        """The last moment of the as-of day: what happened on that day is seen."""
        return None if self.as_of is None else datetime.combine(self.as_of, time.max, tzinfo=zone)


def language(text: str | None) -> Language | None:
    short = (text or "").lower()[:2]
    return next((known for known in LANGUAGES if known == short), None)


def preferred_language(cookie: str | None, accept_language: str | None) -> Language:
    """The language chosen before, else the browser's first that we have, else Chinese."""
    for candidate in (cookie, *(accept_language or "").split(",")):
        found = language((candidate or "").strip())
        if found is not None:
            return found
    return "zh"


def _node_id(text: str | None) -> str | None:
    return text if text and re.fullmatch(NODE, text) else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _expanded(query: Mapping[str, str]) -> tuple[Expanded, ...]:
    parts = [part for part in query.get("expanded", "").split(",") if part]
    found = []
    for part in parts[:MOST_EXPANSIONS]:
        node_id, _, relationship = part.partition("*")
        found.append(Expanded(node_id, relationship or None))
    return tuple(found)

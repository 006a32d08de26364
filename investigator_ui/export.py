"""CSV of what is on the canvas: UTF-8 with BOM for Excel, masked as the server sent it, safe against formula injection. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from investigator_ui.address import Language
from investigator_ui.elements import UNGRADED
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.texts import qualifier, text

BOM = "\ufeff"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Element = Mapping[str, Any]


def csv_of_nodes(elements: Iterable[Element], schema: GraphSchema, lang: Language) -> str:
    columns = ("id", "type", "caption", "grade", "score", "hop", "degree", "members", "subject")
    rows = [
        [
            data["id"],
            _type(data["type"], schema, lang),
            data["caption"],
            "" if data["grade"] == UNGRADED else data["grade"],
            "" if data.get("score") is None else f"{data['score']:.4f}",
            "" if data.get("hop") is None else data["hop"],
            data["degree"],
            data["members"],
            text("csv.yes", lang) if data.get("subject") else "",
        ]
        for data in _data(elements)
        if "source" not in data
    ]
    return _csv([text(f"csv.{column}", lang) for column in columns], rows)


def csv_of_edges(elements: Sequence[Element], lang: Language, zone: ZoneInfo) -> str:
    """Moments are those of the lender's zone, as on the screen, and say how far it is from UTC."""
    columns = ("relation", "qualifier", "from", "from_caption", "to", "to_caption", "first", "last", "drawn_by")
    captions = {data["id"]: data["caption"] for data in _data(elements) if "source" not in data}
    rows = [
        [
            data[lang],
            qualifier(data.get("qualifier"), lang),
            data["source"],
            captions.get(data["source"], ""),
            data["target"],
            captions.get(data["target"], ""),
            _moment(data["first"], zone),
            _moment(data["last"], zone),
            (data.get("author") or text("csv.yes", lang)) if data.get("human") else "",
        ]
        for data in _data(elements)
        if "source" in data
    ]
    return _csv([text(f"csv.{column}", lang) for column in columns], rows)


def file_name(kind: str, subject_id: str) -> str:
    """Opaque id only: file names end up in mail and logs."""
    safe = "".join(c for c in subject_id if c.isalnum() or c in "-_")
    return f"guanxi-{kind}-{safe}.csv"


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return BOM + out.getvalue()


def _moment(text_: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text_).astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _safe(cell: object) -> object:
    """A spreadsheet takes `+86 138…` or `=…` for a formula; an apostrophe keeps it text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _type(label: str, schema: GraphSchema, lang: Language) -> str:
    view = schema.node_type(label)
    return view.caption_zh if lang == "zh" else view.caption_en


def _data(elements: Iterable[Element]) -> Iterable[Mapping[str, Any]]:
    return (element["data"] for element in elements)

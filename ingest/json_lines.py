"""JSON Lines: one object per line, in UTF-8. A line that is none, or that holds a list or an object where a value belongs, is broken."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from ingest.byte_stream import ByteStream, reading
from ingest.csv_records import MAX_LINE, Broken, kept
from ingest.errors import NotCsv
from ingest.header import Header
from ingest.source_file import RowBatch, text_frame

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class JsonLinesFile:
    """A file of JSON Lines. `header` holds every field that any line has, in the order in which they first appear."""

    path: Path
    encoding: str
    header: tuple[str, ...]
    size: int
    start: int = 0
    line: int = 0

    def rows(self, header: Header, *, rows: int, offset: int, line: int) -> Iterator[RowBatch]:
        own = dict(zip(self.header, header.names, strict=True))
        with reading(self.path) as stream:
            stream.source.seek(offset)
            while True:
                batch, offset, line = _batch(stream, own, header, rows, offset, line)
                if len(batch) == 0:
                    return
                yield batch


def open_json_lines(path: Path, *, packed: bool) -> JsonLinesFile:
    """Reads the file once for its fields: a field that only late lines have must not be lost. Raises NotCsv where no line is an object."""
    fields: dict[str, None] = {}
    with reading(path) as stream:
        for text, _ in _lines(stream):
            found = _object(text)
            if isinstance(found, dict):
                fields.update(dict.fromkeys(found))
    if len(fields) == 0:
        raise NotCsv(f"No line of {path.name} is a JSON object. Write one object per line, each with the row's fields.")
    return JsonLinesFile(path, f"json lines{', gzip' if packed else ''}", tuple(fields), path.stat().st_size)


def _batch(
    stream: ByteStream, own: dict[str, str], header: Header, rows: int, offset: int, line: int
) -> tuple[RowBatch, int, int]:
    columns: dict[str, list[str | None]] = {name: [] for name in header.names}
    lines: list[int] = []
    broken: list[Broken] = []
    for text, length in _lines(stream):
        offset += length
        line += 1
        if text.isspace():
            continue
        found = _object(text)
        if length > MAX_LINE:
            broken.append(_broken(line, text, "json.line_too_long", f"The line is longer than {MAX_LINE} bytes."))
        elif isinstance(found, Exception):
            broken.append(
                _broken(line, text, "json.malformed", "The line is no JSON object. Write one object per line.")
            )
        elif nested := [
            name for name, value in found.items() if isinstance(value, dict | list) and own[name] in header.known
        ]:
            message = f"{nested[0]} holds a list or an object. Give one value, or one line per value."
            broken.append(_broken(line, text, "json.nested", message))
        else:
            lines.append(line)
            for name, column in own.items():
                columns[column].append(_text(found.get(name)))
        if len(lines) + len(broken) == rows:
            break
    return RowBatch(text_frame(header, columns), lines, broken, offset, line, stream.done()), offset, line


def _lines(stream: ByteStream) -> Iterator[tuple[bytes, int]]:
    """Lines with their ends, and how long each is. Of one that is longer than MAX_LINE only the beginning is given."""
    read = partial(stream.source.readline, MAX_LINE)
    while text := read():
        length, last = len(text), text
        while len(last) == MAX_LINE and last[-1:] != b"\n":
            last = read()
            length += len(last)
        yield text, length


def _object(text: bytes) -> dict[str, Scalar | dict[str, object] | list[object]] | Exception:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        return exc
    return found if isinstance(found, dict) else ValueError("no object")


def _text(value: object) -> str | None:
    """A value as a CSV file would hold it; a list or an object, in a column that is left out, as nothing."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
    return None


def _broken(line: int, text: bytes, reason: str, message: str) -> Broken:
    return Broken(line, kept(text.rstrip(b"\r\n")), reason, message)

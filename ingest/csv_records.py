"""Cuts a CSV file into whole records, each with the line it begins on. Works on bytes, in bounded memory, and never loses a line.

Polars parses the records; it can't say on which line a record stood, and one stray quote would let a file run into one field. So the
cutting is done here. Quotes follow RFC 4180, and a quote inside an unquoted field is a letter like any other. A record with the wrong number of
fields, or a quote that does not close within `MAX_SPAN` lines, is *broken*: it is handed on as it was written, and reading goes on with the next line.
Commas, quotes and line ends are single bytes that no UTF-8 or GB18030 character contains, so this holds for both.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

MAX_LINE = 1 << 20  # bytes; a longer line is no row of ours
MAX_SPAN = 50  # lines that one quoted record may take up
MAX_KEPT = 4_000  # bytes kept of a broken record

_QUOTED = rb'"(?:[^"]++|"")*+"'
_FIELD = re.compile(rb"(?:%b(?=,|\Z)|(?!\")[^,]++|(?=,|\Z))" % _QUOTED)
_UNCLOSED = re.compile(rb'"(?:[^"]++|"")*+')


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that could not be split into the file's columns."""

    line: int
    raw: bytes
    reason: str
    message: str


def kept(raw: bytes) -> bytes:
    """What is kept of a broken record: all of it, or its beginning and how much more there was."""
    more = len(raw) - MAX_KEPT
    return raw if more <= 0 else raw[:MAX_KEPT] + b" ... and %d bytes more" % more


@dataclass(slots=True)
class RawBatch:
    """Records that are strictly well-formed CSV of the right width, without line ends, and the line that each begins on."""

    records: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    end_offset: int = 0  # where the next batch begins, in bytes
    end_line: int = 0  # lines before it

    def __len__(self) -> int:
        return len(self.records) + len(self.broken)


class UnclosedQuote(ValueError):
    """A quoted field that is still open where the text ends."""


def split_fields(record: bytes) -> list[bytes]:
    """The fields of one record, still quoted where they were. Raises UnclosedQuote, or ValueError where text follows a closing quote."""
    fields: list[bytes] = []
    position = 0
    while True:
        match = _FIELD.match(record, position)
        if match is None:
            if _UNCLOSED.fullmatch(record, position):
                raise UnclosedQuote
            raise ValueError("text after a closing quote")
        fields.append(match.group())
        position = match.end()
        if position == len(record):
            return fields
        position += 1  # the comma


def _strict(field: bytes) -> bytes:
    """A field as RFC 4180 wants it: an unquoted one that holds a quote gets quoted."""
    if field[:1] == b'"' or b'"' not in field:
        return field
    return b'"' + field.replace(b'"', b'""') + b'"'


class RecordReader:
    """Reads records from where `source` stands. `line` is how many lines were before it; `width` how many fields a record has
    (None takes any, for the header)."""

    def __init__(self, source: BinaryIO, *, offset: int = 0, line: int = 0, width: int | None = None) -> None:
        self._lines: Iterator[bytes] = iter(partial(source.readline, MAX_LINE), b"")
        self._ahead: deque[bytes] = deque()
        self.offset = offset
        self.line = line
        self.width = width

    def batch(self, rows: int) -> RawBatch:
        """The next `rows` records, broken ones included; fewer at the end of the file."""
        batch = RawBatch()
        commas = None if self.width is None else self.width - 1
        while len(batch.records) + len(batch.broken) < rows:
            text = self._ahead.popleft() if self._ahead else next(self._lines, None)
            if text is None:
                break
            self.offset += len(text)
            self.line += 1
            if b'"' in text or len(text) >= MAX_LINE:
                self._odd(text, batch)
                continue
            record = text.rstrip(b"\r\n")
            if not record or record.isspace():
                continue
            if commas is None or record.count(b",") == commas:
                batch.records.append(record)
                batch.lines.append(self.line)
            else:
                self._wrong_width(record, self.line, record.count(b",") + 1, batch)
        batch.end_offset, batch.end_line = self.offset, self.line
        return batch

    def _odd(self, text: bytes, batch: RawBatch) -> None:
        """A line that is too long, or holds quotes."""
        first = self.line
        if len(text) == MAX_LINE and text[-1:] != b"\n":
            self._skip_line()
            message = f"The line is longer than {MAX_LINE} bytes."
            batch.broken.append(_broken(first, text, "csv.line_too_long", message))
        elif b'"' in text:
            self._quoted(text, first, batch)
        elif self.width is None or text.count(b",") == self.width - 1:
            batch.records.append(text.rstrip(b"\r\n"))
            batch.lines.append(first)
        else:
            self._wrong_width(text.rstrip(b"\r\n"), first, text.count(b",") + 1, batch)

    def _next(self) -> bytes | None:
        text = self._ahead.popleft() if self._ahead else next(self._lines, None)
        if text is not None:
            self.offset += len(text)
            self.line += 1
        return text

    def _give_back(self, texts: list[bytes]) -> None:
        for text in reversed(texts):
            self._ahead.appendleft(text)
            self.offset -= len(text)
            self.line -= 1

    def _skip_line(self) -> None:
        """Reads on to the end of a line whose beginning was too long."""
        for part in self._lines:
            self.offset += len(part)
            if part[-1:] == b"\n":
                return

    def _quoted(self, text: bytes, first: int, batch: RawBatch) -> None:
        """A record with quotes, which may take several lines."""
        ahead: list[bytes] = []
        whole = text
        while True:
            record = whole.rstrip(b"\r\n") if not ahead else _without_line_end(whole)
            try:
                fields = split_fields(record)
            except UnclosedQuote:
                more = self._next() if len(ahead) + 1 < MAX_SPAN and len(whole) < MAX_LINE else None
                if more is None:
                    self._give_back(ahead)
                    message = "A quote is opened and not closed. Close it, or double it where it is part of the text."
                    batch.broken.append(_broken(first, text.rstrip(b"\r\n"), "csv.unclosed_quote", message))
                    return
                ahead.append(more)
                whole += more
            except ValueError:
                self._give_back(ahead)
                message = "Text follows a closing quote. Double the quotes that are part of the text."
                batch.broken.append(_broken(first, text.rstrip(b"\r\n"), "csv.quote", message))
                return
            else:
                break
        if self.width is not None and not any(fields[self.width :]):
            del fields[self.width :]
        if self.width is not None and len(fields) != self.width:
            self._give_back(ahead)
            self._wrong_width(text.rstrip(b"\r\n") if ahead else record, first, len(fields), batch)
            return
        batch.records.append(b",".join(map(_strict, fields)))
        batch.lines.append(first)

    def _wrong_width(self, record: bytes, first: int, found: int, batch: RawBatch) -> None:
        width = self.width or found
        if found > width and record.endswith(b"," * (found - width)):
            # Spreadsheets end some rows in empty cells that the header does not have. They say nothing.
            batch.records.append(record[: width - found])
            batch.lines.append(first)
            return
        message = f"The row has {found} fields, the header {width}. Quote fields that hold a comma."
        batch.broken.append(_broken(first, record, "csv.columns", message))


def _without_line_end(text: bytes) -> bytes:
    return text[:-2] if text.endswith(b"\r\n") else text.removesuffix(b"\n")


def _broken(line: int, raw: bytes, reason: str, message: str) -> Broken:
    return Broken(line, kept(raw), reason, message)

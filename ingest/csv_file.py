"""CSV files: in which encoding, with which columns; then their rows in batches, as Polars frames of text."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import SEEK_SET
from pathlib import Path

import polars as pl

from ingest.byte_stream import reading
from ingest.csv_records import Broken, RawBatch, RecordReader, kept, split_fields
from ingest.errors import NotCsv, NothingToIngest, WrongEncoding
from ingest.header import Header
from ingest.source_file import RowBatch

SAMPLE = 1 << 20
_FOREIGN = (
    (b"\x1f\x8b", "a gzip archive inside another", "Unpack it first: gunzip FILE."),
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive", "Save the sheet as CSV (UTF-8), or unpack it."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV (UTF-8)."),
    (b"%PDF", "a PDF", "Ask for the data as CSV."),
)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """What is known of a file before its rows are read. `start` and `line` are where the rows begin: bytes and lines before them."""

    path: Path
    encoding: str
    codec: str  # utf-8 or gb18030
    header: tuple[str, ...]
    start: int
    line: int
    size: int

    def rows(self, header: Header, *, rows: int, offset: int, line: int) -> Iterator[RowBatch]:
        with reading(self.path) as stream:
            stream.source.seek(offset, SEEK_SET)
            reader = RecordReader(stream.source, offset=offset, line=line, width=len(header.names))
            while len(raw := reader.batch(rows)) > 0:
                yield _parsed(raw, self.codec, header, done=stream.done() if stream.is_packed else raw.end_offset)


def open_csv(path: Path, sample: bytes, *, packed: bool) -> CsvFile:
    """Looks at the head of a file, of which `sample` is the beginning. Raises an IngestError that says what it is instead and what to do."""
    codec = _encoding(path.name, sample)
    start = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
    with reading(path) as stream:
        stream.source.seek(start, SEEK_SET)
        first = RecordReader(stream.source, offset=start).batch(1)
    return CsvFile(
        path,
        f"{codec}{', gzip' if packed else ''}",
        codec,
        _header(path.name, first, codec),
        first.end_offset,
        first.end_line,
        path.stat().st_size,
    )


def _parsed(raw: RawBatch, encoding: str, header: Header, *, done: int) -> RowBatch:
    text, raw = _decoded(raw, encoding)
    broken = [replace(one, raw=one.raw.decode(encoding, errors="backslashreplace").encode()) for one in raw.broken]
    schema = dict.fromkeys(header.names, pl.String)
    if len(raw.records) == 0:
        return RowBatch(pl.DataFrame(schema=schema), [], broken, raw.end_offset, raw.end_line, done)
    frame = pl.read_csv(text, has_header=False, schema=schema, infer_schema=False)
    return RowBatch(frame, raw.lines, broken, raw.end_offset, raw.end_line, done)


def _decoded(raw: RawBatch, encoding: str) -> tuple[bytes, RawBatch]:
    """The records as UTF-8; those that can't be decoded become broken ones."""
    text = b"\n".join(raw.records)
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError:
        good = RawBatch(broken=list(raw.broken), end_offset=raw.end_offset, end_line=raw.end_line)
        for record, line in zip(raw.records, raw.lines, strict=True):
            try:
                record.decode(encoding)
            except UnicodeDecodeError:
                good.broken.append(
                    Broken(line, kept(record), "csv.encoding", f"The row is no valid {encoding.upper()} text.")
                )
            else:
                good.records.append(record)
                good.lines.append(line)
        raw = good
        decoded = b"\n".join(raw.records).decode(encoding)
    return decoded.encode("utf-8"), raw


def _encoding(file: str, sample: bytes) -> str:
    if len(sample.strip(codecs.BOM_UTF8 + b"\r\n\t ,")) == 0:
        raise NothingToIngest(f"{file} is empty. It needs a header line and rows; docs/data-layout.md shows them.")
    for magic, what, remedy in _FOREIGN:
        if sample.startswith(magic):
            raise NotCsv(f"{file} is {what}, no CSV. {remedy}")
    if sample.startswith(_UTF_16):
        raise WrongEncoding(
            f"{file} is UTF-16. Convert it: iconv -f UTF-16 -t UTF-8 {file} > NEW, or save it as CSV UTF-8."
        )
    if b"\0" in sample.partition(b"\n")[0] or sample.count(b"\0") > len(sample) // 100:
        raise NotCsv(f"{file} holds binary data, no CSV.")
    if b"\n" not in sample and b"\r" in sample:
        raise NotCsv(f"{file} ends its lines as old Macintosh files do. Save it with LF or CRLF line ends.")
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8"
    return _by_lines(file, sample)


def _by_lines(file: str, sample: bytes) -> str:
    """UTF-8, unless most of the lines beyond ASCII are not and are GB18030. (Chance text of one is hardly ever valid text of the other.)"""
    whole = sample if len(sample) < SAMPLE else sample[: sample.rfind(b"\n") + 1] or sample
    lines = [line for line in whole.split(b"\n") if not line.isascii()]
    foreign = [line for line in lines if not _decodes(line, "utf-8")]
    if 2 * len(foreign) <= len(lines):
        return "utf-8"
    if all(_decodes(line, "gb18030") for line in foreign):
        return "gb18030"
    raise WrongEncoding(
        f"{file} is neither UTF-8 nor GB18030 text. Find out its encoding and convert it: iconv -f ENCODING -t UTF-8 {file} > NEW."
    )


def _decodes(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _header(file: str, first: RawBatch, encoding: str) -> tuple[str, ...]:
    if len(first.records) == 0:
        reason = first.broken[0].message if first.broken else "It is empty."
        raise NotCsv(f"The first line of {file} is no header. {reason}")
    try:
        fields = [_unquoted(field).decode(encoding) for field in split_fields(first.records[0])]
    except UnicodeDecodeError as exc:
        raise WrongEncoding(
            f"The header of {file} is no valid {encoding.upper()} text. Convert the file to UTF-8."
        ) from exc
    if len(fields) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if mark in fields[0]:
                raise NotCsv(f"{file} is separated by {name}. Save it with commas.")
    return tuple(fields)


def _unquoted(field: bytes) -> bytes:
    return field[1:-1].replace(b'""', b'"') if field[:1] == b'"' else field

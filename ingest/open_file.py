"""Opens a file of rows, whatever its format: CSV, JSON Lines or Parquet, as it is or in a gzip archive. Its content says which, not its name."""

from pathlib import Path

from ingest.byte_stream import reading
from ingest.csv_file import SAMPLE, open_csv
from ingest.errors import NotCsv
from ingest.json_lines import open_json_lines
from ingest.parquet import MAGIC, open_parquet
from ingest.source_file import SourceFile

# Names under which a folder's files are looked at.
SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
PACKED = ".gz"
_BLANK = b"\xef\xbb\xbf \t\r\n"


def open_file(path: Path) -> SourceFile:
    """Raises an IngestError that says what the file is instead, and what to do."""
    with reading(path) as stream:
        sample, packed = stream.source.read(SAMPLE), stream.is_packed
    if sample.startswith(MAGIC):
        return open_parquet(path, packed=packed)
    first = sample.lstrip(_BLANK)[:1]
    if first == b"[":
        raise NotCsv(f"{path.name} is one JSON array. Write one object per line: jq -c '.[]' {path.name} > NEW.jsonl")
    if first == b"{":
        return open_json_lines(path, packed=packed)
    return open_csv(path, sample, packed=packed)


def has_known_suffix(path: Path) -> bool:
    """Whether a file's name says that it holds rows."""
    name = path.name.casefold().removesuffix(PACKED)
    return name.endswith(SUFFIXES)

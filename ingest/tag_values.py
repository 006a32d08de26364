"""A file of a tag's values: which columns hold key and value, its rows in parts, and those that were refused, in quarantine."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from graph_model.schema import SCHEMA
from graph_model.services.tags.definition import TagDefinition, ValueType
from graph_model.services.tags.given import AT_ONCE, Part, RefusedRow, Row
from ingest.errors import MissingColumns
from ingest.header import Header, plain_header
from ingest.mapping_values import folded, nearest
from ingest.open_file import open_file
from ingest.quarantine import Quarantine, QuarantinedRow
from ingest.refusals import broken_rows
from ingest.source_file import RowBatch, SourceFile

VALUE = "value"
YES = "yes"  # what a row says of a tag that says yes, where the file has no column of values


class TagValues:
    """One file, opened. Raises an IngestError for what is no file of rows, MissingColumns for one without these columns."""

    def __init__(self, path: Path, tag: TagDefinition, *, key: str | None = None, value: str | None = None) -> None:
        self._opened: SourceFile = open_file(path)
        self.header: Header = plain_header(path.name, self._opened.header, known=frozenset())
        self._key = self._column(key or SCHEMA.node(tag.label).key.name, f"the key of each {tag.label}", "--key")
        names = {folded(name): name for name in self.header.names}
        self._value = names.get(folded(value or VALUE), names.get(tag.code)) if value is None else None
        if self._value is None and (value is not None or tag.value_type is not ValueType.BOOL):
            self._value = self._column(value or VALUE, "the values", "--value")
        self._texts: Mapping[int, Sequence[str | None]] = {}  # of the part that was read last, by line
        self.broken = 0

    def parts(self, quarantine: Quarantine) -> Iterator[Part]:
        """All rows; the records that are none go to quarantine."""
        opened = self._opened
        for batch in opened.rows(self.header, rows=AT_ONCE, offset=opened.start, line=opened.line):
            quarantine.append(broken_rows(batch))
            self.broken += len(batch.broken)
            self._texts = dict(zip(batch.lines, batch.frame.rows(), strict=True))
            yield Part(self._rows(batch), batch.done, opened.size)

    def refused(self, rows: Sequence[RefusedRow]) -> list[QuarantinedRow]:
        """Rows of the part that was read last, as they were."""
        return [QuarantinedRow(self._texts[row.line], row.line, "", row.code, "", row.message) for row in rows]

    def _rows(self, batch: RowBatch) -> list[Row]:
        keys = batch.frame.get_column(self._key).to_list()
        values = [YES] * len(keys) if self._value is None else batch.frame.get_column(self._value).to_list()
        return [Row(line, key or "", value or "") for line, key, value in zip(batch.lines, keys, values, strict=True)]

    def _column(self, wanted: str, what: str, option: str) -> str:
        names = {folded(name): name for name in self.header.names}
        found = names.get(folded(wanted))
        if found is None:
            raise MissingColumns(
                f"{self._opened.path.name} has no column {wanted} with {what}.{nearest(wanted, names)} Name the column with {option}."
            )
        return found

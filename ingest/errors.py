"""Errors of ingest: what is wrong with a file as a whole. Bad rows are no errors: they go to quarantine."""

from graph_model.errors import GuanxiError


class IngestError(GuanxiError):
    """Files that can't be ingested as they are. Nothing was written for the file that is named."""

    code = "ingest_failed"


class NothingToIngest(IngestError):
    """No file, an empty file, or a folder without a file of the layout."""

    code = "ingest_nothing"


class UnknownKind(IngestError):
    """A file whose name says no kind of the layout and that no mapping names."""

    code = "ingest_unknown_kind"


class MissingColumns(IngestError):
    """A file without a column that every row needs."""

    code = "ingest_missing_columns"


class NotCsv(IngestError):
    """A file that holds something else than comma-separated text with a header."""

    code = "ingest_not_csv"


class WrongEncoding(IngestError):
    """Text in an encoding that is not read."""

    code = "ingest_encoding"


class BadMapping(IngestError):
    """A mapping file that can't be understood, or that does not fit the file it speaks of."""

    code = "ingest_mapping"


class FileUnreadable(IngestError):
    code = "ingest_unreadable"


class FileChanged(IngestError):
    """A file that changed while it was read; what was committed is sound, and the next run starts it anew."""

    code = "ingest_file_changed"


class QuarantineFailed(IngestError):
    """The quarantine can't be written, so ingest stops rather than lose a row."""

    code = "ingest_quarantine_failed"


class BadHeader(IngestError):
    """A header that names a column twice."""

    code = "ingest_header"

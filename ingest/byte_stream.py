"""Bytes of a file, unpacked where it is a gzip archive. Offsets count unpacked bytes; how far the file on the disk was read is told apart."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from ingest.errors import FileUnreadable

GZIP = b"\x1f\x8b"
_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class ByteStream:
    """`source` gives the bytes; `raw` is the file itself."""

    source: BinaryIO
    raw: BinaryIO

    @property
    def is_packed(self) -> bool:
        return self.source is not self.raw

    def done(self) -> int:
        """Bytes of the file on the disk that were read, buffers included."""
        return self.raw.tell()


@contextmanager
def reading(path: Path) -> Iterator[ByteStream]:
    """Raises FileUnreadable, also from inside: for a file that can't be read, and for an archive that is cut short or damaged."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(GZIP)) == GZIP
            raw.seek(0)
            if not packed:
                yield ByteStream(raw, raw)
                return
            with BufferedReader(cast(BufferedReader, gzip.GzipFile(fileobj=raw)), _BUFFER) as unpacked:
                yield ByteStream(unpacked, raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise FileUnreadable(
            f"{path} is a gzip archive that is cut short or damaged. Fetch it again; what was loaded of it is sound."
        ) from exc
    except OSError as exc:
        raise FileUnreadable(f"{path} can't be read: {exc.strerror}.") from exc

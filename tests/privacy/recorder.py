"""The recorder: looks at every text that passes and keeps only what it finds, in a folder that all processes of a test run share."""

import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote_plus

from tests.privacy.scan import personal_numbers

FOLDER = "PRIVACY_SCAN_FOLDER"  # the environment variable that tells processes which tests start where to write
MOST = 200  # finds that one process writes down; one is enough to fail


@dataclass(frozen=True, slots=True)
class Find:
    """Where a personal number was seen: in which test, in what kind of text, under which URL, logger or command."""

    test: str
    source: str
    place: str
    kind: str
    masked: str

    def __str__(self) -> str:
        return f"{self.test}: {self.kind} {self.masked} in {self.source} {self.place}"


class Recorder:
    def __init__(self, folder: Path) -> None:
        self._finds = folder / "finds.jsonl"
        self._current = folder / "current"
        self._doubles = folder / "doubles"
        self._written: set[Find] = set()
        self._lock = threading.Lock()
        self.seen = 0  # texts looked at by this process

    def begin(self, test: str) -> None:
        self._current.write_text(test, encoding="utf-8")

    def see(self, text: str | bytes | None, *, source: str, place: str) -> None:
        """Looks at one text: `source` is response, url, page, log or output."""
        if not text:
            return
        self.seen += 1
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        for found in personal_numbers(unquote_plus(words) if source == "url" else words):
            self._keep(Find(self._test(), source, masked_place(place), found.kind, found.masked))

    def is_double(self, origin: str) -> bool:
        """A fake server's words are the test's own; what the product makes of them is looked at elsewhere."""
        return self._doubles.exists() and origin in self._doubles.read_text(encoding="utf-8").splitlines()

    def finds(self) -> list[Find]:
        """Those of all processes."""
        return list(self._read())

    def _read(self) -> Iterator[Find]:
        if self._finds.exists():
            for line in self._finds.read_text(encoding="utf-8").splitlines():
                yield Find(**json.loads(line))

    def _test(self) -> str:
        return self._current.read_text(encoding="utf-8") if self._current.exists() else "(outside of tests)"

    def _keep(self, find: Find) -> None:
        with self._lock:
            if find in self._written or len(self._written) >= MOST:
                return
            self._written.add(find)
            with self._finds.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(find)) + "\n")


def masked_place(place: str) -> str:
    """A URL may itself hold the number: no long run of digits is told."""
    return re.sub(r"\d{5,}", lambda digits: f"{digits[0][:3]}{'*' * (len(digits[0]) - 3)}", place)


def declare_double(origin: str) -> None:
    """Says that a server of this test run is a fake."""
    folder = os.environ.get(FOLDER)
    if folder:
        with (Path(folder) / "doubles").open("a", encoding="utf-8") as out:
            out.write(origin + "\n")

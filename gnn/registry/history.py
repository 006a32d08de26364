"""History: the log of a model folder, to which lines are added and of which none is changed. One JSON object a line."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from graph_model.files import flush

LOG, LOCK = "history.jsonl", ".lock"


class Action(StrEnum):
    REGISTERED = "registered"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    FOUND = "found"  # `current` names it, but no line says how that came about: a folder of an earlier Guanxi, or a change by hand


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done to a version, by whom and why. `before` was the champion until then."""

    at: datetime
    action: Action
    version: str
    before: str | None
    by: str
    reason: str


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """One at a time, among threads and processes of this machine; a process that ends gives its turn back."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(folder: Path) -> Sequence[Entry]:
    """Oldest first. A last line that was cut off by a crash is no line."""
    try:
        text = (folder / LOG).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [_entry(line) for line in text.split("\n")[:-1] if line != ""]


def add(folder: Path, entry: Entry) -> None:
    """Call it in one's turn. It is on the disk when this returns."""
    line = json.dumps(asdict(entry) | {"at": entry.at.isoformat()}, ensure_ascii=False) + "\n"
    with (folder / LOG).open("a+b") as log:
        whole = _cut_to_whole_lines(log.fileno())
        os.write(log.fileno(), line.encode())
        os.fsync(log.fileno())
        if whole == 0:
            flush(folder)


def _cut_to_whole_lines(descriptor: int) -> int:
    """What a crash left of a line goes; returns the bytes that stay."""
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    whole = content.rfind(b"\n") + 1
    if whole < size:
        os.ftruncate(descriptor, whole)
    return whole


def _entry(line: str) -> Entry:
    told = json.loads(line)
    return Entry(
        datetime.fromisoformat(told["at"]),
        Action(told["action"]),
        told["version"],
        told["before"],
        told["by"],
        told["reason"],
    )

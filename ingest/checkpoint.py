"""Checkpoints: how far an ingest has come, kept in the store in the same transaction as the rows. Pure.

A job is known by the content of its files, so the same files resume where a crash left them, and a changed file starts anew.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from ingest.errors import FileUnreadable
from ingest.mapping_values import FileMapping

CHUNK = 1 << 20
JOBS = "ingest.job."  # names of checkpoints begin so


@dataclass(slots=True)
class FileProgress:
    """How far one file of a job has come. Counts are rows; the counters are records that were new to the graph."""

    offset: int = 0  # bytes; 0 is not begun
    line: int = 0
    read: int = 0
    loaded: int = 0
    merged: int = 0
    quarantined: int = 0
    undecided: int = (
        0  # rows of the batch that this is written with; whether they were new is the answer to that very write
    )
    quarantine: str = ""  # name of the quarantine file, once there is one
    quarantine_size: int = 0
    nodes_created: dict[str, int] = field(default_factory=dict)
    edges_created: dict[str, int] = field(default_factory=dict)
    facts_created: dict[str, int] = field(default_factory=dict)
    done: bool = False

    def copy(self) -> "FileProgress":
        return FileProgress(**asdict(self))


@dataclass(slots=True)
class JobProgress:
    """How far a job has come. `now` is the moment of the run that began it: one job has one."""

    now: datetime
    files: dict[str, FileProgress] = field(default_factory=dict)  # by position in the job
    done: bool = False

    def dump(self) -> str:
        files = {} if self.done else {place: asdict(progress) for place, progress in self.files.items()}
        return json.dumps({"now": self.now.isoformat(), "done": self.done, "files": files}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str | None, now: datetime) -> "JobProgress":
        """The job that `text` tells of, or a new one where there is none, it had ended, or another version of ours wrote it."""
        try:
            kept = json.loads(text or "{}")
            if kept.get("done", True):
                return cls(now)
            files = {place: FileProgress(**entry) for place, entry in kept["files"].items()}
            for progress in files.values():
                # The run ended between its last batch and the news of it. The graph has those rows by now.
                progress.merged, progress.undecided = progress.merged + progress.undecided, 0
            return cls(datetime.fromisoformat(kept["now"]), files)
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(now)


def content_digest(path: Path) -> str:
    """Of what a file holds; its name and place do not matter."""
    digest = blake2b(digest_size=16)
    try:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
    except OSError as exc:
        raise FileUnreadable(f"{path} can't be read: {exc.strerror}.") from exc
    return digest.hexdigest()


def fingerprint(contents: Sequence[str], kind: str, mapping: FileMapping, select: str = "") -> str:
    """Of the contents (by digest) that rows of one kind come from, and of all that decides how they are read."""
    told = json.dumps([kind, mapping.signature(), select, list(contents)])
    return blake2b(told.encode(), digest_size=16).hexdigest()


def job_state_name(fingerprints: Sequence[str]) -> str:
    """The name under which the store keeps a job's checkpoint."""
    return f"{JOBS}{blake2b(','.join(fingerprints).encode(), digest_size=16).hexdigest()}"

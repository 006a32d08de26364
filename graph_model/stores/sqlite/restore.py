"""Restore: a backup takes the place of a graph. What was there is kept aside, and at every moment one of the two has its name or can get it."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from graph_model.errors import InvalidRequest, StoreFull, StoreLocked, StoreReadOnly
from graph_model.files import flush
from graph_model.stores.sqlite.writer_lock import long_job

_BESIDE = ("-wal", "-shm")  # what SQLite keeps beside a file, and means nothing without it
# Where SQLite locks a file for as long as a connection is open: the bytes and their number are part of its file format.
_SHARED_FIRST, _SHARED_SIZE = 0x40000002, 510


@contextmanager
def restoring(backup: Path, target: Path, *, replace: bool, now: datetime) -> Iterator[Path]:
    """Lends a copy of the backup, to be looked at and brought up to date; when the caller is done with it, it gets the name `target`.
    What raises inside leaves everything as it was. Raises InvalidRequest, StoreLocked while somebody has the graph open, StoreFull, StoreReadOnly.
    """
    if not backup.is_file():
        raise InvalidRequest(f"There is no file {backup}. Name one that `guanxi backup` wrote.")
    if target.exists():
        if backup.samefile(target):
            raise InvalidRequest("A graph can't be restored from itself. Name a backup of it.")
        if not replace:
            raise InvalidRequest(
                f"{target} exists. --replace puts it aside, under another name beside it, and the backup in its place.",
                code="restore.exists",
            )
    copy = target.with_name(f"{target.name}-restoring")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with long_job(target, "restore"):
            try:
                _require_alone(target)
                _remove(copy)
                _copied(backup, copy)
                yield copy
                _require_alone(target)
                _put_aside(target, aside_name(target, now))
                copy.replace(target)
                flush(target.parent)
            finally:
                _remove(copy)
    except OSError as exc:
        raise (StoreFull if exc.errno == errno.ENOSPC else StoreReadOnly)(str(target)) from exc


def aside_name(target: Path, now: datetime) -> Path:
    return target.with_name(f"{target.name}-aside-{now:%Y%m%dT%H%M%SZ}")


def _copied(backup: Path, copy: Path) -> None:
    for end in ("", "-wal"):  # a copy made by hand of a graph in use has its last writes in the log
        source = backup.with_name(backup.name + end)
        if source.exists():
            os.close(os.open(copy.with_name(copy.name + end), os.O_CREAT | os.O_RDWR, 0o600))  # personal data
            shutil.copyfile(source, copy.with_name(copy.name + end))
            flush(copy.with_name(copy.name + end))


def _put_aside(target: Path, aside: Path) -> None:
    """The log first: without it the file is merely older, and a log beside another file would be taken for that file's."""
    for end in (*_BESIDE, ""):
        there = target.with_name(target.name + end)
        if there.exists():
            there.rename(aside.with_name(aside.name + end))


def _require_alone(target: Path) -> None:
    """Raises StoreLocked where another process has the graph open, even if it does nothing."""
    try:
        descriptor = os.open(target, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
    except (BlockingIOError, PermissionError) as exc:
        raise StoreLocked(str(target), "another process, which has it open") from exc
    finally:
        os.close(descriptor)


def _remove(copy: Path) -> None:
    for end in ("", *_BESIDE):
        copy.with_name(copy.name + end).unlink(missing_ok=True)

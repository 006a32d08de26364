"""A file that is made beside its name and gets it when it is whole: the same for every adapter's backup."""

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph_model.errors import InvalidRequest, StoreFull, StoreReadOnly
from graph_model.files import flush


@contextmanager
def finished_file(target: Path) -> Iterator[Path]:
    """The file to write; it is given the name `target` at the end. Raises InvalidRequest where `target` exists, before anything is written or by
    then; StoreFull or StoreReadOnly where it can't be written. What was written and what lies beside it is gone where it fails."""
    if target.exists():
        raise _exists(target)
    partial = target.with_name(f"{target.name}-partial")
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        _remove(partial)
        yield partial
        flush(partial)
        _publish(partial, target)
        flush(target.parent)
    except FileExistsError as exc:
        raise _exists(target) from exc
    except OSError as exc:
        raise (StoreFull if exc.errno == errno.ENOSPC else StoreReadOnly)(str(target)) from exc
    finally:
        _remove(partial)


def _exists(target: Path) -> InvalidRequest:
    return InvalidRequest(f"{target} exists. Choose another file for the backup.")


def _publish(partial: Path, target: Path) -> None:
    """Give the finished file its name, not that of one that appeared in the meantime."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(target) from None
        partial.rename(target)


def _remove(partial: Path) -> None:
    for leftover in partial.parent.glob(f"{glob.escape(partial.name)}*"):
        leftover.unlink(missing_ok=True)

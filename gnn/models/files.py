"""Files: a folder of a version that is there whole or not at all, and single files that are whole or as they were before."""

import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

from graph_model.files import flush

CURRENT = "current"  # the file that names the version in use


def write_whole(folder: Path, version: str, files: Mapping[str, bytes]) -> Path:
    """Keep the files of a version beside other versions. Nothing uses it until `point` names it. Others may write the same at the same time."""
    target = folder / version
    if _whole(target, files):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f".half-{version}-{os.getpid()}-{threading.get_ident()}"
    half.mkdir()
    try:
        for name, content in files.items():
            (half / name).write_bytes(content)
            flush(half / name)
        flush(half)
        if target.exists():  # what lies there is damaged: each file is mended by itself
            for name in files:
                (half / name).replace(target / name)
        else:
            half.replace(target)
    except OSError:
        if not _whole(target, files):  # else somebody else has just written the same
            raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    flush(folder)
    return target


def point(folder: Path, version: str) -> None:
    """Name the version in use. A reader sees the one or the other."""
    write_text(folder / CURRENT, version + "\n")


def current(folder: Path) -> str | None:
    """The version in use."""
    try:
        return (folder / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def write_text(path: Path, text: str) -> None:
    """A file that is there whole or as it was before."""
    half = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    half.write_text(text, encoding="utf-8")
    flush(half)
    half.replace(path)
    flush(path.parent)


def _whole(target: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return all((target / name).read_bytes() == content for name, content in files.items())
    except OSError:
        return False

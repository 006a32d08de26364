"""Where things are written: the home and its folders, room on their disks, clocks, and what killed processes left behind."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from api.doctor.findings import SKEW_SECONDS, Area, Finding, size
from ingest.leftovers import leftovers

AREA = Area("places")
_LEAST_BYTES = 200 * 1000**2
_FOLDERS = ("models", "quarantine", "backups")  # of the home; made when they are needed


def findings(home: Path, graph: Path | None, *, now: datetime) -> Iterator[Finding]:
    """`graph` is the file that holds it, where one does."""
    yield from _home(home, now)
    for name in _FOLDERS:
        folder = home / name
        if folder.exists() and not os.access(folder, os.W_OK):
            yield AREA.problem(name, f"{folder} can't be written to.", "Mend its permissions.", code="file.unusable")
    if graph is not None and graph.exists():
        yield _graph(graph)
    yield _room(home, graph)
    yield from _left()


def _home(home: Path, now: datetime) -> Iterator[Finding]:
    if not home.exists():
        yield AREA.warning("home", f"There is no folder {home} yet.", "It is made by the first command that writes.")
        return
    try:
        before = time.time()
        with tempfile.NamedTemporaryFile(dir=home, prefix=".doctor-") as probe:
            probe.write(b"?")
            probe.flush()
            skew = os.fstat(probe.fileno()).st_mtime - before
    except OSError as exc:
        yield AREA.problem(
            "home",
            f"{home} can't be written to: {exc.strerror}.",
            "Mend its permissions, or set GUANXI_HOME.",
            code="home.unusable",
        )
        return
    yield AREA.ok("home", f"{home} can be written to")
    if abs(skew) > SKEW_SECONDS:
        yield AREA.warning(
            "clock",
            f"The disk of {home} dates files {abs(skew):,.0f} s {'ahead' if skew > 0 else 'late'}.",
            "Set both machines' clocks by NTP.",
            skew=skew,
        )
    ahead = [path.name for path in home.iterdir() if _dated(path) - now.timestamp() > SKEW_SECONDS]
    if len(ahead) > 0:
        yield AREA.warning(
            "clock",
            f"{len(ahead)} files of {home} are dated in the future, {ahead[0]} for one.",
            "Set this machine's clock by NTP.",
            files=len(ahead),
        )
    open_to_others = [
        name
        for name in ("secret", "users.json", "keys.json")
        if (home / name).exists() and (home / name).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    for name in open_to_others:
        yield AREA.warning(
            name, f"{home / name} can be read by other users of this machine.", f"Run: chmod 600 {home / name}"
        )


def _dated(path: Path) -> float:
    """When a file changed last; the beginning of time for one that goes while it is looked at."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _graph(graph: Path) -> Finding:
    if os.access(graph, os.W_OK) and os.access(graph.parent, os.W_OK):
        return AREA.ok("graph file", "can be written to")
    return AREA.warning(
        "graph file",
        f"{graph} or its folder can't be written to: it can be served with GUANXI_READ_ONLY=true, and nothing can be loaded or scored.",
        "Mend the permissions, where it is not on purpose.",
    )


def _room(home: Path, graph: Path | None) -> Finding:
    """A backup is as large as the graph; a file that is loaded grows the graph about as those before did, with its log beside it."""
    place = graph.parent if graph is not None and graph.parent.exists() else home
    free = shutil.disk_usage(next(each for each in (place.absolute(), *place.absolute().parents) if each.exists())).free
    files = [] if graph is None else [graph, graph.with_name(f"{graph.name}-wal")]
    needed = sum(file.stat().st_size for file in files if file.exists())
    told = f"{size(free)} free"
    if needed > 0:
        told += f"; a backup of this graph needs {size(needed)}, and so would loading as much again as it holds"
    if free < _LEAST_BYTES:
        return AREA.problem(
            "disk",
            f"{told}.",
            "Free some space now: writes are about to be refused.",
            code="disk.full",
            free=free,
            needed=needed,
        )
    if free < needed:
        return AREA.warning(
            "disk", f"{told}.", "Free some space, or write backups to another disk.", free=free, needed=needed
        )
    return AREA.ok("disk", told, free=free, needed=needed)


def _left() -> Iterator[Finding]:
    found = leftovers()
    if len(found) > 0:
        yield AREA.warning(
            "leftovers",
            f"{len(found)} folders of ingests that were killed are left, {found[0]} for one; they hold rows of the files.",
            "The next ingest with a mapping that makes tables removes them; or remove them now.",
            folders=len(found),
        )

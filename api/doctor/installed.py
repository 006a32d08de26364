"""What is installed: versions, optional parts, and whether compiled code can be kept."""

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from api.doctor.findings import Area, Finding
from api.version import product_version

AREA = Area("installed")
# Optional part → a module of it, and what it is for.
EXTRAS = {
    "ui": ("dash", "the web pages"),
    "neo4j": ("neo4j", "a graph in Neo4j"),
    "gnn": ("torch", "training of graph neural networks"),
    "otel": ("opentelemetry.sdk", "traces"),
    "py2neo": ("py2neo", "py2neo models in notebooks"),
}


def findings() -> Iterator[Finding]:
    version = product_version()
    yield AREA.ok("guanxi", f"version {version}", version=version)
    python = platform.python_version()
    if sys.version_info[:2] == (3, 11):
        yield AREA.ok("python", f"Python {python} on {platform.machine()}", version=python)
    else:
        yield AREA.warning(
            "python", f"Python {python}; Guanxi is tested on 3.11.", "Install Guanxi under Python 3.11.", version=python
        )
    for extra, (module, purpose) in EXTRAS.items():
        there = _is_installed(module)
        told = f"installed, for {purpose}" if there else f"not installed; for {purpose}: pip install 'guanxi[{extra}]'"
        yield AREA.ok(f"extra {extra}", told, installed=there)
    yield _compiled()


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in is missing
        return False


def _compiled() -> Finding:
    """Where numba keeps what it compiles: a folder that is named, the one beside our code, or the user's own."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    beside = importlib.util.find_spec("gnn")
    folders = (
        [Path(named)]
        if named
        else [Path(place) for place in (beside.submodule_search_locations or () if beside else ())]
    )
    if not named:
        folders.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"))
    if any(os.access(_nearest(folder), os.W_OK) for folder in folders):
        return AREA.ok("compiled code", "can be kept between runs")
    return AREA.warning(
        "compiled code",
        "The scoring's compiled code can't be kept, so every process compiles it anew, some ten seconds.",
        "Set NUMBA_CACHE_DIR to a folder that can be written to.",
    )


def _nearest(folder: Path) -> Path:
    """The folder, or the one in which it would be made."""
    return next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))

"""Damage to a SQLite file at a chosen place, as a failing disk does it: bytes of one page that are others now."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where bytes are flipped. `table` is what the doctor has to name, where it can tell."""

    name: str
    offset: int
    table: str = ""


def flip(file: Path, offset: int, length: int = 64) -> None:
    with file.open("r+b") as target:
        target.seek(offset)
        before = target.read(length)
        target.seek(offset)
        target.write(bytes(byte ^ 0xFF for byte in before))


def places(file: Path) -> dict[str, Place]:
    """The header, the root of a table (an interior page), a leaf of a table and of an index, a leaf of the search index's own table."""
    connection = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
    try:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0"))
        data = connection.execute("SELECT id, block FROM gram_data ORDER BY length(block) DESC LIMIT 1").fetchone()[1]
    finally:
        connection.close()
    content = file.read_bytes()

    def leaf(table: str) -> int:
        """The first page below the root: what a header of an interior page points to."""
        page = roots[table]
        while content[(page - 1) * size] in (2, 5):
            start = (page - 1) * size
            cell = start + int.from_bytes(content[start + 12 : start + 14])
            page = int.from_bytes(content[cell : cell + 4])
        return page

    return {
        "header": Place("header", 0),
        "interior": Place("interior", (roots["adjacency"] - 1) * size, "adjacency"),
        "leaf": Place("leaf", (leaf("node") - 1) * size, "node"),
        "index": Place("index", (leaf("node_by_key") - 1) * size, "node"),
        "search": Place("search", content.index(bytes(data[200:260])), "search index"),
    }

"""The search index: every searchable text in its folded form, and the pairs of neighbouring characters in it as words of an FTS5 table.

Chinese has no spaces and two characters are a common name, so pairs are the words: `unicode61` would take a whole name as one word, and `trigram`
needs three characters. The `ascii` tokenizer takes every character beyond ASCII as part of a word, whatever SQLite's Unicode tables know of it.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from graph_model.schema.text import fold_key

# A document is one property of one node: its nid, and the code of the property in the lowest bits.
CODE_BITS = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One property of one node had the text `old` and now has `new`."""

    nid: int
    code: int
    old: str | None
    new: str | None


def document(nid: int, code: int) -> int:
    return nid << CODE_BITS | code


def grams(folded: str) -> str:
    """The pairs of neighbouring characters, as words."""
    return " ".join(map("".join, pairwise(folded)))


def reindex(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    gone: list[tuple[int, str]] = []
    come: list[tuple[int, str]] = []
    for change in changes:
        old = "" if change.old is None else fold_key(change.old)
        new = "" if change.new is None else fold_key(change.new)
        if old == new:
            continue
        doc = document(change.nid, change.code)
        if len(old) > 1:
            gone.append((doc, old))
        if len(new) > 1:
            come.append((doc, new))
    # FTS5 without content must be told what it held.
    connection.executemany(
        "INSERT INTO gram (gram, rowid, grams) VALUES ('delete', ?, ?)", [(doc, grams(old)) for doc, old in gone]
    )
    connection.executemany("DELETE FROM searchable WHERE doc = ?", [(doc,) for doc, _ in gone])
    connection.executemany("INSERT INTO searchable (doc, folded) VALUES (?, ?)", come)
    connection.executemany("INSERT INTO gram (rowid, grams) VALUES (?, ?)", [(doc, grams(new)) for doc, new in come])

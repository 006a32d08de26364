"""Running counts of what is in the graph, so that statistics don't count millions of rows."""

import sqlite3
from collections.abc import Mapping

_ADD = """
INSERT INTO tally (name, amount) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET amount = amount + excluded.amount
"""


def add_to_tally(connection: sqlite3.Connection, kind: str, amounts: Mapping[str, int]) -> None:
    connection.executemany(_ADD, [(f"{kind} {name}", amount) for name, amount in amounts.items() if amount > 0])


def take_from_tally(connection: sqlite3.Connection, kind: str, amounts: Mapping[str, int]) -> None:
    connection.executemany(_ADD, [(f"{kind} {name}", -amount) for name, amount in amounts.items() if amount > 0])


def read_tally(connection: sqlite3.Connection) -> dict[str, int]:
    """`kind name` → how many; what was never written is missing."""
    return dict(connection.execute("SELECT name, amount FROM tally"))

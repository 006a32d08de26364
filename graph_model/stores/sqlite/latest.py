"""The latest moment at which any node of a type was first seen or recorded, kept as nodes come: what is asked of everybody up to a later one needs
no look at anybody's.

It is a bound: the moments of a node that is there only ever become earlier.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from graph_model.moments import to_ms
from graph_model.predicates import EVERYTHING, AllOf, AnyOf, Compare, Not, Operator, Predicate
from graph_model.stores.sqlite.upsert_slot import Slot

_FIELDS = ("first_seen", "recorded_at")
_NOTE = """
INSERT INTO meta (name, value) VALUES ('latest ' || ?1, CAST(?2 AS TEXT))
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)
"""
_READ = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'latest ' || ?"
_LABELS = "SELECT code FROM vocabulary WHERE kind = 'label'"
_OUTRUN = """
SELECT count(*) FROM (SELECT label, max(max(first_seen, recorded_at)) AS moment FROM node GROUP BY label) found
JOIN meta ON meta.name = 'latest ' || found.label WHERE CAST(meta.value AS INTEGER) < found.moment
"""
_OF_LABEL = "SELECT max(max(first_seen, recorded_at)) FROM node WHERE label = ?"


def note_latest(connection: sqlite3.Connection, new: Iterable[Slot]) -> None:
    """In the transaction that writes these nodes."""
    latest: dict[int, int] = {}
    for slot in new:
        moment = slot.first_seen if slot.first_seen > slot.recorded_at else slot.recorded_at
        if moment > latest.get(slot.label, moment - 1):
            latest[slot.label] = moment
    connection.executemany(_NOTE, latest.items())


def note_all(connection: sqlite3.Connection) -> None:
    """Of a file that was written before this was kept."""
    for (label,) in connection.execute(_LABELS).fetchall():
        (moment,) = connection.execute(_OF_LABEL, (label,)).fetchone()
        if moment is not None:
            connection.execute(_NOTE, (label, moment))


def outrun(connection: sqlite3.Connection) -> int:
    """Of how many types a node is later than what is kept, which is damage: everybody would be told to have been there when not all were."""
    return int(connection.execute(_OUTRUN).fetchone()[0])


def settled(connection: sqlite3.Connection, label: int, predicate: Predicate) -> Predicate:
    """The same of nodes of the label, without what holds for all of them."""
    found = connection.execute(_READ, (label,)).fetchone()
    return predicate if found is None else _settled(predicate, int(found[0]))


def _settled(predicate: Predicate, latest: int) -> Predicate:
    match predicate:
        case Compare(field=name, operator=Operator.LE, value=datetime() as value) if name in _FIELDS:
            return EVERYTHING if to_ms(value) >= latest else predicate
        case AllOf(parts=parts):
            return AllOf([_settled(part, latest) for part in parts])
        case AnyOf(parts=parts):
            return AnyOf([_settled(part, latest) for part in parts])
        case Not(part=part):
            return Not(_settled(part, latest))
    return predicate

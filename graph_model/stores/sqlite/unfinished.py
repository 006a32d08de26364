"""A scoring that was begun and not completed: it is named, and taken back piece by piece, until nothing of it is left."""

# ruff: noqa: S608 - statements are made of fixed fragments; values are always parameters

import sqlite3

from graph_model.moments import to_ms
from graph_model.records import Scoring
from graph_model.stores.sqlite import ledger
from graph_model.stores.sqlite.tally import take_from_tally
from graph_model.stores.unfinished import STATE, dump, load, require_no_other, require_unfinished, require_within

# A scoring of a model has a second run for what the policy's rule decided.
_RUNS = "SELECT run FROM scoring WHERE model_version = :model AND policy_version = :policy AND as_of = :as_of AND scored_at = :scored_at"
_FORGET = f"DELETE FROM assessment WHERE nid > :after AND nid <= :last AND run IN ({_RUNS})"
_SHOW_OTHER = f"""
UPDATE node SET (score, grade, ring_id, scoring) = (
  SELECT a.score, a.grade, a.ring_id, a.run FROM assessment a JOIN scoring s ON s.run = a.run
  WHERE a.nid = node.nid ORDER BY s.as_of DESC, s.scored_at DESC, s.run DESC LIMIT 1
)
WHERE nid > :after AND nid <= :last AND scoring IN ({_RUNS})
"""
_FORGET_RINGS = "DELETE FROM ring WHERE as_of = :as_of AND scored_at = :scored_at"
_FORGET_RUNS = f"DELETE FROM scoring WHERE run IN ({_RUNS})"
_GREATEST = "SELECT coalesce(max(nid), 0) FROM node"


def begin(connection: sqlite3.Connection, scoring: Scoring) -> None:
    require_no_other(ledger.state(connection, STATE), scoring)
    ledger.put_state(connection, {STATE: dump(scoring)})


def require(connection: sqlite3.Connection, within: Scoring | None) -> None:
    """Raises InvalidRequest `scoring.lost` where this scoring is meant and is no longer the unfinished one."""
    if within is not None:
        require_within(ledger.state(connection, STATE), within)


def unfinished(connection: sqlite3.Connection) -> Scoring | None:
    return load(ledger.state(connection, STATE))


def take_back(connection: sqlite3.Connection, scoring: Scoring, *, after: int, limit: int) -> int | None:
    require_unfinished(ledger.state(connection, STATE), scoring)
    named = {
        "model": scoring.model_version,
        "policy": scoring.policy_version,
        "as_of": to_ms(scoring.as_of),
        "scored_at": to_ms(scoring.scored_at),
    }
    bounds = {"after": after, "last": after + limit}
    forgotten = connection.execute(_FORGET, named | bounds).rowcount
    connection.execute(_SHOW_OTHER, named | bounds)
    take_from_tally(connection, "assessment", {"all": forgotten})
    if after + limit < connection.execute(_GREATEST).fetchone()[0]:
        return after + limit
    connection.execute(_FORGET_RINGS, named)
    connection.execute(_FORGET_RUNS, named)
    ledger.swap_state(connection, STATE, expected=dump(scoring), value=None)
    return None

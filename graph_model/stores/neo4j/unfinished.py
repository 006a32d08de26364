"""A scoring that was begun and not completed: it is named, and taken back piece by piece, until nothing of it is left."""

from graph_model.moments import to_ms
from graph_model.records import Scoring
from graph_model.stores.neo4j import ledger
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.queries import query
from graph_model.stores.unfinished import STATE, dump, load, require_no_other, require_unfinished, require_within


def begin(transaction: Transaction, scoring: Scoring) -> None:
    require_no_other(ledger.state(transaction, STATE), scoring)
    ledger.put_state(transaction, {STATE: dump(scoring)})


def require(transaction: Transaction, within: Scoring | None) -> None:
    """Raises InvalidRequest `scoring.lost` where this scoring is meant and is no longer the unfinished one."""
    if within is not None:
        require_within(ledger.state(transaction, STATE), within)


def unfinished(transaction: Transaction) -> Scoring | None:
    return load(ledger.state(transaction, STATE))


def take_back(transaction: Transaction, scoring: Scoring, *, after: int, limit: int) -> int | None:
    require_unfinished(ledger.state(transaction, STATE), scoring)
    moments = {"as_of": to_ms(scoring.as_of), "scored_at": to_ms(scoring.scored_at)}
    versions = {"model_version": scoring.model_version, "policy_version": scoring.policy_version}
    # A scoring of a model has a second run for what the policy's rule decided.
    runs = [run for (run,) in transaction.rows(query("runs_of"), **versions, **moments)]
    last = after + limit
    transaction.rows(query("forget_assessments"), runs=runs, after=after, last=last)
    transaction.rows(query("show_other_assessments"), runs=runs, after=after, last=last)
    if last < transaction.nid:
        return last
    transaction.rows(query("forget_rings"), **moments)
    transaction.rows(query("forget_runs"), runs=runs)
    ledger.swap_state(transaction, STATE, expected=dump(scoring), value=None)
    return None

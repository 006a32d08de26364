"""Feedback: what investigators conclude is learnt from, from the moment they said it; in batch and online alike."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from gnn.arrays.export import export
from gnn.arrays.graph import NEVER, GraphArrays
from gnn.features.questions import at_present
from gnn.models.split import is_positive, split_by_time
from gnn.online import Scorer
from graph_model.moments import to_ms
from graph_model.principal import Principal, Role
from graph_model.records import AsOf
from graph_model.services.casework import record_disposition
from graph_model.store import GraphStore
from tests.gnn.conftest import AFTERWARDS, Scored

IDA = Principal("ida", Role.INVESTIGATOR)
MONDAY = AFTERWARDS + timedelta(days=1)
TUESDAY = AFTERWARDS + timedelta(days=2)


def seen(store: GraphStore, as_of: datetime) -> GraphArrays:
    return export(store, as_of=AsOf.at(as_of))


def positives(arrays: GraphArrays) -> set[int]:
    """Handles of the applications that a model of this moment learns from as fraud."""
    split = split_by_time(arrays)
    rows = np.concatenate((split.learning, split.calibration))
    return set(arrays.applications.handles[rows[is_positive(arrays, rows)]].tolist())


def honest(arrays: GraphArrays, *, once: bool = True) -> int:
    """The position of a mature application that nobody suspects, of somebody who applied once (or more often)."""
    applications = arrays.applications
    split = split_by_time(arrays)
    times = np.bincount(applications.customer, minlength=len(arrays.customers.handles))[
        applications.customer[split.fit]
    ]
    return int(split.fit[~is_positive(arrays, split.fit) & ((times == 1) if once else (times > 2))][0])


def node_id(store: GraphStore, handles: np.ndarray, position: int) -> str:
    return store.node_ids([int(handles[position])])[0]


def conclude(store: GraphStore, about: str, verdict: str, now: datetime) -> None:
    record_disposition(store, IDA, about, verdict, reason="the case file says so", now=now)


def test_what_an_investigator_confirms_on_monday_is_learnt_from_on_tuesday_and_not_before(store: GraphStore):
    before = seen(store, MONDAY)
    position = honest(before)
    handle = int(before.applications.handles[position])
    conclude(
        store, node_id(store, before.applications.handles, position), "confirmed_fraud", MONDAY + timedelta(hours=9)
    )
    assert positives(seen(store, MONDAY)) == positives(before)
    tuesday = seen(store, TUESDAY)
    assert positives(tuesday) - positives(seen(store, MONDAY)) == {handle}
    known = tuesday.applications.fraud_known[position]
    assert known == to_ms(MONDAY + timedelta(hours=9))
    assert tuesday.applications.investigated[position]
    assert tuesday.applications.investigated.sum() == 1  # all other fraud was confirmed by labels


def test_somebody_cleared_is_fraud_no_more(store: GraphStore):
    before = seen(store, MONDAY)
    handle = min(positives(before))
    position = int(np.flatnonzero(before.applications.handles == handle)[0])
    conclude(store, node_id(store, before.applications.handles, position), "cleared", MONDAY)
    assert handle not in positives(seen(store, TUESDAY))
    conclude(
        store, node_id(store, before.applications.handles, position), "confirmed_fraud", MONDAY + timedelta(hours=1)
    )
    assert handle in positives(seen(store, TUESDAY))


def test_a_default_that_was_looked_into_and_cleared_is_honest(store: GraphStore):
    before = seen(store, MONDAY)
    split = split_by_time(before)
    learnt = np.concatenate((split.learning, split.calibration))
    applications = before.applications
    unclear = (applications.default_known < NEVER) & (applications.fraud_known == NEVER)
    position = int(np.flatnonzero(unclear & (applications.applied_at < split.mature_before))[0])
    assert position not in learnt
    conclude(store, node_id(store, applications.handles, position), "cleared", MONDAY)
    after = split_by_time(seen(store, TUESDAY))
    assert position in np.concatenate((after.learning, after.calibration))


def test_a_word_about_a_customer_is_about_the_latest_application_by_then(store: GraphStore):
    before = seen(store, MONDAY)
    applications = before.applications
    customer = int(applications.customer[honest(before, once=False)])
    own = np.flatnonzero(applications.customer == customer)
    latest = own[np.argmax(applications.applied_at[own])]
    conclude(store, node_id(store, before.customers.handles, customer), "confirmed_fraud", MONDAY)
    after = seen(store, TUESDAY).applications
    changed = np.flatnonzero(after.fraud_known != applications.fraud_known)
    assert changed.tolist() == [latest]


@pytest.mark.parametrize("verdict", ["suspicious", "inconclusive"])
def test_what_is_left_open_is_no_label(store: GraphStore, verdict: str):
    before = seen(store, MONDAY)
    conclude(store, node_id(store, before.customers.handles, 0), verdict, MONDAY)
    (device,) = store.select("Device", limit=1)
    conclude(store, device.node_id, "confirmed_fraud", MONDAY)
    after = seen(store, TUESDAY)
    assert np.array_equal(after.applications.fraud_known, before.applications.fraud_known)
    assert np.array_equal(after.applications.good_known, before.applications.good_known)


def test_one_application_is_told_of_an_investigated_neighbour_as_everybody_is(scored: Scored):
    store = scored.store
    scorer = Scorer(store, scored.models)
    arrays = seen(store, MONDAY)
    own = np.diff(arrays.incidence.identifier_ptr)
    shared = int(np.flatnonzero((own > 1) & (own < 6))[0])
    me, neighbour = arrays.incidence.identifier_customer[arrays.incidence.identifier_ptr[shared] :][:2].tolist()
    conclude(store, node_id(store, arrays.customers.handles, neighbour), "confirmed_fraud", MONDAY)
    now = seen(store, TUESDAY)
    asked = at_present(now)
    row = int(np.flatnonzero(asked.customer == me)[0])
    application = store.node_ids([int(now.applications.handles[row])])[0]
    online = scorer.look(application, as_of=TUESDAY)
    batch = online.judge.describe(now, asked[np.array([row])])
    assert batch.column("near_fraud")[0] >= 1
    assert np.array_equal(online.table.values[0], batch.values[0], equal_nan=True)

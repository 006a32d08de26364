"""What was written since: told to whoever holds a part of the graph in memory, whichever process wrote it."""

import subprocess
import sys

import pytest

from graph_model.errors import InvalidRequest
from graph_model.predicates import Among
from graph_model.records import Fact, LinkAction, LinkEdit
from graph_model.store import GraphStore
from graph_model.stores import open_store
from graph_model.stores.sqlite import changes as account
from tests.stores.scenarios import application, batch, customer, day, device, edge, fact, id_of, node, phone


@pytest.fixture
def told(store: GraphStore) -> GraphStore:
    if not store.capabilities.tells_changes:
        with pytest.raises(InvalidRequest):
            store.changes()
        pytest.skip("This engine keeps no account of what was written.")
    return store


def since(store: GraphStore, version: int) -> set[str] | None:
    handles = store.changes(version).handles
    if handles is None:
        return None
    return {node.key for node in store.get_by_id(store.node_ids(handles.tolist()))}


def test_whoever_was_written_about_is_told(told: GraphStore) -> None:
    told.upsert(batch(edge("USES_PHONE", customer("lin"), phone("p1"), 1)))
    version = told.changes().version
    assert since(told, version) == set()

    told.upsert(batch(edge("USES_DEVICE", customer("wu"), device("d1"), 2)))
    assert since(told, version) == {"wu", "d1"}
    refused = Fact(application("a1"), "status", "refused", day(3), day(3), "test")
    told.upsert(batch(edge("APPLIED", customer("lin"), application("a1"), 3), facts=[refused]))
    assert since(told, version) == {"wu", "d1", "lin", "a1"}
    assert told.changes(version).version == told.changes().version


def test_the_same_again_is_no_change_and_an_earlier_sighting_is(told: GraphStore) -> None:
    told.upsert(batch(edge("USES_PHONE", customer("lin"), phone("p1"), 5)))
    version = told.changes().version
    told.upsert(batch(edge("USES_PHONE", customer("lin"), phone("p1"), 5)))
    assert since(told, version) == set()
    told.upsert(batch(edge("USES_PHONE", customer("lin"), phone("p1"), 2)))
    assert since(told, version) == {"lin", "p1"}


def test_consents_and_contacts_are_not_told_and_what_comes_with_them_is(told: GraphStore) -> None:
    told.upsert(batch(edge("APPLIED", customer("lin"), application("a1"), 1), nodes=[node(customer("wu"))]))
    version = told.changes().version
    agreed = [fact(customer(key), "consent", "yes", 2, topic="sms") for key in ("lin", "wu")]
    assert all(told.upsert(batch(facts=agreed)).facts_created)
    assert all(told.upsert(batch(facts=[fact(customer("wu"), "contact", "sent", 3, topic="sms")])).facts_created)
    assert told.changes(version).version == version
    assert since(told, version) == set()

    told.upsert(
        batch(
            edge("USES_PHONE", customer("zhao"), phone("p1"), 4),
            facts=[
                fact(customer("wu"), "consent", "no", 4, topic="sms"),
                fact(application("a1"), "label", "confirmed_fraud", 4),
                fact(customer("lin"), "disposition", "confirmed_fraud", 4),
            ],
        )
    )
    assert since(told, version) == {"zhao", "p1", "a1", "lin"}


def test_properties_set_on_many_and_links_drawn_by_hand_are_told(told: GraphStore) -> None:
    told.upsert(
        batch(edge("USES_PHONE", customer("lin"), phone("p1"), 1), edge("USES_PHONE", customer("wu"), phone("p1"), 1))
    )
    version = told.changes().version
    told.assign("Customer", Among("id_number", ("wu",)), {"sex": "F"})
    assert since(told, version) == {"wu"}
    one, other = id_of(told, customer("lin")), id_of(told, customer("wu"))
    told.edit_link(LinkEdit("l1", LinkAction.DRAW, one, other, "ying", day(2), "Same handwriting."))
    assert since(told, version) == {"lin", "wu"}


def test_what_is_too_much_or_too_long_ago_is_not_told_one_by_one(
    told: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.upsert(batch(edge("USES_PHONE", customer("lin"), phone("p1"), 1)))
    version = told.changes().version
    monkeypatch.setattr(account, "MOST", 3)
    told.upsert(batch(*(edge("USES_PHONE", customer(f"c{n}"), phone("p1"), 2) for n in range(3))))
    assert since(told, version) is None
    later = told.changes().version
    monkeypatch.setattr(account, "KEPT", 4)
    for n in range(4):
        told.upsert(batch(edge("USES_PHONE", customer(f"late{n}"), phone("p2"), 3)))
    assert since(told, later) == {"late0", "late1", "late2", "late3", "p2"}
    told.upsert(batch(edge("USES_PHONE", customer("later"), phone("p3"), 4)))
    assert since(told, later) is None
    assert since(told, told.changes().version + 7) is None  # of another file, put in this one's place


def test_what_another_process_wrote_is_told(told: GraphStore) -> None:
    told.upsert(batch(edge("USES_PHONE", customer("lin"), phone("p1"), 1)))
    version = told.changes().version
    write = (
        "import sys; from graph_model.stores import open_store; from tests.stores.scenarios import *; "
        "open_store(sys.argv[1]).upsert(batch(edge('USES_PHONE', customer('wu'), phone('p1'), 2)))"
    )
    subprocess.run([sys.executable, "-c", write, told.address], check=True)
    assert since(told, version) == {"wu", "p1"}
    assert open_store(told.address, read_only=True).changes(version).version == told.changes().version

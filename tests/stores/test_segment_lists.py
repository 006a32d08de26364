"""Many segments and large ones, on every engine: a list in a question more for each and no more, and who can be reached in few readings."""

from datetime import timedelta

import pytest

from graph_model.principal import Principal, Role
from graph_model.records import GraphBatch, NodeRecord
from graph_model.services.segments import computing, dictionary, members, reading
from graph_model.services.segments.dictionary import Draft
from graph_model.store import GraphStore
from graph_model.tagging import TagRun
from tests.services.people import GATE, NOW, START, consent, person, score

MEI = Principal("mei", Role.MARKETER)
PEOPLE = [person(number) for number in range(60)]
RULES = {
    "applied": "degree(APPLIED) >= 1",
    "both": "segment(women) and segment(applied)",
    "women": "sex = 'female'",
    "young": "segment(women) and years_since(birth_date) < 30",
}


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """Forty women among sixty customers who agree to messages, and segments that name each other."""
    store.upsert(
        GraphBatch([
            NodeRecord(ref, START, START, "crm", {"sex": "female" if place < 40 else "male"})
            for place, ref in enumerate(PEOPLE)
        ])
    )  # fmt: skip
    consent(store, PEOPLE)
    score(store, dict.fromkeys(PEOPLE, "A"))
    for code in sorted(RULES, key=lambda code: "segment" in RULES[code]):
        dictionary.define(store, MEI, Draft(code, "用户群", RULES[code]), now=NOW)
    computing.compute(
        store, GATE.policy, codes=sorted(RULES), by="test", clock=lambda: NOW, on_progress=lambda *_: None
    )
    return store


def test_a_list_says_of_each_what_it_says_alone(book: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [reading.view(book, MEI, code, now=NOW) for code in sorted(RULES)]
    asked: list[str] = []
    state, states = book.state, book.states

    def one(name: str) -> str | None:
        asked.append(name)
        return state(name)

    def some(prefix: str, *, limit: int = 1_000) -> dict[str, str]:
        asked.append(prefix)
        return states(prefix, limit=limit)

    monkeypatch.setattr(book, "state", one)
    monkeypatch.setattr(book, "states", some)
    listed = reading.listed(book, MEI, now=NOW)
    assert listed == alone and all(each.run is not None and each.newest is not None for each in listed)
    assert [list(each.dependants) for each in listed] == [["both"], [], ["both", "young"], []]
    assert len(asked) <= len(RULES) + 2


def test_who_can_be_reached_of_a_large_segment_is_read_in_few_goes(
    book: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each goes through the segment's whole history: not one for every few who pass the gate together."""
    segment = dictionary.find(book, MEI, "women")
    edition, moment = members.edition(book, segment), NOW + timedelta(hours=12)
    at_once = members.reach(book, GATE, MEI, segment, edition, "sms", now=moment)
    read: list[int] = []
    tagged_by = book.tagged_by

    def reading_some(run: TagRun, *, after: str = "", limit: int) -> list[str]:
        read.append(limit)
        return tagged_by(run, after=after, limit=limit)

    monkeypatch.setattr(book, "tagged_by", reading_some)
    monkeypatch.setattr(members, "_PIECE", 5)
    assert members.reach(book, GATE, MEI, segment, edition, "sms", now=moment) == at_once
    assert len(read) <= 3, "one whether there are enough, one of the first few, one of the rest"
    pieces = list(members.handed_out(book, GATE, MEI, segment, edition, "sms", now=moment))
    assert all(len(piece) <= 5 for piece in pieces)
    everybody = [node_id for piece in pieces for node_id in piece]
    assert everybody == sorted(set(everybody)) and len(everybody) >= GATE.policy.least_members

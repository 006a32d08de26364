"""The list of segments on every engine: what each says of itself alone, in a question more per segment and no more."""

import pytest

from graph_model.principal import Principal, Role
from graph_model.records import GraphBatch, NodeRecord
from graph_model.services.segments import computing, dictionary, reading
from graph_model.services.segments.dictionary import Draft
from graph_model.store import GraphStore
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

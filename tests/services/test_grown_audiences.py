"""Grown audiences: whatever became of consents, grades, rings and the blocklist, nobody gets in by being like somebody."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.principal import Principal, Role
from graph_model.records import GraphBatch, NodeRecord
from graph_model.services import audiences
from graph_model.services.audience_records import Recipe
from graph_model.services.referrals import circles_of
from graph_model.services.tags import dictionary
from graph_model.services.tags.computing import base_date_of, compute
from graph_model.services.tags.dictionary import Draft
from graph_model.services.withheld import withheld
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import GATE, NOW, START, circle, consent, handles_of, person, refer, said, score

MARKETER = Principal("mia", Role.MARKETER)
PEOPLE = [person(number) for number in range(150)]
SEED = PEOPLE[:50]
DAY = timedelta(days=1)
HAPPENED = st.lists(
    st.tuples(st.integers(0, 149), st.sampled_from(["no consent", "grade", "ring", "blocklist", "contacts"])),
    max_size=60,
)


def town(url: str) -> GraphStore:
    """A circle of fifty with degrees, fifty others with, and fifty without."""
    store = open_store(url, create=True)
    store.upsert(
        GraphBatch(
            [
                NodeRecord(ref, START, START, "crm", {"education": "bachelor" if place < 100 else "high"})
                for place, ref in enumerate(PEOPLE)
            ]
        )
    )
    refer(store, [(SEED[0], other) for other in SEED[1:]])
    consent(store, PEOPLE)
    draft = Draft("graduate", "高学历", "graduate", "基本属性", "人口", 'education = "bachelor"')
    dictionary.define(store, MARKETER, draft, now=NOW)
    compute(store, base_date=base_date_of(NOW), by="job", clock=lambda: NOW, on_progress=lambda *_: None)
    return store


@settings(max_examples=15, deadline=None)
@given(HAPPENED, st.integers(1, 80))
def test_nobody_who_may_not_be_handed_out_is_in_a_grown_audience(
    tmp_path_factory: pytest.TempPathFactory, happened: list[tuple[int, str]], grow: int
) -> None:

    folder = tmp_path_factory.mktemp("grown")
    store = town(f"sqlite:///{folder}/graph.db")
    facts, risky = [], set()
    for number, what in happened:
        ref = PEOPLE[number]
        if what == "no consent":
            facts.append(said(ref, "consent", "no", START + DAY, topic="sms"))
        elif what == "blocklist":
            facts.append(said(ref, "blocklist", "listed", START + DAY))
        elif what == "contacts":
            facts += [said(ref, "contact", "sent", NOW - DAY * (1 + n), topic="sms") for n in range(2)]
        else:
            risky.add((ref, what))
    if len(facts) > 0:
        store.upsert(GraphBatch(facts=facts))
    grades = dict.fromkeys(PEOPLE, "A") | {ref: "D" for ref, what in risky if what == "grade"}
    score(store, grades, at=NOW - DAY / 2, rings={ref: "ring-1" for ref, what in risky if what == "ring"})
    circles = circles_of(store, GATE.secret, as_of=NOW)
    recipe = Recipe((circle(store, GATE.secret),), grow=grow)
    barred = {PEOPLE[number] for number, _ in happened}
    ids = dict(zip(store.node_ids(handles_of(store, PEOPLE)), PEOPLE, strict=True))
    resting = {
        ref for (_, ref), out in zip(ids.items(), withheld(GATE, list(ids), "sms", NOW.date()), strict=True) if out
    }
    audience, version = audiences.create(
        store, GATE, circles, MARKETER, audiences.Draft("spring", "sms", "friends of friends", recipe), now=NOW,
    )  # fmt: skip
    handed = [
        ids[each] for piece in audiences.handed_out(store, GATE, MARKETER, audience, version, now=NOW) for each in piece
    ]
    assert len(handed) == len(set(handed)) == version.members
    assert not set(handed) & (barred | resting)
    free = [ref for ref in PEOPLE[50:] if ref not in barred | resting]
    alike = [ref for ref in PEOPLE[50:100] if ref in free]
    grown = [ref for ref in handed if ref not in SEED]
    assert version.grown == len(grown) == min(grow, len(alike))
    assert version.candidates == version.members + sum(version.excluded.values())
    store.close()

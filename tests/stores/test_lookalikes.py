"""Look-alikes on every engine: who is most like a seed joins it, through the gate, for reasons that are told and say nothing of risk or consent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.records import GraphBatch, NodeRecord, NodeRef
from graph_model.services import audiences
from graph_model.services.audience_records import Audience, Recipe, Version
from graph_model.services.gate import EXCLUSIONS
from graph_model.services.lookalikes import ranked
from graph_model.services.referrals import circles_of
from graph_model.services.tags import dictionary
from graph_model.services.tags.computing import base_date_of, compute
from graph_model.services.tags.definition import ConsentClass, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.services.tags.runs import RunStatus, last_run, remember
from graph_model.store import GraphStore
from tests.services.people import GATE, NOW, START, circle, consent, handles_of, person, refer, said, score

SUPERVISOR, MARKETER = Principal("sun", Role.SUPERVISOR), Principal("mia", Role.MARKETER)
DAY = timedelta(days=1)
PEOPLE = [person(number) for number in range(200)]
SEED, ALIKE, OTHERS = PEOPLE[:40], PEOPLE[40:100], PEOPLE[100:]


def draft(code: str, rule: str, kind: ValueType, consent: ConsentClass) -> Draft:
    return Draft(code, "标签", code, "基本属性", "人口", rule, value_type=kind, consent=consent)


def compute_tags(store: GraphStore) -> None:
    for each in (
        draft("school", 'when education = "bachelor" then "bachelor" else "other"', ValueType.TEXT, ConsentClass.MARKETING),
        draft("woman", 'sex = "female"', ValueType.BOOL, ConsentClass.MARKETING),
        draft("married", 'marital_status = "married"', ValueType.BOOL, ConsentClass.SERVICE),
        draft("risk_listed", "blocklisted", ValueType.BOOL, ConsentClass.RISK),
    ):  # fmt: skip
        dictionary.define(store, SUPERVISOR, each, now=NOW)
    compute(store, base_date=base_date_of(NOW), by="job", clock=lambda: NOW, on_progress=lambda *_: None)


@pytest.fixture
def town(store: GraphStore) -> GraphStore:
    """A circle of forty with degrees, all married; sixty more with degrees; a hundred without. All agreed to messages and are of grade A."""
    nodes = [
        NodeRecord(ref, START, START, "crm", {
            "education": "bachelor" if place < 100 else "high",
            "sex": "female" if place % 2 else "male",
            "marital_status": "married" if place < 40 else "single",
        })
        for place, ref in enumerate(PEOPLE)
    ]  # fmt: skip
    store.upsert(GraphBatch(nodes))
    refer(store, [(SEED[0], other) for other in SEED[1:]])
    consent(store, PEOPLE)
    score(store, dict.fromkeys(PEOPLE, "A"))
    compute_tags(store)
    return store


def draw(store: GraphStore, recipe: Recipe, name: str = "spring") -> tuple[Audience, Version]:
    circles = circles_of(store, GATE.secret, as_of=NOW)
    return audiences.create(
        store, GATE, circles, MARKETER, audiences.Draft(name, "sms", "friends of friends", recipe), now=NOW,
    )  # fmt: skip


def members(store: GraphStore, audience: Audience, version: Version) -> set[NodeRef]:
    handed = audiences.handed_out(store, GATE, MARKETER, audience, version, now=NOW)
    ids = [each for piece in handed for each in piece]
    return {node.ref for node in store.get_by_id(ids)}


def alike(store: GraphStore, seed: Sequence[NodeRef]) -> list[int]:
    handles, _ = ranked(store, GATE.secret, np.array(sorted(handles_of(store, seed)), dtype=np.int64))
    return [int(handle) for handle in handles]


def test_a_circle_grows_by_those_who_are_most_like_it(town: GraphStore) -> None:
    """Some opted out, some were found out: others who are as like come in their place."""
    out = ALIKE[:4] + OTHERS[:4]
    town.upsert(GraphBatch(facts=[said(ref, "consent", "no", START + DAY, topic="sms") for ref in out]))
    score(town, dict.fromkeys(PEOPLE, "A") | dict.fromkeys(ALIKE[4:8], "D"), at=NOW - DAY / 2)
    audience, version = draw(town, Recipe((circle(town, GATE.secret),), grow=30))
    found = members(town, audience, version)
    grown = found - set(SEED)
    assert len(grown) == version.grown == 30 and grown <= set(ALIKE[8:])
    assert version.members == len(found) and version.candidates == version.members + sum(version.excluded.values())
    assert list(version.excluded) == list(EXCLUSIONS)
    (school,) = version.likeness
    assert (school.code, [trait.value for trait in school.traits]) == ("school", ["bachelor", None, "other"])
    assert school.traits[0].weight > 0 > school.traits[-1].weight and school.traits[0].of_seed > 0.8
    assert audiences.version(town, MARKETER, audience) == version
    gone = audiences.withdraw(town, SUPERVISOR, audience, 1, reason="a farm was found in it", now=NOW)
    assert gone.likeness == version.likeness and gone.withdrawn is not None


def test_no_place_in_the_list_depends_on_risk_or_consent(town: GraphStore) -> None:
    """Nor on what tags of service or risk say: the list is the same before and after, and so is what it is made by."""
    before = alike(town, SEED)
    assert set(before[:60]) == set(handles_of(town, ALIKE))
    score(town, dict.fromkeys(PEOPLE, "D"), at=NOW - DAY / 2)
    marked = [
        *(said(ref, "consent", "no", START + DAY, topic="sms") for ref in PEOPLE[::2]),
        *(said(ref, "blocklist", "listed", START + DAY) for ref in PEOPLE[::3]),
    ]
    town.upsert(GraphBatch(facts=marked))
    compute(town, base_date=base_date_of(NOW), by="job", clock=lambda: NOW, on_progress=lambda *_: None)
    assert alike(town, SEED) == before


def test_one_more_or_less_in_the_seed_shows_in_no_weight(town: GraphStore) -> None:
    """Weights are of counts rounded to 5; that one is there or not is no more to be read from them than from the counts."""
    one = handles_of(town, SEED[:23])
    _, before = ranked(town, GATE.secret, np.array(sorted(one), dtype=np.int64))
    _, after = ranked(town, GATE.secret, np.array(sorted(one[:22] + handles_of(town, ALIKE[:1])), dtype=np.int64))
    assert before == after


def test_how_many_of_everybody_have_a_rare_value_shows_in_no_weight(town: GraphStore) -> None:
    """Three doctors among everybody, or six: what is told of them is the same, and says no more than that they are few."""
    rule = 'when education = "doctor" then "doctor" when education = "bachelor" then "bachelor" else "other"'
    dictionary.define(town, SUPERVISOR, draft("degree", rule, ValueType.TEXT, ConsentClass.MARKETING), now=NOW)
    told = []
    for many in (3, 6):
        learned = [NodeRecord(ref, START + DAY, START + DAY, "crm", {"education": "doctor"}) for ref in OTHERS[:many]]
        town.upsert(GraphBatch(learned))
        compute(town, base_date=base_date_of(NOW), by="job", clock=lambda: NOW, on_progress=lambda *_: None)
        _, likeness = ranked(town, GATE.secret, np.array(sorted(handles_of(town, SEED)), dtype=np.int64))
        told.append(next(each for each in likeness if each.code == "degree"))
    assert told[0] == told[1]
    doctors = next(trait for trait in told[0].traits if trait.value == "doctor")
    assert abs(doctors.of_everybody - 5 / 205) < 0.001  # half of LEAST_TOLD, of what is told of everybody


def test_a_seed_like_everybody_or_too_small_grows_into_nothing(town: GraphStore) -> None:
    with pytest.raises(InvalidRequest) as refused:
        alike(town, SEED[:20] + OTHERS[:20])
    assert refused.value.code == "audience.unlike"
    few = [person(number) for number in range(300, 312)]
    town.upsert(GraphBatch([NodeRecord(ref, START, START, "crm", {"education": "bachelor"}) for ref in few]))
    refer(town, [(few[0], other) for other in few[1:]])
    circles = circles_of(town, GATE.secret, as_of=NOW)
    small = circles.ids[int(circles.size.argmin())]
    with pytest.raises(InvalidRequest) as refused:
        draw(town, Recipe((small,), grow=50))
    assert refused.value.code == "audience.too_small"
    with pytest.raises(InvalidRequest) as refused:
        draw(town, Recipe((small,), grow=100_001))
    assert refused.value.code == "audience.recipe"


def test_a_tag_that_is_not_computed_through_weighs_nothing(town: GraphStore) -> None:
    """Of those who are counted so far few have a degree: the seed would seem to be unlike them."""
    few = {'"bachelor"': 10, '"other"': 50}
    done = last_run(town, "school")
    assert done is not None
    seed = np.array(sorted(handles_of(town, SEED[:20] + OTHERS[:5])), dtype=np.int64)
    _, likeness = ranked(town, GATE.secret, seed)
    assert "school" in [each.code for each in likeness]
    for status in (RunStatus.RUNNING, RunStatus.FAILED):
        remember(town, "school", replace(done, status=status, counts=few, population=60))
        _, likeness = ranked(town, GATE.secret, seed)
        assert "school" not in [each.code for each in likeness]

"""Score look-ups as a risk engine meets them: what was said, how fresh it is, and what is missing, said instead of guessed."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph_model.columns import AssessmentColumns
from graph_model.errors import Forbidden, InvalidRequest, InvalidValue, StoreError, StoreUnavailable
from graph_model.principal import Principal, Role
from graph_model.records import Fact, Grade, GraphBatch, NodeRecord, NodeRef, ScoreSource
from graph_model.services.risk import MAX_SCORES, Degraded, Looker, ScoreView, score_by_key, scores_by_id_number
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.fixtures import reference_case
from tests.fixtures.reference_case import AS_OF, RING_ID, ReferenceCase, id_number

ENGINE = Principal("key:engine", Role.RISK_ENGINE)
FRESH = timedelta(hours=48)
SOON = AS_OF + timedelta(hours=1)
HU = id_number(datetime(1991, 2, 3, tzinfo=UTC).date(), 7)
DAY = datetime(2026, 3, 1, tzinfo=UTC)


class Watched:
    """The port over a real store: counts what is read, and fails where it is told to."""

    def __init__(self, store: GraphStore, *down: str) -> None:
        self._store = store
        self._down = down
        self.reads: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._store, name)

        def watched(*args: Any, **options: Any) -> Any:
            self.reads[name] += 1
            if name in self._down:
                raise StoreUnavailable("The engine does not answer.")
            return verb(*args, **options)

        return watched


def look(store: Any, *, now: datetime = SOON, moment: datetime | None = None, who: Principal = ENGINE) -> Looker:
    return Looker(store, who, now, FRESH, moment)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """An empty graph."""
    opened = open_store(f"sqlite:///{tmp_path / 'graph.db'}", create=True)
    yield opened
    opened.close()


def know(store: GraphStore, at: datetime, *, recorded: datetime | None = None) -> None:
    seen = NodeRecord(NodeRef("Customer", HU), at, recorded or at, "files", {"name": "胡晓"})
    store.upsert(GraphBatch([seen]))


def assess(
    store: GraphStore,
    as_of: datetime,
    *,
    score: float = 0.2,
    scored_at: datetime | None = None,
    source: ScoreSource = ScoreSource.MODEL,
    model: str = "m1",
    ring: str | None = None,
) -> None:
    handles = store.scan_nodes("Customer").handles
    columns = AssessmentColumns(
        handles=np.asarray(handles, dtype=np.int64),
        score=np.full(len(handles), score),
        grade=np.full(len(handles), 2, dtype=np.int8),
        ring=np.full(len(handles), -1 if ring is None else 0, dtype=np.int32),
        rings=[] if ring is None else [ring],
        reasons=["[]"] * len(handles),
    )
    store.append_assessments(
        columns, source=source, model_version=model, policy_version="1", as_of=as_of, scored_at=scored_at or as_of
    )


def score_of_hu(store: Any, *, now: datetime, moment: datetime | None = None) -> ScoreView:
    return score_by_key(look(store, now=now, moment=moment), "Customer", HU)


def test_every_identifier_of_a_person_leads_to_a_score(reference: tuple[GraphStore, ReferenceCase]) -> None:
    store, case = reference
    for label, name in (("Customer", "d_user"), ("Phone", "phone1"), ("Device", "d_device"), ("BankAccount", "bank1"),
                        ("Application", "application1")):  # fmt: skip
        node = store.get_by_id([case.ids[name]])[0]
        found = score_by_key(look(store), label, f" {node.key} ")
        assert found.node is not None and found.node.node_id == case.ids[name]
        assert (found.score, found.grade) == (node.score, node.grade)
        assert found.degraded == ()


def test_a_ring_member_comes_with_reasons_and_ring(reference: tuple[GraphStore, ReferenceCase]) -> None:
    store, case = reference
    found = score_by_key(look(store), "Customer", store.get_by_id([case.ids["c_user"]])[0].key)
    assert [reason.code for reason in found.reasons] == ["RING", "SHARED_DEVICE"]
    assert found.ring is not None and (found.ring.ring_id, found.ring.known_fraud) == (RING_ID, 1)
    assert found.assessment is not None and found.assessment.model_version == reference_case.MODEL_VERSION


def test_a_sound_number_nobody_has_is_an_answer_and_a_wrong_one_is_not(store: GraphStore) -> None:
    found = score_of_hu(store, now=DAY)
    assert found.node is None and found.score is None and found.degraded == (Degraded.UNKNOWN_SUBJECT,)
    with pytest.raises(InvalidValue) as refused:
        score_by_key(look(store), "Customer", HU[:-1] + ("1" if HU[-1] != "1" else "2"))
    assert refused.value.reason == "id.checksum"
    with pytest.raises(InvalidValue) as refused:
        score_by_key(look(store), "Phone", "12")
    assert refused.value.reason.startswith("phone.")


def test_somebody_who_was_never_scored_is_flagged_not_passed_as_good(store: GraphStore) -> None:
    know(store, DAY)
    found = score_of_hu(store, now=DAY)
    assert found.node is not None and found.score is None and found.freshness is None
    assert found.degraded == (Degraded.NEVER_SCORED,)


def test_a_score_of_the_day_before_yesterday_is_stale(store: GraphStore) -> None:
    know(store, DAY)
    assess(store, DAY)
    assert score_of_hu(store, now=DAY + FRESH).degraded == ()
    late = score_of_hu(store, now=DAY + FRESH + timedelta(seconds=1))
    assert late.degraded == (Degraded.STALE,)
    assert late.freshness is not None and late.freshness.age == FRESH + timedelta(seconds=1)


def test_scoring_old_data_today_makes_no_fresh_score(store: GraphStore) -> None:
    know(store, DAY)
    assess(store, DAY, scored_at=DAY + timedelta(days=60))
    assert Degraded.STALE in score_of_hu(store, now=DAY + timedelta(days=60)).degraded


def test_who_came_back_after_the_scoring_is_flagged(store: GraphStore) -> None:
    know(store, DAY)
    assess(store, DAY)
    know(store, DAY + timedelta(hours=3))
    found = score_of_hu(store, now=DAY + timedelta(hours=4))
    assert found.degraded == (Degraded.CHANGED_SINCE,) and found.score == 0.2


def test_a_verdict_after_the_scoring_is_flagged_and_a_consent_is_not(store: GraphStore) -> None:
    know(store, DAY)
    assess(store, DAY)
    later = DAY + timedelta(hours=3)
    customer = NodeRef("Customer", HU)
    store.upsert(GraphBatch(facts=[Fact(customer, "consent", "yes", later, later, "user:mia", topic="sms")]))
    assert score_of_hu(store, now=later).degraded == ()
    store.upsert(GraphBatch(facts=[Fact(customer, "disposition", "confirmed_fraud", later, later, "user:ida")]))
    assert score_of_hu(store, now=later).degraded == (Degraded.CHANGED_SINCE,)
    assess(store, later, scored_at=later)
    assert score_of_hu(store, now=later).degraded == ()


def test_rules_instead_of_a_model_are_said_but_a_known_fraud_is_no_lack(store: GraphStore) -> None:
    know(store, DAY)
    assess(store, DAY, source=ScoreSource.RULES, model="rules-1")
    assert score_of_hu(store, now=DAY).degraded == (Degraded.RULES_ONLY,)
    assess(
        store, DAY + timedelta(hours=1), source=ScoreSource.RULES, model="m1", score=0.99
    )  # the policy's, by a model's scoring
    assert score_of_hu(store, now=DAY + timedelta(hours=1)).degraded == ()


@pytest.mark.parametrize(
    ("down", "flag"),
    [
        ("ring", Degraded.RING_UNAVAILABLE),
        ("assessments", Degraded.DETAILS_UNAVAILABLE),
        ("facts_of", Degraded.HISTORY_UNAVAILABLE),
    ],
)
def test_a_part_that_is_down_is_flagged_and_the_score_still_told(
    reference: tuple[GraphStore, ReferenceCase], down: str, flag: Degraded
) -> None:
    store, case = reference
    found = score_by_key(look(Watched(store, down)), "Customer", store.get_by_id([case.ids["d_user"]])[0].key)
    assert (found.score, found.grade) == (0.93, Grade.D)
    assert found.degraded == (flag,)


def test_a_ring_that_no_scoring_kept_is_flagged_too(store: GraphStore) -> None:
    know(store, DAY)
    assess(store, DAY, ring="ring-lost")
    found = score_of_hu(store, now=DAY)
    assert found.ring is None and found.degraded == (Degraded.RING_UNAVAILABLE,)


def test_without_the_node_itself_there_is_no_answer(reference: tuple[GraphStore, ReferenceCase]) -> None:
    store, case = reference
    with pytest.raises(StoreError):
        score_by_key(look(Watched(store, "get")), "Customer", case.id_number)


def test_a_replay_sees_what_was_scored_and_recorded_by_then_and_nothing_later(store: GraphStore) -> None:
    """The file of January was loaded in March: a decision of February can't have known it, nor the scoring made of it in April."""
    january, march, april = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 4))
    know(store, january, recorded=march)
    assess(store, march, score=0.1)
    assess(store, march, score=0.8, scored_at=april, model="m2")
    assert score_of_hu(store, now=april, moment=datetime(2026, 2, 1, tzinfo=UTC)).node is None
    then = score_of_hu(store, now=april, moment=march)
    assert (then.score, then.degraded) == (0.1, ())
    assert score_of_hu(store, now=april).score == 0.8


def test_a_batch_answers_in_order_and_refuses_by_item(reference: tuple[GraphStore, ReferenceCase]) -> None:
    store, case = reference
    fraud = store.get_by_id([case.ids["d_user"]])[0].key
    found = scores_by_id_number(look(store), [fraud, "oops", HU, case.id_number, fraud])
    kinds = [item.reason if isinstance(item, InvalidValue) else item.grade for item in found]
    assert kinds == [Grade.D, kinds[1], None, Grade.A, Grade.D]
    assert str(kinds[1]).startswith("id.")


def test_a_batch_is_bounded(reference: tuple[GraphStore, ReferenceCase]) -> None:
    store, case = reference
    assert len(scores_by_id_number(look(store), [case.id_number] * MAX_SCORES)) == MAX_SCORES
    for many, code in ((MAX_SCORES + 1, "scores.too_many"), (0, "scores.none")):
        with pytest.raises(InvalidRequest) as refused:
            scores_by_id_number(look(store), [case.id_number] * many)
        assert refused.value.code == code


def test_a_batch_reads_nodes_facts_and_each_ring_once(reference: tuple[GraphStore, ReferenceCase]) -> None:
    store, case = reference
    numbers = [store.get_by_id([case.ids[name]])[0].key for name in ("subject", "c_user", "d_user", "user1")]
    watched = Watched(store)
    scores_by_id_number(look(watched, moment=SOON), numbers)
    once = dict.fromkeys(("select", "get_by_id", "facts_of", "ring", "unfinished_scoring"), 1)
    assert watched.reads == {**once, "assessments": len(numbers)}


@pytest.mark.parametrize("role", [Role.MARKETER, Role.OPERATOR])
def test_who_may_not_see_risk_is_refused_whatever_is_asked(
    reference: tuple[GraphStore, ReferenceCase], role: Role
) -> None:
    store, case = reference
    watched = Watched(store)
    looker = look(watched, who=Principal("mia", role))
    with pytest.raises(Forbidden):
        score_by_key(looker, "Customer", case.id_number)
    with pytest.raises(Forbidden):
        scores_by_id_number(looker, ["not even a number"])
    assert watched.reads == {}

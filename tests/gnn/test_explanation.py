"""What a score rests on: ties that are hidden are as ties that never were, and the few that are named carry the score."""

import shutil
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.arrays.csr import Weights
from gnn.arrays.graph import GraphArrays
from gnn.explanation.explanation import Explanation, explain_score
from gnn.explanation.hiding import Hiding, Tie
from gnn.explanation.search import MOST_TIES, Found, search
from gnn.features.build import FeatureConfig, FeatureTable, mark_of
from gnn.features.questions import QuestionSet
from gnn.features.walk import RingView
from gnn.judge import Judge
from gnn.models.model import load, save
from gnn.online import Scorer
from gnn.policy import load_policy
from gnn.rings.snapshot import nobody
from graph_model.errors import InvalidRequest, NotFound
from graph_model.predicates import Compare, Missing, Not, Operator
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef, ScoreSource
from graph_model.store import GraphStore
from tests.gnn.conftest import AFTERWARDS, Scored
from tests.gnn.graphs import Applied, Story, Use
from tests.gnn.test_online import newcomer, some_applications
from tests.gnn.test_score import plant_the_future


class Trusting(Judge):
    """Takes whatever speaks against somebody for a reason to trust them: as a model does of ties that protect."""

    def estimate(self, table: FeatureTable) -> Weights:
        return np.asarray(1.0 - RULES.estimate(table))


RULES = Judge(None, load_policy(), FeatureConfig())
TRUSTING = Trusting(None, load_policy(), FeatureConfig())
MINUTE = timedelta(minutes=1)


def question(arrays: GraphArrays, customer: int) -> QuestionSet:
    application = np.flatnonzero(arrays.applications.customer == customer)[:1].astype(np.int32)
    if len(application) == 0:
        application = np.array([-1], dtype=np.int32)
    return QuestionSet(np.array([customer], dtype=np.int32), application, np.array([arrays.as_of + 1], dtype=np.int64))


def rings_of(arrays: GraphArrays, mark: int) -> RingView:
    return nobody(len(arrays.customers.handles), mark)


def described(arrays: GraphArrays, customer: int) -> FeatureTable:
    return RULES.describe(arrays, question(arrays, customer), rings=lambda mark: rings_of(arrays, mark))


def hiding(arrays: GraphArrays, customer: int, judge: Judge = RULES) -> Hiding:
    table = described(arrays, customer)
    return Hiding(judge, arrays, question(arrays, customer), table, lambda mark: rings_of(arrays, mark))


def found_in(arrays: GraphArrays, customer: int, judge: Judge = RULES) -> Found:
    return search(hiding(arrays, customer, judge), arrays, customer, moment=arrays.as_of + 1, hub_cap=50)


def without(arrays: GraphArrays, ties: set[Tie]) -> GraphArrays:
    """The same graph in which these ties never were."""
    uses = arrays.uses
    kept = np.array([(c, i) not in ties for c, i in zip(uses.customer.tolist(), uses.identifier.tolist(), strict=True)])
    return replace(
        arrays,
        uses=replace(
            uses,
            customer=uses.customer[kept],
            identifier=uses.identifier[kept],
            channel=uses.channel[kept],
            since=uses.since[kept],
        ),
    )


# --- hiding ----------------------------------------------------------------------------------------------------------

_CHANNELS = ("uses_device", "uses_phone", "has_address_home", "has_account_pay_out", "emergency_contact")


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Eight customers in knots of five identifiers, used by several channels and at several times; some refused, some found out."""
    uses = draw(
        st.lists(
            st.builds(Use, st.integers(0, 7), st.integers(0, 4), st.sampled_from(_CHANNELS), st.integers(0, 600)),
            min_size=1,
            max_size=40,
            unique_by=lambda use: (use.customer, use.identifier, use.channel),
        )
    )
    told = st.one_of(st.none(), st.integers(0, 650).map(float))
    applied = st.builds(Applied, st.integers(0, 7), st.integers(0, 600), refused=told, fraud_known=told)
    return Story(8, uses, draw(st.lists(applied, min_size=1, max_size=12)))


@settings(max_examples=80, deadline=None)
@given(story=stories(), data=st.data())
def test_a_hidden_tie_is_as_one_that_never_was_and_one_that_is_shown_again_as_it_was(story: Story, data: st.DataObject):
    arrays = story.arrays()
    ties = sorted({Tie(use.customer, use.identifier) for use in story.uses})
    hidden = data.draw(st.sets(st.sampled_from(ties)))
    customer = data.draw(st.integers(0, 7))
    whole = RULES.estimate(described(arrays, customer))[0]
    never = without(arrays, hidden)
    gone = RULES.estimate(RULES.describe(never, question(never, customer), rings=lambda mark: rings_of(never, mark)))[0]
    tried = hiding(arrays, customer)
    assert tried.estimate() == whole
    assert tried.estimates([sorted(hidden), ()]).tolist() == [gone, whole]
    tried.hide(ties)
    assert tried.estimates([ties], shown=True)[0] == whole
    tried.show(set(ties) - hidden)
    assert tried.estimate() == gone


@settings(max_examples=40, deadline=None)
@given(stories(), st.integers(0, 7))
def test_whatever_the_graph_the_few_ties_lower_the_score_hang_together_and_their_parts_add_up(
    story: Story, customer: int
):
    arrays = story.arrays()
    found = found_in(arrays, customer)
    assert found == found_in(arrays, customer)
    assert len(found.ties) == len(set(found.ties)) <= MOST_TIES
    assert found.without <= found.estimate
    assert sum(found.shares) == pytest.approx(found.estimate - found.without, abs=1e-9)
    assert found.without == pytest.approx(RULES.estimate(described(without(arrays, set(found.ties)), customer))[0])
    met = {customer} | {tie.identifier + 100 for tie in found.ties if tie.customer == customer}
    for _ in found.ties:
        for tie in found.ties:
            if tie.customer in met or tie.identifier + 100 in met:
                met |= {tie.customer, tie.identifier + 100}
    assert {tie.customer for tie in found.ties} <= met


@settings(max_examples=20, deadline=None)
@given(stories(), st.integers(0, 7))
def test_ties_that_only_protect_explain_no_score(story: Story, customer: int):
    found = found_in(story.arrays(), customer, TRUSTING)
    assert (found.ties, found.shares, found.without) == ((), (), found.estimate)
    assert found.only >= found.estimate


# --- stories ---------------------------------------------------------------------------------------------------------


def test_a_farms_handset_explains_the_score_and_the_family_home_does_not():
    home = [Use(c, 0, "has_address_home") for c in (0, 6, 7)]
    farm = [Use(c, 1, "uses_device") for c in range(6)]
    known = [Applied(c, 100, fraud_known=200) for c in range(1, 6)]
    found = found_in(Story(8, [*home, *farm], [Applied(0, 690), *known]).arrays(), 0)
    assert found.ties[0] == Tie(0, 1)
    assert {tie.identifier for tie in found.ties} == {1}
    assert found.without < found.estimate / 4
    assert found.only == pytest.approx(found.estimate, rel=0.5)


def test_two_means_that_tie_the_same_people_stand_in_for_each_other_so_both_must_go():
    farm = [Use(c, i, channel) for c in range(6) for i, channel in enumerate(("uses_device", "has_account_pay_out"))]
    known = [Applied(c, 100, fraud_known=200) for c in range(1, 6)]
    found = found_in(Story(6, farm, [Applied(0, 690), *known]).arrays(), 0)
    assert {Tie(0, 0), Tie(0, 1)} <= set(found.ties)
    one, other = (share for tie, share in zip(found.ties, found.shares, strict=True) if tie.customer == 0)
    assert one == pytest.approx(other, rel=0.3)


def test_who_shares_nothing_has_nothing_to_explain():
    found = found_in(Story(2, [Use(0, 0), Use(1, 1)], [Applied(0, 690)]).arrays(), 0)
    assert (found.ties, found.without, found.only) == ((), found.estimate, found.estimate)


def test_whom_one_has_referred_is_a_tie_of_theirs_and_not_of_the_one_who_stands_for_it():
    """Who refers stands for an identifier that they and all whom they referred have in common: no one relationship is theirs."""
    story = Story(4, [Use(c, 0, "referred") for c in range(4)], [Applied(c, 100, fraud_known=200) for c in (1, 2, 3)])
    arrays = story.arrays()
    stands = replace(
        arrays, identifiers=replace(arrays.identifiers, labels=("Customer",), handles=arrays.customers.handles[:1])
    )
    assert {tie.customer for tie in found_in(stands, 0).ties} <= {1, 2, 3}
    assert Tie(0, 0) not in found_in(stands, 1).ties


# --- the portfolio ---------------------------------------------------------------------------------------------------


def explained(scored: Scored, node_id: str) -> Explanation:
    found = explain_score(scored.store, Scorer(scored.store, scored.models), node_id, now=AFTERWARDS + MINUTE)
    assert found is not None
    return found


def test_what_is_explained_is_the_score_that_was_served_and_the_store_is_left_alone(scored: Scored):
    store = scored.store
    before = store.statistics()
    risky = store.select("Customer", Compare("grade", Operator.EQ, "D"), limit=15)
    falls = []
    for node in [*risky, *store.get_by_id(some_applications(store, 10))]:
        found = explained(scored, node.node_id)
        (served,) = store.assessments(node.node_id)
        assert (found.score, found.source, found.model_version) == (
            served.score,
            served.source.value,
            served.model_version,
        )
        assert found.as_of == served.as_of
        assert found.estimate == served.score or served.source is ScoreSource.RULES
        assert sum(tie.drop for tie in found.ties) == pytest.approx(found.estimate - found.without, abs=1e-9)
        assert found.degraded == ()
        assert len(found.ties) <= MOST_TIES
        around = store.induced(found.node_ids)
        there = {(edge.type, edge.start, edge.end) for edge in around.edges}
        for tie in found.ties:
            assert (tie.relation.type, tie.relation.start, tie.relation.end) in there
        assert len(found.made) <= len(found.ties)
        falls.append((found.estimate - found.without) / found.estimate)
    assert store.statistics() == before
    # Who is graded D is so for those around: without a few ties hardly anything is left of the score.
    assert np.median(falls[: len(risky)]) > 0.5


def test_the_search_reads_nothing_of_the_store_and_finds_the_same_again(scored: Scored):
    node = scored.store.select("Customer", Not(Missing("ring_id")), limit=1)[0]
    first = explained(scored, node.node_id)
    seen = Scorer(scored.store, scored.models).look(first.application, as_of=AFTERWARDS)
    rings = seen.rings(mark_of(int(seen.asked.moment[1])))  # read with the surroundings
    scored.store.close()
    one = np.array([1])
    asked, table = seen.asked[one], replace(seen.table, values=seen.table.values[one])
    tried = Hiding(seen.judge, seen.arrays, asked, table, lambda mark: rings)
    found = search(tried, seen.arrays, int(asked.customer[0]), moment=int(asked.moment[0]), hub_cap=50)
    assert found.estimate == first.estimate
    assert [round(share, 9) for share in found.shares] == [round(tie.drop, 9) for tie in first.ties]


@pytest.mark.slow
def test_what_happens_or_is_learnt_later_explains_nothing(scored: Scored):
    people = [node.node_id for node in scored.store.select("Customer", Not(Missing("ring_id")), limit=6)]
    before = [explained(scored, node_id) for node_id in people]
    plant_the_future(scored.store, AFTERWARDS)
    assert [explained(scored, node_id) for node_id in people] == before


def test_without_a_model_the_rules_are_explained_and_the_answer_says_so(scored: Scored):
    node = scored.store.select("Customer", Compare("grade", Operator.EQ, "D"), limit=1)[0]
    models = scored.models.parent / "none"
    found = explain_score(scored.store, Scorer(scored.store, models), node.node_id, now=AFTERWARDS + MINUTE)
    assert found is not None
    assert found.model_version == "rules-1"
    assert found.degraded == ("rules_only",)
    assert len(found.ties) > 0


def test_a_score_of_before_a_promotion_is_explained_by_the_model_that_gave_it(scored: Scored):
    """Scored last night; another model is trained on this morning's graph and promoted before anybody asks why."""
    node = scored.store.select("Customer", Compare("grade", Operator.EQ, "D"), limit=1)[0]
    before = explained(scored, node.node_id)
    model = load(scored.models)
    assert model is not None and before.model_version == model.version
    learnt = (AFTERWARDS + timedelta(hours=9)).isoformat()
    other = replace(model.calibration, shift=model.calibration.shift - 2.0)
    save(replace(model, calibration=other, card={**model.card, "as_of": learnt}), scored.models)
    assert explained(scored, node.node_id) == before
    # A version that is kept no more leaves what serves for that moment: here nothing but rules.
    shutil.rmtree(scored.models / model.version)
    assert explained(scored, node.node_id).degraded == ("rules_only",)


def test_a_score_that_rules_gave_is_explained_by_rules_though_a_model_serves_since(scored: Scored):
    application = some_applications(scored.store, 1)[0]
    without_model = Scorer(scored.store, scored.models.parent / "none")
    without_model.assess(application, as_of=AFTERWARDS, scored_at=AFTERWARDS + MINUTE)
    found = explained(scored, application)
    assert (found.model_version, found.degraded) == ("rules-1", ("rules_only",))


def test_a_page_of_a_past_day_explains_the_score_that_it_shows_though_that_was_computed_later(scored: Scored):
    """June is scored in August, as a check: the page of June shows that score, and why."""
    application = some_applications(scored.store, 1)[0]
    scorer = Scorer(scored.store, scored.models)
    scorer.assess(application, as_of=AFTERWARDS + MINUTE / 2, scored_at=AFTERWARDS + timedelta(days=60))
    assert explained(scored, application).as_of == AFTERWARDS + MINUTE / 2


def test_who_is_on_the_page_of_a_past_day_but_was_recorded_later_is_said_to_be_so(scored: Scored):
    late = NodeRef("Customer", "P:LATE")
    scored.store.upsert(GraphBatch([NodeRecord(late, AFTERWARDS, AFTERWARDS + timedelta(days=60), "test")]))
    person = scored.store.get(late)
    assert person is not None
    with pytest.raises(NotFound, match="recorded after that moment"):
        explained(scored, person.node_id)


def test_somebody_new_on_the_handset_of_a_ring_is_explained_by_that_handset(scored: Scored):
    store = scored.store
    ring = max(store.rings(limit=50), key=lambda ring: ring.known_fraud)
    devices = store.select("Device", Compare("ring_id", Operator.EQ, ring.ring_id), limit=5)
    application = store.get(newcomer(store, "CAUGHT", [("USES_DEVICE", node.ref) for node in devices]))
    assert application is not None
    found = explained(scored, application.node_id)
    own = [tie for tie in found.ties if tie.relation.start == application.node_id]
    assert len(own) >= 1
    assert {tie.identifier for tie in own} <= {node.node_id for node in devices}
    assert found.ties[0] in own
    assert found.without < found.estimate / 3
    # The form alone carries the tie, so the form and who made it are part of the picture.
    assert {relation.type for relation in found.made} == {"APPLIED"}


def test_a_customer_of_five_applications_from_one_handset_has_one_tie_to_it_by_the_latest(scored: Scored):
    store = scored.store
    ring = max(store.rings(limit=50), key=lambda ring: ring.known_fraud)
    (device, *_) = store.select("Device", Compare("ring_id", Operator.EQ, ring.ring_id), limit=1)
    first = newcomer(store, "AGAIN", [("USES_DEVICE", device.ref)])
    (made,) = [edge for edge in store.neighbourhood(node_of(store, first), hops=1).edges if edge.type == "APPLIED"]
    (person,) = store.get_by_id([made.start])
    at = AFTERWARDS + MINUTE / 2
    later = [NodeRef("Application", f"AGAIN-{number}") for number in range(4)]
    nodes = [
        NodeRecord(each, at, at, "test", {"applied_at": at + number * MINUTE / 100})
        for number, each in enumerate(later, 1)
    ]
    applied = [EdgeRecord("APPLIED", person.ref, each, at, at, at, "test") for each in later]
    used = [EdgeRecord("USES_DEVICE", each, device.ref, at, at, at, "test") for each in later]
    store.upsert(GraphBatch(nodes, [*applied, *used]))
    found = explained(scored, person.node_id)
    (tie,) = [tie for tie in found.ties if (tie.customer, tie.identifier) == (person.node_id, device.node_id)]
    assert (tie.relation.start, tie.others) == (node_of(store, later[-1]), 4)
    assert len(found.made) <= len(found.ties)


def node_of(store: GraphStore, ref: NodeRef) -> str:
    node = store.get(ref)
    assert node is not None
    return node.node_id


def test_what_has_no_score_of_its_own_and_who_never_applied_have_nothing_to_explain(scored: Scored):
    device = scored.store.select("Device", limit=1)[0]
    with pytest.raises(InvalidRequest) as refused:
        explained(scored, device.node_id)
    assert refused.value.code == "explanation.subject"
    with pytest.raises(NotFound):
        explained(scored, "nobody")
    idle = NodeRef("Customer", "P:IDLE")
    scored.store.upsert(GraphBatch([NodeRecord(idle, AFTERWARDS, AFTERWARDS, "test")]))
    person = scored.store.get(idle)
    assert person is not None
    scorer = Scorer(scored.store, scored.models)
    assert explain_score(scored.store, scorer, person.node_id, now=AFTERWARDS + MINUTE) is None

"""Writing: records of many files and many days become one graph, whatever order they come in and however often."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.records import EdgeRecord, GraphBatch
from graph_model.store import GraphStore
from tests.stores import portrait
from tests.stores.adapters import Adapter
from tests.stores.model import Model
from tests.stores.scenarios import (
    address,
    application,
    batch,
    customer,
    day,
    device,
    edge,
    fact,
    id_of,
    known,
    node,
    phone,
    referral_circle,
)
from tests.stores.strategies import batches


def test_the_same_file_twice_changes_nothing(store: GraphStore) -> None:
    first = store.upsert(referral_circle())
    before, statistics = portrait.of_everything(store), store.statistics()

    again = store.upsert(referral_circle())

    assert all(first.nodes_created) and all(first.edges_created)
    assert not any(again.nodes_created) and not any(again.edges_created)
    assert portrait.of_everything(store) == before
    assert store.statistics() == statistics  # not even the moment of the last change


def test_each_record_is_told_whether_it_created_its_node_or_met_it(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"))]))

    shared_phone = edge("USES_PHONE", customer("c1"), phone("p1"))
    result = store.upsert(
        GraphBatch(
            [node(customer("c1")), node(customer("c2")), node(phone("p1")), node(customer("c2"), 2)],
            [shared_phone, edge("USES_PHONE", customer("c2"), phone("p1")), shared_phone],
            [fact(customer("c2"), "consent", "yes", 1, topic="sms")] * 2,
        )
    )

    assert list(result.nodes_created) == [False, True, True, False]
    assert list(result.edges_created) == [True, True, False]
    assert list(result.facts_created) == [True, False]


def test_a_customer_seen_again_is_older_and_fresher_than_either_record(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), 5, recorded=6, source="web")]))
    store.upsert(GraphBatch([node(customer("c1"), 2, recorded=9), node(customer("c1"), 8, recorded=8)]))

    found = known(store, customer("c1"))
    assert (found.first_seen, found.last_seen, found.recorded_at) == (day(2), day(8), day(6))
    assert found.source == "web"


def test_a_newer_record_overwrites_and_an_older_one_only_fills_in(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), 5, name="王芳", education="college")]))
    store.upsert(GraphBatch([node(customer("c1"), 7, name="王方")]))
    store.upsert(GraphBatch([node(customer("c1"), 3, name="王", sex="female")]))
    store.upsert(GraphBatch([node(customer("c1"), 7, name="汪芳")]))  # as new as what is known: not newer

    assert known(store, customer("c1")).properties == {"name": "王方", "education": "college", "sex": "female"}


def test_a_mention_without_properties_does_not_make_older_properties_stale(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), 9)]))
    store.upsert(GraphBatch([node(customer("c1"), 4, name="王芳")]))
    store.upsert(GraphBatch([node(customer("c1"), 5, name="王方")]))

    assert known(store, customer("c1")).properties == {"name": "王方"}


def test_what_a_key_implies_is_told_of_a_new_node_alone(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), name="Li Lei")]))

    told = {"sex": "female", "birth_date": date(1990, 3, 7)}
    mentions = [node(customer(key), 2, **told)._replace(implied=True) for key in ("c1", "c2", "c2")]
    store.upsert(GraphBatch(mentions))

    assert known(store, customer("c1")).properties == {"name": "Li Lei"}
    assert known(store, customer("c1")).last_seen == day(2)
    assert known(store, customer("c2")).properties == told


def test_every_kind_of_property_comes_back_as_it_went_in(store: GraphStore) -> None:
    applied_at = datetime(2025, 3, 2, 9, 30, 0, 123000, tzinfo=UTC)
    store.upsert(
        GraphBatch(
            [
                node(customer("c1"), name="欧阳🙂娜", birth_date=date(1990, 2, 28), id_expiry_date=date(9999, 12, 31)),
                node(application("x1"), amount=0.1 + 0.2, term_months=2**62, applied_at=applied_at, channel="app"),
            ]
        )
    )

    assert known(store, customer("c1")).properties == {
        "name": "欧阳🙂娜",
        "birth_date": date(1990, 2, 28),
        "id_expiry_date": date(9999, 12, 31),
    }
    assert known(store, application("x1")).properties == {
        "amount": 0.1 + 0.2,
        "term_months": 2**62,
        "applied_at": applied_at,
        "channel": "app",
    }


def test_moments_of_any_time_zone_and_century_are_one_moment(store: GraphStore) -> None:
    shanghai = timezone(timedelta(hours=8))
    early, late = (
        datetime(1900, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
        datetime(9998, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    )
    for moment, name in ((datetime(2025, 1, 2, 8, tzinfo=shanghai), "x1"), (early, "x2"), (late, "x3")):
        store.upsert(GraphBatch([node(application(name), applied_at=moment)]))

    assert known(store, application("x1")).properties["applied_at"] == datetime(2025, 1, 2, tzinfo=UTC)
    assert known(store, application("x2")).properties["applied_at"] == early
    assert known(store, application("x3")).properties["applied_at"] == late


def test_a_relationship_seen_again_keeps_its_provenance(store: GraphStore) -> None:
    link = edge("HUMAN_LINK", customer("c1"), customer("c2"), 5, author="li", reason="same gang")
    store.upsert(batch(link))
    store.upsert(batch(edge("HUMAN_LINK", customer("c1"), customer("c2"), 3, last=9, source="other", author="wu")))

    (found,) = store.induced([id_of(store, customer("c1")), id_of(store, customer("c2"))]).edges
    assert (found.first_seen, found.last_seen, found.recorded_at) == (day(3), day(9), day(3))
    assert found.source == "core"
    assert found.properties == {"author": "li", "reason": "same gang"}


def test_home_and_work_at_one_address_are_two_relationships(store: GraphStore) -> None:
    store.upsert(
        batch(
            edge("HAS_ADDRESS", customer("c1"), address("a1"), qualifier="home"),
            edge("HAS_ADDRESS", customer("c1"), address("a1"), qualifier="work"),
        )
    )

    edges = store.induced([id_of(store, customer("c1")), id_of(store, address("a1"))]).edges
    assert [e.qualifier for e in edges] == ["home", "work"]
    assert len({e.edge_id for e in edges}) == 2


def test_whoever_sees_an_edge_sees_both_its_ends(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), 8), node(device("d1"), 9)]))
    store.upsert(GraphBatch(edges=[edge("USES_DEVICE", customer("c1"), device("d1"), 3, last=4)]))

    for ref, last_seen in ((customer("c1"), 8), (device("d1"), 9)):
        found = known(store, ref)
        assert (found.first_seen, found.last_seen, found.recorded_at) == (day(3), day(last_seen), day(3))


def test_an_end_that_is_nowhere_refuses_the_whole_batch(store: GraphStore) -> None:
    before = store.statistics()
    with pytest.raises(InvalidRequest) as refused:
        store.upsert(
            GraphBatch([node(customer("c1"))], [edge("USES_PHONE", customer("c1"), phone("+8613800000000"))]),
            state={"checkpoint": "1"},
        )

    assert "+8613800000000" not in refused.value.message
    assert store.get(customer("c1")) is None
    assert store.state("checkpoint") is None
    assert store.statistics() == before


def test_an_end_may_be_in_the_store_already(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1")), node(phone("p1"))]))
    result = store.upsert(
        GraphBatch(
            edges=[edge("USES_PHONE", customer("c1"), phone("p1"))],
            facts=[fact(customer("c1"), "consent", "no", 2, topic="call")],
        )
    )
    assert list(result.edges_created) == [True]
    assert list(result.facts_created) == [True]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        pytest.param(batch(edge("USES_PHONE", phone("p1"), customer("c1"))), InvalidRequest, id="backwards"),
        pytest.param(batch(edge("LENDS_TO", customer("c1"), customer("c2"))), UnknownName, id="unknown type"),
        pytest.param(
            batch(edge("USES_PHONE", customer("c1"), phone("p1"), qualifier="home")), InvalidRequest, id="no qualifier"
        ),
        pytest.param(GraphBatch([node(customer("c1"), shoe_size=43)]), UnknownName, id="unknown property"),
        pytest.param(GraphBatch([node(device("d1"), shoe_size=43)]), UnknownName, id="type without properties"),
        pytest.param(GraphBatch([node(customer("c1"), id_number="c1")]), InvalidRequest, id="key as property"),
        pytest.param(GraphBatch([node(customer("c1"), name=7)]), InvalidRequest, id="number for text"),
        pytest.param(GraphBatch([node(customer("c1"), birth_date="1990-01-01")]), InvalidRequest, id="text for date"),
        pytest.param(GraphBatch([node(application("x1"), term_months=True)]), InvalidRequest, id="flag for number"),
        pytest.param(
            batch(edge("HUMAN_LINK", customer("c1"), customer("c2"), colour="red")), UnknownName, id="edge property"
        ),
        pytest.param(
            GraphBatch([node(customer("c1"))], facts=[fact(customer("c1"), "label", "good", 1)]),
            InvalidRequest,
            id="fact about another type",
        ),
        pytest.param(
            GraphBatch([node(customer("c1"))], facts=[fact(customer("c1"), "mood", "good", 1)]),
            UnknownName,
            id="unknown fact",
        ),
    ],
)
def test_what_the_schema_does_not_declare_is_refused_whole(
    store: GraphStore, bad: GraphBatch, error: type[Exception]
) -> None:
    with pytest.raises(error):
        store.upsert(bad)
    assert sum(store.statistics().nodes.values()) == 0


def test_a_moment_without_a_time_zone_is_refused(store: GraphStore) -> None:
    naive = datetime(2025, 1, 1)  # noqa: DTZ001 - the mistake under test
    record = EdgeRecord("REFERRED", customer("c1"), customer("c2"), naive, naive, naive, "core")
    with pytest.raises(InvalidRequest, match="time zone"):
        store.upsert(GraphBatch([node(customer("c1")), node(customer("c2"))], [record]))


def test_the_checkpoint_of_an_ingest_is_written_with_its_batch(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"))]), state={"ingest.row": "1000"})
    store.upsert(GraphBatch([node(customer("c2"))]), state={"ingest.row": "2000"})
    assert store.state("ingest.row") == "2000"


def test_opaque_ids_are_opaque_and_lasting(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer(f"c{i}")) for i in range(50)]))
    ids = [id_of(store, customer(f"c{i}")) for i in range(50)]
    store.upsert(GraphBatch([node(customer(f"c{i}"), 9) for i in range(50)]))

    assert len(set(ids)) == 50
    assert [id_of(store, customer(f"c{i}")) for i in range(50)] == ids
    assert all(len(node_id) == 20 and node_id.isalnum() for node_id in ids)


def test_who_lists_by_opaque_id_learns_nothing_of_the_order_of_keys(store: GraphStore) -> None:
    """Members are handed out by id, and customers' keys are ID numbers: region, then day of birth."""
    people = [customer(f"c{i:02}") for i in range(50)]
    store.upsert(GraphBatch([node(each) for each in people]))
    ids = [id_of(store, each) for each in people]
    rising = sum(one < other for one, other in pairwise(ids))
    assert 0 < rising < len(people) - 1


def test_one_batch_or_one_record_at_a_time_is_the_same_graph(
    adapter: Adapter, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @given(whole=batches())
    @settings(max_examples=adapter.examples(25), deadline=None, suppress_health_check=list(HealthCheck))
    def check(whole: GraphBatch) -> None:
        at_once = adapter.create(tmp_path_factory.mktemp("whole")).store
        at_once.upsert(whole)
        expected = portrait.of_everything(at_once)
        at_once.close()
        bit_by_bit = adapter.create(tmp_path_factory.mktemp("bits")).store
        for record in whole.nodes:
            bit_by_bit.upsert(GraphBatch([record]))
        for relationship in whole.edges:
            bit_by_bit.upsert(GraphBatch(edges=[relationship]))
        for told in whole.facts:
            bit_by_bit.upsert(GraphBatch(facts=[told]))
        assert portrait.of_everything(bit_by_bit) == expected
        bit_by_bit.close()
        model = Model()
        model.upsert(whole)
        assert expected["nodes"] == {ref: portrait.of_model_node(found) for ref, found in model.nodes.items()}

    check()

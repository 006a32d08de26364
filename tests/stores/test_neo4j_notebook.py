"""A data scientist opens the graph in a notebook: models of our node types and data frames, on the same server as everything else."""

from datetime import date

import pytest

from graph_model.errors import UnknownName
from graph_model.schema import SCHEMA
from graph_model.stores import open_store
from tests.stores.neo4j_database import DATABASE
from tests.stores.scenarios import address, application, batch, customer, day, device, edge, node

pytest.importorskip("py2neo", reason="the optional extra [py2neo] is not installed")

from py2neo import Graph

from graph_model.stores.neo4j.notebook import MODELS, connect, nodes, relationships


@pytest.fixture
def graph() -> Graph:
    """Two borrowers on one handset, one of whom referred the other."""
    url = DATABASE.empty()
    store = open_store(url, create=True)
    store.upsert(
        batch(
            edge("USES_DEVICE", customer("c1"), device("d1"), 1, last=5),
            edge("USES_DEVICE", application("x1"), device("d1"), 2),
            edge("APPLIED", customer("c1"), application("x1"), 2),
            edge("REFERRED", customer("c1"), customer("c2"), 3),
            edge("HAS_ADDRESS", customer("c1"), address("home"), 4, qualifier="home"),
            nodes=[
                node(customer("c1"), 1, name="张伟", birth_date=date(1990, 1, 2)),
                node(application("x1"), 2, amount=2000.5, applied_at=day(2)),
            ],
        )
    )
    store.close()
    return connect(url)


def test_there_is_a_model_of_every_node_type_with_its_properties(graph: Graph) -> None:
    assert set(MODELS) == set(SCHEMA.labels)
    someone = MODELS["Customer"].match(graph, "c1").first()
    assert (someone.name, someone.birth_date, someone.source) == ("张伟", "1990-01-02", "core")


def test_relationships_are_followed_where_they_lead_to_one_type(graph: Graph) -> None:
    someone = MODELS["Customer"].match(graph, "c1").first()
    assert [found.key for found in someone.uses_device] == ["d1"]
    assert [found.key for found in someone.referred] == ["c2"]
    assert [found.amount for found in someone.applied] == [2000.5]
    form = MODELS["Application"].match(graph, "x1").first()
    assert [found.key for found in form.applied_of] == ["c1"]
    # A device is used by customers and by applications: py2neo could not tell them apart.
    assert not hasattr(MODELS["Device"], "uses_device_of")


def test_nodes_and_relationships_come_as_data_frames(graph: Graph) -> None:
    forms = nodes(graph, "Application", ["amount", "applied_at"])
    assert forms.select("key", "amount", "applied_at", "first_seen").rows() == [("x1", 2000.5, day(2), day(2))]
    assert nodes(graph, "Customer")["key"].to_list() == ["c1", "c2"]
    assert nodes(graph, "Customer", limit=1).height == 1
    assert nodes(graph, "Phone").height == 0

    used = relationships(graph, "USES_DEVICE")
    assert used.select("start_label", "start", "end_label", "end", "last_seen").rows() == [
        ("Customer", "c1", "Device", "d1", day(5)),
        ("Application", "x1", "Device", "d1", day(2)),
    ]
    with pytest.raises(UnknownName):
        relationships(graph, "OWNS")

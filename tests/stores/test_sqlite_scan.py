"""Scans read in pieces; where a piece ends must not show."""

from pathlib import Path

import numpy as np
import pytest

from graph_model.records import GraphBatch
from graph_model.stores.sqlite.connections import Connections
from graph_model.stores.sqlite.names import load_names
from graph_model.stores.sqlite.scanning import scan_edges, scan_facts, scan_nodes
from graph_model.stores.sqlite.upsert import upsert
from tests.stores.scenarios import address, application, batch, customer, edge, fact, node


@pytest.mark.parametrize("piece", [1, 2, 3, 7])
def test_however_small_the_pieces_the_columns_are_the_same(tmp_path: Path, piece: int) -> None:
    sizes: tuple[dict[str, int], ...] = ({}, {"piece": piece})
    connections = Connections(tmp_path / "graph.db", create=True)
    people = [node(customer(f"c{i}"), i, name=f"张{i}") if i % 2 else node(customer(f"c{i}"), i) for i in range(5)]
    forms = [node(application(f"x{i}"), amount=i / 3) for i in range(5)]
    homes = [
        edge("HAS_ADDRESS", customer(f"c{i}"), address(f"a{i % 2}"), i, qualifier=kind)
        for i in range(5)
        for kind in ("home", "work", "")
    ]
    told = [fact(application(f"x{i}"), "label", value, i) for i in range(5) for value in ("good", "unknown")]
    with connections.writing() as connection:
        names = load_names(connection)
        upsert(connection, names, batch(*homes, nodes=[*people, *forms], facts=told))
        upsert(connection, names, GraphBatch([node(application("x9"))]))  # without an amount

        for label, properties in (("Customer", ["name", "birth_date"]), ("Application", ["amount", "term_months"])):
            whole, parts = (scan_nodes(connection, names, label, properties, None, **size) for size in sizes)
            assert list(parts.keys) == list(whole.keys)
            np.testing.assert_array_equal(parts.handles, whole.handles)
            for name in properties:
                np.testing.assert_array_equal(parts.properties[name], whole.properties[name])
        edges, edge_parts = (
            scan_edges(connection, names, "HAS_ADDRESS", "Customer", "Address", None, 0, **size) for size in sizes
        )
        for name in ("start", "end", "first_seen", "last_seen", "recorded_at", "qualifier"):
            np.testing.assert_array_equal(getattr(edge_parts, name), getattr(edges, name))
        assert (len(edges.start), edge_parts.qualifiers) == (15, ["", "home", "work"])
        facts, fact_parts = (scan_facts(connection, names, "label", None, **size) for size in sizes)
        for name in ("about", "at", "recorded_at", "value", "topic"):
            np.testing.assert_array_equal(getattr(fact_parts, name), getattr(facts, name))
        assert len(facts.at) == 10
    connections.close()

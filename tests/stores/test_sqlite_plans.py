"""How SQLite answers: the tables are those of the golden file, and what must stay quick in a large store follows an index."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model.predicates import EVERYTHING, Compare, Operator, Predicate
from graph_model.stores.sqlite import (
    SqliteStore,
    assessing,
    counting,
    drawn,
    linking,
    reading,
    upsert_edges,
    upsert_slot,
    upsert_stored_edges,
    walk,
)
from graph_model.stores.sqlite.names import load_names
from graph_model.stores.sqlite.predicate_sql import field
from graph_model.stores.sqlite.selecting import _matching
from tests.stores.scenarios import customer, day, id_of, referral_circle

GOLDEN = Path(__file__).parent / "golden" / "sqlite.sql"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    SqliteStore(tmp_path / "graph.db", create=True).close()
    opened = sqlite3.connect(tmp_path / "graph.db")
    yield opened
    opened.close()


def test_the_tables_are_those_of_the_golden_file(connection: sqlite3.Connection) -> None:
    """After a deliberate change write the file anew: `python -m tests.stores.test_sqlite_plans`. A change of a table that files in
    the field already have needs a migration too."""
    assert _schema(connection) == GOLDEN.read_text()


def _schema(connection: sqlite3.Connection) -> str:
    made = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return "".join(f"{sql};\n" for (sql,) in made)


def plan(connection: sqlite3.Connection, query: str, parameters: object = ()) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", parameters)]  # type: ignore[arg-type]


def test_the_newest_neighbours_of_a_hub_are_read_in_the_order_of_the_table(connection: sqlite3.Connection) -> None:
    assert plan(connection, walk._NEWEST, {"nid": 1, "type": 1}) == ["SEARCH a USING PRIMARY KEY (nid=? AND type=?)"]


def test_what_an_answer_leaves_out_is_counted_without_sorting_what_lies_around_it(
    connection: sqlite3.Connection,
) -> None:
    steps = plan(connection, counting._NEIGHBOURS, {"wanted": "[]", "types": None})
    assert steps[0].startswith("SCAN wanted")
    assert steps[1] == "SEARCH a USING PRIMARY KEY (nid=?)"
    assert not any("B-TREE" in step for step in steps)


def test_what_joins_the_nodes_of_an_answer_is_read_at_their_ends_alone(
    connection: sqlite3.Connection,
) -> None:
    parameters = dict.fromkeys(("wanted", "among", "hubs", "types"), "[]") | dict.fromkeys(("event", "recorded"), "0")
    searches = [step for step in plan(connection, linking._AMONG, parameters) if step.startswith("SEARCH")]
    assert searches == [
        "SEARCH a USING PRIMARY KEY (nid=?)",
        "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",  # the name of its source
    ]


@pytest.mark.parametrize(
    "query", [upsert_stored_edges._FIND, upsert_edges._UPDATE_EDGE, upsert_edges._UPDATE_ADJACENCY]
)
def test_a_relationship_is_found_and_changed_by_its_whole_key(connection: sqlite3.Connection, query: str) -> None:
    (step,) = plan(connection, query, (0,) * query.count("?"))
    assert "USING PRIMARY KEY" in step
    assert "triple=?" in step and "qualifier=?" in step


def test_what_begins_at_the_nodes_of_a_batch_is_read_in_the_order_of_the_table(connection: sqlite3.Connection) -> None:
    steps = plan(connection, upsert_stored_edges._FIND_FROM, (0, "[]"))
    assert steps[0].startswith("SCAN wanted")
    assert steps[1] == "SEARCH e USING PRIMARY KEY (triple=? AND start=?)"


def test_the_keys_of_a_batch_drive_the_look_up(connection: sqlite3.Connection) -> None:
    steps = plan(connection, upsert_slot._FIND, ("[]", 0))
    assert steps[0].startswith("SCAN wanted")
    assert steps[1] == "SEARCH n USING INDEX node_by_key (label=? AND key=?)"


@pytest.mark.parametrize("query", [drawn._NEIGHBOURS, drawn._LINKS, drawn._OMITTED, drawn._DEGREES, drawn._TOTALS])
def test_links_drawn_by_hand_are_found_by_their_ends(connection: sqlite3.Connection, query: str) -> None:
    parameters = dict.fromkeys(("wanted", "among", "types"), "[]") | dict.fromkeys(("event", "recorded", "moment"), "0")
    steps = plan(connection, query, parameters)
    assert steps[0].startswith("SCAN wanted")
    assert steps[1] == "SEARCH a USING PRIMARY KEY (nid=?)"


def test_a_store_without_links_drawn_by_hand_is_not_asked_for_any(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "graph.db", create=True)
    store.upsert(referral_circle())
    asked: list[str] = []
    with store._connections.reading() as connection:
        connection.set_trace_callback(asked.append)
    subject = id_of(store, customer("c1"))
    store.neighbourhood(subject)
    store.component(subject)
    assert any("adjacency" in statement for statement in asked)
    assert {statement for statement in asked if "drawn" in statement} == {"SELECT 1 FROM drawn LIMIT 1"}
    store.close()


def test_the_facts_of_many_nodes_are_found_by_their_ids(connection: sqlite3.Connection) -> None:
    steps = plan(connection, reading._FACTS, ("[]", None, 0, 0))
    assert [step.split(" (")[0] for step in steps] == [
        "SCAN wanted VIRTUAL TABLE INDEX 1:",
        "SEARCH n USING INDEX node_by_id",
        "SEARCH f USING PRIMARY KEY",
    ]


def test_the_history_of_a_node_is_found_by_its_id(connection: sqlite3.Connection) -> None:
    steps = plan(connection, assessing._OF_NODE, ("x", 0, 0, 1))
    assert steps[0] == "SEARCH n USING COVERING INDEX node_by_id (node_id=?)"
    assert steps[1] == "SEARCH a USING PRIMARY KEY (nid=?)"


@pytest.mark.parametrize(
    ("label", "predicate", "order", "index"),
    [
        ("Customer", Compare("ring_id", Operator.EQ, "r1"), None, "node_by_ring"),
        ("Customer", EVERYTHING, "score", "node_by_score"),
        ("Customer", Compare("score", Operator.GT, 0.9), None, "node_by_score"),
        ("Customer", Compare("id_number", Operator.EQ, "x"), None, "node_by_key"),
        ("Application", Compare("channel", Operator.EQ, "app"), None, "Application_by_channel"),
        ("Application", Compare("applied_at", Operator.GT, day(1)), None, "Application_by_applied_at"),
        ("Application", EVERYTHING, "applied_at", "Application_by_applied_at"),
    ],
)
def test_indexed_fields_are_filtered_and_ordered_by_their_index(
    connection: sqlite3.Connection, label: str, predicate: Predicate, order: str | None, index: str
) -> None:
    by = None if order is None else field(label, order)
    text, parameters = _matching(load_names(connection), label, predicate, whole=by is not None and by.of_properties)
    query = f"SELECT n.nid {text}" + ("" if by is None else f" AND {by.column} IS NOT NULL ORDER BY {by.column}, n.key")
    assert index in plan(connection, query, parameters)[0]


def _write_golden() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.db"
        SqliteStore(path, create=True).close()
        made = sqlite3.connect(path)
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(_schema(made))
        made.close()


if __name__ == "__main__":
    _write_golden()

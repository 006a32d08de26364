"""For data scientists: a Neo4j-backed graph as py2neo models of our node types, and as data frames. Never in a request path.

    from graph_model.stores.neo4j.notebook import MODELS, connect, nodes, relationships
    graph = connect("bolt://reader:password@localhost:7687")
    someone = MODELS["Customer"].match(graph).first()
    [phone.key for phone in someone.uses_phone]
    relationships(graph, "REFERRED")

py2neo is at the end of its life: its last release is of 2021 and its own table stops at Neo4j 4.4. Over Bolt it still speaks to 5.26, as our tests
show, and may stop at any release; docs/production.md has the official driver's way beside it. What is read here is neither masked nor logged: give
notebooks an account that may only read, and only to those who may see it all.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from py2neo import Graph
from py2neo.ogm import Model, Property, RelatedFrom, RelatedTo

from graph_model.schema import SCHEMA, StorageKind
from graph_model.stores.neo4j.address import parse
from graph_model.stores.neo4j.names import PROPERTIES

_COMMON = ("node_id", "key", "first_seen", "last_seen", "recorded_at", "source", "score", "grade", "ring_id")
_MOMENTS = frozenset(("first_seen", "last_seen", "recorded_at"))
_OF_EDGE = ("qualifier", "first_seen", "last_seen", "recorded_at", "source")


def connect(url: str) -> Graph:
    """The graph at a store's address, such as bolt://user:password@host:7687. Raises InvalidRequest for one that makes no sense."""
    address = parse(url)
    return Graph(address.uri, auth=(address.user, address.password), name=address.database)


def nodes(
    graph: Graph, label: str, properties: Sequence[str] | None = None, *, limit: int | None = None
) -> pl.DataFrame:
    """The nodes of one type by rising key: what every node has, and its declared properties (some, or all when None)."""
    declared = PROPERTIES[SCHEMA.node(label).label]
    chosen = list(declared) if properties is None else [SCHEMA.node(label).declared(name).name for name in properties]
    names = (*_COMMON, *chosen)
    columns = ", ".join(f"n.{name} AS {name}" for name in names)
    found = graph.run(f"MATCH (n:{label}) RETURN {columns} ORDER BY n.key{_limited(limit)}").data()
    moments = _MOMENTS | {name for name in chosen if declared[name].type.storage is StorageKind.MOMENT}
    return _frame(found, names, moments)


def relationships(graph: Graph, type: str, *, limit: int | None = None) -> pl.DataFrame:
    """The relationships of one type, with the natural keys and types of their ends; those drawn by hand that have ended are among them."""
    name = SCHEMA.relationship(type).name
    columns = ", ".join(f"r.`{column}` AS `{column}`" for column in _OF_EDGE)
    ends = "[x IN labels(a) WHERE x <> 'Entity'][0] AS start_label, a.key AS start, [x IN labels(b) WHERE x <> 'Entity'][0] AS end_label, b.key AS end"
    found = graph.run(f"MATCH (a)-[r:{name}]->(b) RETURN {ends}, {columns} ORDER BY start, end{_limited(limit)}").data()
    return _frame(found, ("start_label", "start", "end_label", "end", *_OF_EDGE), _MOMENTS)


def _limited(limit: int | None) -> str:
    return "" if limit is None else f" LIMIT {int(limit)}"


def _frame(found: Sequence[Mapping[str, Any]], names: Sequence[str], moments: frozenset[str]) -> pl.DataFrame:
    frame = pl.DataFrame({name: [row[name] for row in found] for name in names}, strict=False)
    return frame.with_columns(
        pl.col(name).cast(pl.Int64).cast(pl.Datetime("ms", "UTC")) for name in names if name in moments
    )


def _models() -> Mapping[str, type[Model]]:
    """Node type → model. Every property is an attribute; a relationship is one too (`uses_phone`, and `uses_phone_of` back) where its type
    leads to one node type only: py2neo asks for the type of relationship alone and would take an application for a customer."""
    models: dict[str, type[Model]] = {}
    for node_type in SCHEMA.nodes:
        names = dict.fromkeys((*_COMMON, *PROPERTIES[node_type.label]))
        body: dict[str, Any] = {name: Property() for name in names}
        models[node_type.label] = type(
            node_type.label, (Model,), body | {"__primarykey__": "key", "__primarylabel__": node_type.label}
        )
    for relationship in SCHEMA.relationships:
        ends: dict[str, set[str]] = {}
        starts: dict[str, set[str]] = {}
        for start, end in relationship.ends:
            ends.setdefault(start, set()).add(end)
            starts.setdefault(end, set()).add(start)
        name = relationship.name.lower()
        for label, others in ends.items():
            if len(others) == 1:
                setattr(models[label], name, RelatedTo(models[min(others)], relationship.name))
        for label, others in starts.items():
            if len(others) == 1:
                setattr(models[label], f"{name}_of", RelatedFrom(models[min(others)], relationship.name))
    return models


MODELS = _models()

"""A graph that came as columns, one list per field, as the elements it is made of. Pure."""

from typing import Any

Answer = dict[str, Any]


def with_elements(graph: Answer) -> Answer:
    """The same graph with `nodes` and `edges` as contract.RelationGraph has them."""
    nodes = _rows(graph["nodeColumns"])
    columns = dict(graph["edgeColumns"])
    links = columns.pop("links")
    edges = _rows(columns)
    for edge in edges:
        edge["source"], edge["target"] = nodes[edge["source"]]["id"], nodes[edge["target"]]["id"]
    for each in links:
        edges[each["place"]]["link"] = each["link"]
    return {**graph, "nodes": nodes, "edges": edges}


def _rows(columns: Answer) -> list[Answer]:
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]

"""Answers of a store without its opaque ids, to be compared with the oracle's or another adapter's."""

from dataclasses import replace
from typing import Any

from graph_model.records import NodeRef, Path, Subgraph
from graph_model.store import GraphStore
from tests.stores.model import EdgeIdentity, ModelNode, ModelSubgraph


def of_node(node: Any) -> ModelNode:
    return ModelNode(
        node.ref,
        node.first_seen,
        node.last_seen,
        node.recorded_at,
        node.source,
        properties=dict(node.properties),
    )


def of_model_node(node: ModelNode | None) -> ModelNode | None:
    return None if node is None else replace(node, properties_at=None)


def of_subgraph(answer: Subgraph) -> tuple[Any, ...]:
    refs = {node.node_id: node.ref for node in answer.nodes}
    edges: dict[EdgeIdentity, tuple[Any, ...]] = {}
    for e in answer.edges:
        identity = (refs[e.start], e.type, refs[e.end], e.qualifier)
        assert identity not in edges, "an edge is in the answer twice"
        edges[identity] = (e.first_seen, e.last_seen, e.recorded_at, e.source, dict(e.properties))
    return (
        [node.ref for node in answer.nodes],
        edges,
        {refs[node_id]: hop for node_id, hop in answer.hops.items()},
        {(refs[o.node_id], o.type): (o.shown, o.total) for o in answer.omissions},
    )


def of_model_subgraph(answer: ModelSubgraph) -> tuple[Any, ...]:
    edges = {
        identity: (e.first_seen, e.last_seen, e.recorded_at, e.source, dict(e.properties))
        for identity, e in answer.edges.items()
    }
    return answer.nodes, edges, answer.hops, answer.omissions


def of_path(path: Path) -> tuple[NodeRef, ...]:
    return tuple(node.ref for node in path.nodes)


def of_everything(store: GraphStore) -> dict[str, Any]:
    """The whole graph by natural keys: what two ways to the same graph must agree on."""
    from graph_model.schema import SCHEMA

    nodes = {}
    refs: dict[int, NodeRef] = {}
    for node_type in SCHEMA.nodes:
        columns = store.scan_nodes(node_type.label)
        refs.update(zip(columns.handles.tolist(), (NodeRef(node_type.label, key) for key in columns.keys), strict=True))
    for node in store.get_by_id(store.node_ids(list(refs))):
        nodes[node.ref] = of_node(node)
    edges = {}
    for start, type, end in SCHEMA.triples:
        scanned = store.scan_edges(type, start, end)
        for i in range(len(scanned.start)):
            identity = (
                refs[int(scanned.start[i])],
                type,
                refs[int(scanned.end[i])],
                scanned.qualifiers[int(scanned.qualifier[i])],
            )
            edges[identity] = (int(scanned.first_seen[i]), int(scanned.last_seen[i]), int(scanned.recorded_at[i]))
    facts = set()
    for kind in SCHEMA.facts:
        found = store.scan_facts(kind.name)
        for i in range(len(found.about)):
            facts.add(
                (
                    refs[int(found.about[i])],
                    kind.name,
                    found.topics[int(found.topic[i])],
                    found.values[int(found.value[i])],
                    int(found.at[i]),
                    int(found.recorded_at[i]),
                )
            )
    return {"nodes": nodes, "edges": edges, "facts": facts}

"""All that is in a store, to be compared: what is in the graph by natural keys, without the ids that chance gave."""

from graph_model.records import NodeRef
from graph_model.schema import SCHEMA
from graph_model.store import GraphStore

Graph = tuple[dict[NodeRef, tuple[object, ...]], set[tuple[object, ...]], set[tuple[object, ...]]]


def graph_of(store: GraphStore) -> Graph:
    nodes: dict[NodeRef, tuple[object, ...]] = {}
    refs: dict[int, NodeRef] = {}
    for label in SCHEMA.labels:
        names = [p.name for p in SCHEMA.node(label).properties]
        columns = store.scan_nodes(label, names)
        values = zip(*(columns.properties[name].tolist() for name in names), strict=True) if names else iter(())
        told = [tuple(map(str, row)) for row in values] or [()] * len(columns.keys)
        for handle, key, first, recorded, row in zip(
            columns.handles.tolist(),
            columns.keys,
            columns.first_seen.tolist(),
            columns.recorded_at.tolist(),
            told,
            strict=True,
        ):
            refs[handle] = NodeRef(label, key)
            nodes[refs[handle]] = (first, recorded, row)
    edges: set[tuple[object, ...]] = set()
    for start, name, end in SCHEMA.triples:
        scan = store.scan_edges(name, start, end)
        for s, e, first, last, recorded, qualifier in zip(
            *(
                a.tolist()
                for a in (scan.start, scan.end, scan.first_seen, scan.last_seen, scan.recorded_at, scan.qualifier)
            ),
            strict=True,
        ):
            edges.add((name, refs[s], refs[e], first, last, recorded, scan.qualifiers[qualifier]))
    facts: set[tuple[object, ...]] = set()
    for kind in SCHEMA.facts:
        told_facts = store.scan_facts(kind.name)
        for about, at, recorded, value, topic in zip(
            *(
                a.tolist()
                for a in (told_facts.about, told_facts.at, told_facts.recorded_at, told_facts.value, told_facts.topic)
            ),
            strict=True,
        ):
            facts.add((kind.name, refs[about], at, recorded, told_facts.values[value], told_facts.topics[topic]))
    return nodes, edges, facts

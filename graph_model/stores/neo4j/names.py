"""Names: the schema as the adapter looks it up, and the property names that every node and relationship has. Pure."""

from graph_model.schema import SCHEMA

# Beside its own label every node of the graph has this one, for look-ups that don't know the label.
ENTITY = "Entity"
NODE_PROPERTIES = frozenset(
    (
        "nid", "node_id", "key", "first_seen", "last_seen", "recorded_at", "source", "properties_at",
        "score", "grade", "ring_id", "scoring", "scoring_as_of", "scoring_scored_at",
    )
)  # fmt: skip
EDGE_PROPERTIES = frozenset(("from", "to", "qualifier", "first_seen", "last_seen", "recorded_at", "source", "ends_at"))
FOLDED = "folded_"  # before the name of a searchable property: its folded form

PROPERTIES = {n.label: {p.name: p for p in n.properties} for n in SCHEMA.nodes}
EDGE_TYPES = {r.name: r for r in SCHEMA.relationships}
TRIPLES = frozenset(SCHEMA.triples)
LABEL_RANK = {label: rank for rank, label in enumerate(SCHEMA.labels)}
TYPE_RANK = {r.name: rank for rank, r in enumerate(SCHEMA.relationships)}
# Types of which two nodes can have several, or one in either direction, or one to itself.
REPEATING = frozenset(r.name for r in SCHEMA.relationships if r.qualifier or any((e, s) in r.ends for s, e in r.ends))
TYPES_OUT = {label: tuple(dict.fromkeys(t for s, t, _ in SCHEMA.triples if s == label)) for label in SCHEMA.labels}
TYPES_IN = {label: tuple(dict.fromkeys(t for _, t, e in SCHEMA.triples if e == label)) for label in SCHEMA.labels}
# (label, property) in the order of the schema
SEARCHED = tuple((n.label, p.name) for n in SCHEMA.nodes for p in n.searchable)

assert all(NODE_PROPERTIES.isdisjoint(declared) for declared in PROPERTIES.values())
assert all(EDGE_PROPERTIES.isdisjoint(p.name for p in r.properties) for r in SCHEMA.relationships)


def fact_label(kind: str) -> str:
    """The label that the facts of one kind have beside `Fact`: the server counts labels without reading them."""
    return f"{kind.capitalize()}Fact"

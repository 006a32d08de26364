"""Constraints and indexes, derived from the schema. Made where they are missing, each a transaction of its own as the server wants it.

Community edition knows uniqueness, not existence; what must exist is seen to by the adapter, which alone writes.
"""

from collections.abc import Iterable

from graph_model.schema import SCHEMA
from graph_model.stores.neo4j.names import ENTITY, FOLDED, SEARCHED

SEARCH_INDEX = "guanxi_search"


def _unique(label: str, *properties: str) -> tuple[str, str]:
    name = f"guanxi_{label}_{'_'.join(properties)}"
    listed = ", ".join(f"n.{p}" for p in properties)
    return name, f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE ({listed}) IS UNIQUE"


def _index(label: str, name: str, kind: str = "") -> tuple[str, str]:
    full = f"guanxi_{label}_{name}"
    return full, f"CREATE {kind} INDEX {full} IF NOT EXISTS FOR (n:{label}) ON (n.{name})"


def _end_index(type: str, end: str) -> tuple[str, str]:
    name = f"guanxi_{type}_{end}"
    return name, f"CREATE INDEX {name} IF NOT EXISTS FOR ()-[r:{type}]-() ON (r.{end}, r.last_seen)"


def _search_index() -> tuple[str, str]:
    labels = "|".join(dict.fromkeys(label for label, _ in SEARCHED))
    properties = ", ".join(dict.fromkeys(f"n.{FOLDED}{name}" for _, name in SEARCHED))
    return SEARCH_INDEX, (
        f"CREATE FULLTEXT INDEX {SEARCH_INDEX} IF NOT EXISTS FOR (n:{labels}) ON EACH [{properties}] "
        "OPTIONS {indexConfig: {`fulltext.analyzer`: 'cjk', `fulltext.eventually_consistent`: false}}"
    )


def _derived() -> Iterable[tuple[str, str]]:
    yield _unique("Meta", "name")
    yield _unique(ENTITY, "nid")
    yield _unique(ENTITY, "node_id")
    yield _index(ENTITY, "ring_id")
    for node_type in SCHEMA.nodes:
        yield _unique(node_type.label, "key")
        if not node_type.identifier:
            yield _index(node_type.label, "score")
        for declared in node_type.properties:
            if declared.indexed:
                yield _index(node_type.label, declared.name)
    for label, name in SEARCHED:
        yield _index(label, f"{FOLDED}{name}", "TEXT")
    yield _search_index()
    for relationship in SCHEMA.relationships:
        # The newest relationships of a hub are the end of one of these.
        yield _end_index(relationship.name, "from")
        yield _end_index(relationship.name, "to")
    yield _index("Fact", "nid")
    yield _index("Assessment", "nid")
    yield _unique("Assessment", "nid", "run")
    yield _unique("Scoring", "run")
    yield _unique("Ring", "ring_id", "as_of", "scored_at", "model_version")
    yield _unique("WholeScoring", "source", "model_version", "policy_version", "as_of", "scored_at")
    yield _index("Ring", "as_of")
    yield _unique("Audit", "sequence")
    yield _unique("LinkEdit", "link_id", "place")
    yield _index("LinkEdit", "link_id")
    yield _unique("State", "name")
    yield _unique("TagRun", "run")
    yield _index("TagRun", "code")
    yield _unique("TagHistory", "nid")
    yield _unique("WriterLock", "name")


# Name → the statement that makes it. The names are those of the schema.
STATEMENTS = dict(_derived())

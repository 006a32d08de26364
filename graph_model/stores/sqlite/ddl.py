"""The tables of the SQLite adapter. What the schema declares (a table of properties per node type, its indexes) is derived from it.

`node` holds what every node has. A relationship is one row of `edge`, where those of one kind lie together, and a row of `adjacency` at either
end, which is what a walk reads: the rows of one node along one type lie together, the most recently seen first, so that the 50 newest neighbours of a
hub are 50 rows. `adjacency.again` marks a row whose other end is already counted as a neighbour by that type, or is the node itself.
`hub` keeps the counts of nodes of more relationships than `meta.hub_degree`, so that no one counts them.
"""

# ruff: noqa: S608 - statements are made of fixed fragments and names of the schema

from graph_model.schema import NodeType, Schema
from graph_model.stores.sqlite.values import SQL_TYPES

# As version 1 had them.
_EDGE_1 = """(
  triple INTEGER NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL, qualifier TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, source TEXT NOT NULL, properties TEXT,
  PRIMARY KEY (triple, start, finish, qualifier)
) STRICT, WITHOUT ROWID"""
_ADJACENCY_1 = """(
  nid INTEGER NOT NULL, type INTEGER NOT NULL, last_seen INTEGER NOT NULL, triple INTEGER NOT NULL, other INTEGER NOT NULL,
  outgoing INTEGER NOT NULL, qualifier TEXT NOT NULL, first_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, again INTEGER NOT NULL,
  PRIMARY KEY (nid, type, last_seen DESC, triple, other, outgoing, qualifier)
) STRICT, WITHOUT ROWID"""

GRAPH = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE vocabulary (kind TEXT NOT NULL, name TEXT NOT NULL, code INTEGER NOT NULL, PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE tally (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE node (
  nid INTEGER PRIMARY KEY, label INTEGER NOT NULL, key TEXT NOT NULL, node_id TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, source TEXT NOT NULL,
  properties_at INTEGER, degree INTEGER NOT NULL, score REAL, grade TEXT, ring_id TEXT, scoring INTEGER
) STRICT;
CREATE UNIQUE INDEX node_by_key ON node (label, key);
CREATE UNIQUE INDEX node_by_id ON node (node_id);
CREATE INDEX node_by_label ON node (label);
CREATE INDEX node_by_score ON node (label, score) WHERE score IS NOT NULL;
CREATE INDEX node_by_ring ON node (label, ring_id) WHERE ring_id IS NOT NULL;

CREATE TABLE edge {_EDGE_1};
CREATE TABLE adjacency {_ADJACENCY_1};
CREATE TABLE hub (
  nid INTEGER NOT NULL, type INTEGER NOT NULL, label INTEGER NOT NULL, edges INTEGER NOT NULL, neighbours INTEGER NOT NULL,
  PRIMARY KEY (nid, type, label)
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('hub_degree', '256');
CREATE TABLE fact (
  nid INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL, topic TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, PRIMARY KEY (nid, kind, at, topic, value, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE searchable (doc INTEGER PRIMARY KEY, folded TEXT NOT NULL) STRICT;
CREATE INDEX searchable_by_text ON searchable (folded);
CREATE VIRTUAL TABLE gram USING fts5 (grams, content='', columnsize=0, detail=none, tokenize="ascii tokenchars '#'");

CREATE TABLE scoring (
  run INTEGER PRIMARY KEY, source TEXT NOT NULL, model_version TEXT NOT NULL, policy_version TEXT NOT NULL,
  as_of INTEGER NOT NULL, scored_at INTEGER NOT NULL, UNIQUE (source, model_version, policy_version, as_of, scored_at)
) STRICT;
CREATE TABLE assessment (
  nid INTEGER NOT NULL, run INTEGER NOT NULL, score REAL NOT NULL, grade TEXT NOT NULL, ring_id TEXT, reasons TEXT NOT NULL,
  PRIMARY KEY (nid, run)
) STRICT, WITHOUT ROWID;
CREATE TABLE ring (
  ring_id TEXT NOT NULL, as_of INTEGER NOT NULL, scored_at INTEGER NOT NULL, model_version TEXT NOT NULL,
  size INTEGER NOT NULL, known_fraud INTEGER NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (ring_id, as_of, scored_at, model_version)
) STRICT, WITHOUT ROWID;
CREATE INDEX ring_by_scoring ON ring (as_of, scored_at);

CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, operation TEXT NOT NULL,
  subjects TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
"""

# What version 2 added: why a fact was stated, and links drawn by hand. A row of `drawn` lies at either end of a link, like one of `adjacency`;
# `ended_at` is when it is retracted or expires, or the last of all moments.
CASEWORK = """
ALTER TABLE fact ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE TABLE drawn (
  nid INTEGER NOT NULL, type INTEGER NOT NULL, triple INTEGER NOT NULL, other INTEGER NOT NULL, outgoing INTEGER NOT NULL,
  qualifier TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  source TEXT NOT NULL, properties TEXT, PRIMARY KEY (nid, type, triple, other, outgoing, qualifier)
) STRICT, WITHOUT ROWID;
CREATE TABLE link_edit (
  link_id TEXT NOT NULL, at INTEGER NOT NULL, place INTEGER NOT NULL, action TEXT NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL,
  author TEXT NOT NULL, reason TEXT NOT NULL, evidence TEXT NOT NULL, expires_at INTEGER, PRIMARY KEY (link_id, at, place)
) STRICT, WITHOUT ROWID;
"""

# Version 1 kept links drawn by hand among the others, and counted them with those.
MOVE_DRAWN = """
INSERT INTO drawn
SELECT a.nid, a.type, a.triple, a.other, a.outgoing, a.qualifier, a.first_seen, a.last_seen, a.recorded_at,
coalesce(json_extract(e.properties, '$.expires_at'), 9223372036854775807), e.source, e.properties
FROM adjacency a JOIN edge e ON e.triple = a.triple AND e.start = CASE WHEN a.outgoing THEN a.nid ELSE a.other END
AND e.finish = CASE WHEN a.outgoing THEN a.other ELSE a.nid END AND e.qualifier = a.qualifier
WHERE a.type IN (SELECT code FROM vocabulary WHERE kind = 'type' AND name = 'HUMAN_LINK');
DELETE FROM edge WHERE triple IN (SELECT code FROM vocabulary WHERE kind = 'triple' AND name LIKE '% HUMAN_LINK %');
DELETE FROM adjacency WHERE type IN (SELECT type FROM drawn);
DELETE FROM hub WHERE type IN (SELECT type FROM drawn);
UPDATE node SET degree = degree - (SELECT count(*) FROM drawn WHERE drawn.nid = node.nid) WHERE nid IN (SELECT nid FROM drawn);
DELETE FROM hub WHERE nid IN (
  SELECT node.nid FROM drawn JOIN node ON node.nid = drawn.nid
  WHERE node.degree <= (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'hub_degree')
);
"""

# What version 3 added: which scorings of the whole graph are complete. Before it every scoring was one of the whole graph.
SCORINGS = """
CREATE TABLE whole_scoring (
  as_of INTEGER NOT NULL, scored_at INTEGER NOT NULL, model_version TEXT NOT NULL, policy_version TEXT NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (as_of, scored_at, model_version, policy_version, source)
) STRICT, WITHOUT ROWID;
INSERT INTO whole_scoring SELECT as_of, scored_at, model_version, policy_version, min(source) FROM scoring
GROUP BY as_of, scored_at, model_version, policy_version;
"""

# What version 4 added: tags. A run computed one tag for a base date; `tag_value` is the history, a row where a value changed and NULL where it ended;
# `tagged` is the newest value of each node. Rows lie together by tag: a run merges two ranges in order, and a portrait is one look per tag.
TAGS = """
CREATE TABLE tag_run (
  run INTEGER PRIMARY KEY, tag INTEGER NOT NULL, version INTEGER NOT NULL, base_date TEXT NOT NULL, computed_at INTEGER NOT NULL,
  source TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tag_run_by_tag ON tag_run (tag, base_date, computed_at, version, source);
CREATE TABLE tag_value (
  tag INTEGER NOT NULL, nid INTEGER NOT NULL, run INTEGER NOT NULL, value ANY, PRIMARY KEY (tag, nid, run)
) STRICT, WITHOUT ROWID;
CREATE TABLE tagged (
  tag INTEGER NOT NULL, nid INTEGER NOT NULL, run INTEGER NOT NULL, value ANY NOT NULL, PRIMARY KEY (tag, nid)
) STRICT, WITHOUT ROWID;
"""

# What version 7 changed: who stated a relationship, and its properties (no type that is not drawn by hand declares any today), are told at either end
# too, so that an answer reads `edge` between two hubs alone. A source is a number there, and `source` has its name; the columns are called otherwise than
# before, so that a process of an older version which has the file open fails instead of telling numbers.
EDGE = """(
  triple INTEGER NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL, qualifier TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, source_code INTEGER NOT NULL,
  properties TEXT, PRIMARY KEY (triple, start, finish, qualifier)
) STRICT, WITHOUT ROWID"""
# `filing.py` makes such a table under another name.
ADJACENCY = """(
  nid INTEGER NOT NULL, type INTEGER NOT NULL, last_seen INTEGER NOT NULL, triple INTEGER NOT NULL, other INTEGER NOT NULL,
  outgoing INTEGER NOT NULL, qualifier TEXT NOT NULL, first_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, again INTEGER NOT NULL,
  source_code INTEGER NOT NULL, properties TEXT, PRIMARY KEY (nid, type, last_seen DESC, triple, other, outgoing, qualifier)
) STRICT, WITHOUT ROWID"""
# Both tables are read in the order of the new ones, so that nothing is sorted, and OR ROLLBACK keeps SQLite from holding pages to take one statement back.
SOURCES = f"""
CREATE TABLE source (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO source (name) SELECT DISTINCT source FROM edge;
ALTER TABLE edge RENAME TO older;
CREATE TABLE edge {EDGE};
INSERT OR ROLLBACK INTO edge SELECT e.triple, e.start, e.finish, e.qualifier, e.first_seen, e.last_seen, e.recorded_at,
(SELECT s.code FROM source s WHERE s.name = e.source), e.properties FROM older e ORDER BY e.triple, e.start, e.finish, e.qualifier;
DROP TABLE older;
"""
SOURCES_AT_ENDS = f"""
ALTER TABLE adjacency RENAME TO older;
CREATE TABLE adjacency {ADJACENCY};
INSERT OR ROLLBACK INTO adjacency SELECT a.nid, a.type, a.last_seen, a.triple, a.other, a.outgoing, a.qualifier, a.first_seen, a.recorded_at, a.again,
e.source_code, e.properties FROM older a CROSS JOIN edge e ON e.triple = a.triple AND e.start = CASE WHEN a.outgoing THEN a.nid ELSE a.other END
AND e.finish = CASE WHEN a.outgoing THEN a.other ELSE a.nid END AND e.qualifier = a.qualifier
ORDER BY a.nid, a.type, a.last_seen DESC, a.triple, a.other, a.outgoing, a.qualifier;
DROP TABLE older;
"""


def property_table(label: str) -> str:
    """The quoted name of the table that holds the properties of one node type."""
    return f'"node_{label}"'


def property_columns(node_type: NodeType) -> dict[str, str]:
    """Declared name → column definition, without the key, which is in `node`."""
    return {p.name: f'"{p.name}" {SQL_TYPES[p.type.storage]}' for p in node_type.properties}


def derived(schema: Schema) -> list[str]:
    """The statements that make an empty file hold what `schema` declares."""
    statements = []
    for node_type in schema.nodes:
        columns = property_columns(node_type)
        if len(columns) == 0:
            continue
        table = property_table(node_type.label)
        listed = ", ".join(("nid INTEGER PRIMARY KEY", *columns.values()))
        statements.append(f"CREATE TABLE {table} ({listed}) STRICT")
        statements.extend(index(node_type.label, p.name) for p in node_type.properties if p.indexed)
    return statements


def index_name(label: str, name: str) -> str:
    return f"{label}_by_{name}"


def index(label: str, name: str) -> str:
    return f'CREATE INDEX "{index_name(label, name)}" ON {property_table(label)} ("{name}")'


def plan_statistics(schema: Schema) -> list[tuple[str, str, str]]:
    """Rows of `sqlite_stat1`: how selective each index is in a portfolio of a million customers. They are written by hand, so that
    the plan of a query depends neither on when someone ran ANALYZE nor on what was in the file then."""
    return [
        ("node", "node_by_key", "5000000 1000000 1"),
        ("node", "node_by_id", "5000000 1"),
        ("node", "node_by_label", "5000000 1000000"),
        ("node", "node_by_score", "5000000 1000000 5"),
        ("node", "node_by_ring", "100000 50000 20"),
        *(
            (f"node_{n.label}", index_name(n.label, p.name), "1000000 1000")
            for n in schema.nodes
            for p in n.properties
            if p.indexed
        ),
    ]

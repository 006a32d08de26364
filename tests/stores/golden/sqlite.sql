CREATE INDEX "Application_by_applied_at" ON "node_Application" ("applied_at");
CREATE INDEX "Application_by_channel" ON "node_Application" ("channel");
CREATE INDEX "Application_by_product" ON "node_Application" ("product");
CREATE TABLE adjacency (
  nid INTEGER NOT NULL, type INTEGER NOT NULL, last_seen INTEGER NOT NULL, triple INTEGER NOT NULL, other INTEGER NOT NULL,
  outgoing INTEGER NOT NULL, qualifier TEXT NOT NULL, first_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, again INTEGER NOT NULL,
  source_code INTEGER NOT NULL, properties TEXT, PRIMARY KEY (nid, type, last_seen DESC, triple, other, outgoing, qualifier)
) STRICT, WITHOUT ROWID;
CREATE TABLE assessment (
  nid INTEGER NOT NULL, run INTEGER NOT NULL, score REAL NOT NULL, grade TEXT NOT NULL, ring_id TEXT, reasons TEXT NOT NULL,
  PRIMARY KEY (nid, run)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, operation TEXT NOT NULL,
  subjects TEXT NOT NULL, result TEXT NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE change (version INTEGER PRIMARY KEY, nids TEXT) STRICT;
CREATE TABLE drawn (
  nid INTEGER NOT NULL, type INTEGER NOT NULL, triple INTEGER NOT NULL, other INTEGER NOT NULL, outgoing INTEGER NOT NULL,
  qualifier TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  source TEXT NOT NULL, properties TEXT, PRIMARY KEY (nid, type, triple, other, outgoing, qualifier)
) STRICT, WITHOUT ROWID;
CREATE TABLE edge (
  triple INTEGER NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL, qualifier TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, source_code INTEGER NOT NULL,
  properties TEXT, PRIMARY KEY (triple, start, finish, qualifier)
) STRICT, WITHOUT ROWID;
CREATE TABLE fact (
  nid INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL, topic TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, note TEXT NOT NULL DEFAULT '', PRIMARY KEY (nid, kind, at, topic, value, source)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE gram USING fts5 (grams, content='', columnsize=0, detail=none, tokenize="ascii tokenchars '#'");
CREATE TABLE 'gram_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE 'gram_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'gram_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE hub (
  nid INTEGER NOT NULL, type INTEGER NOT NULL, label INTEGER NOT NULL, edges INTEGER NOT NULL, neighbours INTEGER NOT NULL,
  PRIMARY KEY (nid, type, label)
) STRICT, WITHOUT ROWID;
CREATE TABLE link_edit (
  link_id TEXT NOT NULL, at INTEGER NOT NULL, place INTEGER NOT NULL, action TEXT NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL,
  author TEXT NOT NULL, reason TEXT NOT NULL, evidence TEXT NOT NULL, expires_at INTEGER, PRIMARY KEY (link_id, at, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE node (
  nid INTEGER PRIMARY KEY, label INTEGER NOT NULL, key TEXT NOT NULL, node_id TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, recorded_at INTEGER NOT NULL, source TEXT NOT NULL,
  properties_at INTEGER, degree INTEGER NOT NULL, score REAL, grade TEXT, ring_id TEXT, scoring INTEGER
) STRICT;
CREATE TABLE "node_Address" (nid INTEGER PRIMARY KEY, "text" TEXT) STRICT;
CREATE TABLE "node_Application" (nid INTEGER PRIMARY KEY, "product" TEXT, "channel" TEXT, "amount" REAL, "term_months" INTEGER, "applied_at" INTEGER, "outcome" TEXT) STRICT;
CREATE TABLE "node_Customer" (nid INTEGER PRIMARY KEY, "name" TEXT, "sex" TEXT, "birth_date" TEXT, "id_expiry_date" TEXT, "education" TEXT, "marital_status" TEXT, "mobile_carrier" TEXT) STRICT;
CREATE TABLE "node_Employer" (nid INTEGER PRIMARY KEY, "name" TEXT) STRICT;
CREATE TABLE "node_Phone" (nid INTEGER PRIMARY KEY, "invalid" INTEGER) STRICT;
CREATE UNIQUE INDEX node_by_id ON node (node_id);
CREATE UNIQUE INDEX node_by_key ON node (label, key);
CREATE INDEX node_by_label ON node (label);
CREATE INDEX node_by_ring ON node (label, ring_id) WHERE ring_id IS NOT NULL;
CREATE INDEX node_by_score ON node (label, score) WHERE score IS NOT NULL;
CREATE TABLE ring (
  ring_id TEXT NOT NULL, as_of INTEGER NOT NULL, scored_at INTEGER NOT NULL, model_version TEXT NOT NULL,
  size INTEGER NOT NULL, known_fraud INTEGER NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (ring_id, as_of, scored_at, model_version)
) STRICT, WITHOUT ROWID;
CREATE INDEX ring_by_scoring ON ring (as_of, scored_at);
CREATE TABLE scoring (
  run INTEGER PRIMARY KEY, source TEXT NOT NULL, model_version TEXT NOT NULL, policy_version TEXT NOT NULL,
  as_of INTEGER NOT NULL, scored_at INTEGER NOT NULL, UNIQUE (source, model_version, policy_version, as_of, scored_at)
) STRICT;
CREATE TABLE searchable (doc INTEGER PRIMARY KEY, folded TEXT NOT NULL) STRICT;
CREATE INDEX searchable_by_text ON searchable (folded);
CREATE TABLE source (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
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
CREATE TABLE tally (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE vocabulary (kind TEXT NOT NULL, name TEXT NOT NULL, code INTEGER NOT NULL, PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE whole_scoring (
  as_of INTEGER NOT NULL, scored_at INTEGER NOT NULL, model_version TEXT NOT NULL, policy_version TEXT NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (as_of, scored_at, model_version, policy_version, source)
) STRICT, WITHOUT ROWID;

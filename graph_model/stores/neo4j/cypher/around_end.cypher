// The nodes of the last hop as in around_step, and of those of $among with at most $few relationships how many neighbours each type leads to and
// the relationships with both ends in $among. One that joins two of them comes with its start.
RETURN COLLECT {
  UNWIND $rows AS row
  MATCH (m:Entity {nid: row[0]})
  WHERE m.first_seen <= $event AND m.recorded_at <= $recorded
  WITH m, row[1] AS seen
  ORDER BY seen DESC, [label IN labels(m) WHERE label <> 'Entity'][0], m.key
  RETURN [labels(m), properties(m), COUNT { (m)--() }, COUNT { (m)-[k:%HUMAN]-() WHERE k.ends_at <= $alive }]
} AS last, COLLECT {
  UNWIND $among AS nid
  MATCH (n:Entity {nid: nid})
  WHERE COUNT { (n)--() } - COUNT { (n)-[h:%HUMAN]-() WHERE h.ends_at <= $alive } <= $few
  MATCH (n)-[r]-(m:Entity)
  WHERE r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive) AND ($types IS NULL OR type(r) IN $types)
  WITH nid, type(r) AS type, count(DISTINCT CASE WHEN m <> n THEN m END) AS total, collect(DISTINCT CASE
    WHEN m.nid IN $among AND (startNode(r) = n
      OR COUNT { (m)--() } - COUNT { (m)-[k:%HUMAN]-() WHERE k.ends_at <= $alive } > $few) THEN r
    END) AS links
  RETURN [nid, type, total, [link IN links | properties(link)]]
} AS beside

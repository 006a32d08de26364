// The first $most of these by moment falling, then label and key, each with whom it is linked with where it has at most $cap relationships.
UNWIND $rows AS row
MATCH (m:Entity {nid: row[0]})
WHERE m.first_seen <= $event AND m.recorded_at <= $recorded
WITH m, row[1] AS seen
ORDER BY seen DESC, [label IN labels(m) WHERE label <> 'Entity'][0], m.key
LIMIT $most
WITH m, COUNT { (m)--() } AS all, COUNT { (m)-[k:%HUMAN]-() WHERE k.ends_at <= $alive } AS over
RETURN collect([labels(m), properties(m), all, over, COLLECT {
  MATCH (m)-[s]-(o:Entity)
  WHERE all - over <= $cap
    AND s.first_seen <= $event AND s.recorded_at <= $recorded AND (NOT s:%HUMAN OR coalesce(s.ends_at, $alive + 1) > $alive) AND ($types IS NULL OR type(s) IN $types)
  RETURN [o.nid, CASE WHEN s.last_seen <= $event THEN s.last_seen ELSE s.first_seen END]
}])

// A node with its neighbours where it has at most $most relationships, and each of these with whom it is linked with where it has at most $cap.
MATCH (n:Entity {node_id: $node_id})
WHERE n.first_seen <= $event AND n.recorded_at <= $recorded
WITH n, COUNT { (n)--() } AS relationships, COUNT { (n)-[h:%HUMAN]-() WHERE h.ends_at <= $alive } AS ended
RETURN labels(n), properties(n), relationships, ended, COLLECT {
  MATCH (n)-[r]-(m:Entity)
  WHERE relationships - ended <= $most
    AND m <> n AND r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive) AND ($types IS NULL OR type(r) IN $types)
  WITH m, max(CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END) AS seen
  ORDER BY seen DESC, [label IN labels(m) WHERE label <> 'Entity'][0], m.key
  WITH m, COUNT { (m)--() } AS all, COUNT { (m)-[k:%HUMAN]-() WHERE k.ends_at <= $alive } AS over
  RETURN [labels(m), properties(m), all, over, COLLECT {
    MATCH (m)-[s]-(o:Entity)
    WHERE all - over <= $cap
      AND s.first_seen <= $event AND s.recorded_at <= $recorded AND (NOT s:%HUMAN OR coalesce(s.ends_at, $alive + 1) > $alive) AND ($types IS NULL OR type(s) IN $types)
    RETURN [o.nid, CASE WHEN s.last_seen <= $event THEN s.last_seen ELSE s.first_seen END]
  }]
}

// A node with its neighbours where it has at most $most relationships, and each of these with whom it is linked with where it has at most $cap.
MATCH (n:Entity {node_id: $node_id})
WHERE n.first_seen <= $event AND n.recorded_at <= $recorded  //: then
WITH n, COUNT { (n)--() } AS relationships
RETURN labels(n), properties(n), relationships, COUNT { (n)-->() }, COLLECT {
  MATCH (n)-[r]-(m)
  WHERE relationships <= $most AND m <> n AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
    AND r.first_seen <= $event AND r.recorded_at <= $recorded  //: then
    AND type(r) IN $types  //: types
  WITH m, max(r.last_seen) AS seen  //: now
  WITH m, max(CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END) AS seen  //: then
  ORDER BY seen DESC, [label IN labels(m) WHERE label <> 'Entity'][0], m.key
  WITH m, COUNT { (m)--() } AS all
  RETURN [labels(m), properties(m), all, COUNT { (m)-->() }, COLLECT {
    MATCH (m)-[s]-(o)
    WHERE all <= $cap AND (NOT s:%HUMAN OR coalesce(s.ends_at, $alive + 1) > $alive)
      AND s.first_seen <= $event AND s.recorded_at <= $recorded  //: then
      AND type(s) IN $types  //: types
    RETURN [o.nid, s.last_seen]  //: now
    RETURN [o.nid, CASE WHEN s.last_seen <= $event THEN s.last_seen ELSE s.first_seen END]  //: then
  }]
}

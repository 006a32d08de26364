// The first $most of these by moment falling, then label and key, each with whom it is linked with where it has at most $cap relationships.
UNWIND $rows AS row
MATCH (m:Entity {nid: row[0]})
WHERE m.first_seen <= $event AND m.recorded_at <= $recorded  //: then
WITH m, row[1] AS seen
ORDER BY seen DESC, [label IN labels(m) WHERE label <> 'Entity'][0], m.key
LIMIT $most
WITH m, COUNT { (m)--() } AS all
RETURN collect([labels(m), properties(m), all, COUNT { (m)-->() }, COLLECT {
  MATCH (m)-[s]-(o)
  WHERE all <= $cap AND (NOT s:%HUMAN OR coalesce(s.ends_at, $alive + 1) > $alive)
    AND s.first_seen <= $event AND s.recorded_at <= $recorded  //: then
    AND type(s) IN $types  //: types
  RETURN [o.nid, s.last_seen]  //: now
  RETURN [o.nid, CASE WHEN s.last_seen <= $event THEN s.last_seen ELSE s.first_seen END]  //: then
}])

// The same, at most $cap per node and type: the most recently seen, those of one moment by label and key.
UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})-[r]-(m)
WHERE m <> n AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
  AND r.first_seen <= $event AND r.recorded_at <= $recorded  //: then
  AND type(r) IN $types  //: types
WITH n, type(r) AS type, m, max(r.last_seen) AS seen  //: now
WITH n, type(r) AS type, m, max(CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END) AS seen  //: then
ORDER BY seen DESC, [label IN labels(m) WHERE label <> 'Entity'][0], m.key
WITH n, type, collect([m, seen])[..$cap] AS kept
UNWIND kept AS neighbour
WITH neighbour[0] AS m, max(neighbour[1]) AS seen
RETURN collect([m.nid, seen])

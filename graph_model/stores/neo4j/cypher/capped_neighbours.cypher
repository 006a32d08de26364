// The same, at most $cap per node and type: the most recently seen, those of one moment by label and key.
UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})-[r]-(m:Entity)
WHERE m <> n AND r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive) AND ($types IS NULL OR type(r) IN $types)
WITH n, type(r) AS type, m, max(CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END) AS seen
ORDER BY seen DESC, [label IN labels(m) WHERE label <> 'Entity'][0], m.key
WITH n, type, collect([m.nid, seen])[..$cap] AS kept
UNWIND kept AS neighbour
RETURN neighbour[0], max(neighbour[1])

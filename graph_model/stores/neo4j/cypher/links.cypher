UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})-[r]-(m:Entity)
WHERE m.nid IN $among
  AND r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive) AND ($types IS NULL OR type(r) IN $types)
WITH DISTINCT r
RETURN type(r), properties(r)

// Every neighbour, with the moment it was last seen beside one of these nodes.
UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})-[r]-(m:Entity)
WHERE r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive) AND ($types IS NULL OR type(r) IN $types)
RETURN m.nid, max(CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END)

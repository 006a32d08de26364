MATCH (n:Entity {nid: $nid})-[r]-()
WHERE r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
WITH DISTINCT r
LIMIT $most
RETURN count(r)

MATCH (n:Entity {nid: $nid})-[r]-()
WHERE r.first_seen <= $event AND r.recorded_at <= $recorded
WITH DISTINCT r
LIMIT $most
RETURN count(r)

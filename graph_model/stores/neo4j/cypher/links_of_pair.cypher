UNWIND $rows AS pair
MATCH (a:Entity {nid: pair[0]})
MATCH (b:Entity {nid: pair[1]})
MATCH (a)-[r:%TYPE]->(b)
WHERE r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
RETURN type(r), properties(r)

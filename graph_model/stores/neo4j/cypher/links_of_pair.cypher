UNWIND $rows AS pair
MATCH (a:Entity {nid: pair[0]})
MATCH (b:Entity {nid: pair[1]})
MATCH (a)-[r:%TYPE]->(b)
WHERE r.first_seen <= $event AND r.recorded_at <= $recorded
RETURN type(r), properties(r)

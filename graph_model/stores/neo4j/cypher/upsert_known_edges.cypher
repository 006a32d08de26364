UNWIND $rows AS row
MATCH (a:Entity {nid: row[0]})
MATCH (b:Entity {nid: row[1]})
MATCH (a)-[r:%TYPE]->(b)
WHERE r.qualifier = row[2]
RETURN row[0], row[1], row[2], r.first_seen, r.last_seen, r.recorded_at

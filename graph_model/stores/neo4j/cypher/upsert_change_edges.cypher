UNWIND $rows AS row
MATCH (a:Entity {nid: row[0]})
MATCH (b:Entity {nid: row[1]})
MATCH (a)-[r:%TYPE]->(b)
WHERE r.qualifier = row[2]
SET r.first_seen = row[3], r.last_seen = row[4], r.recorded_at = row[5]

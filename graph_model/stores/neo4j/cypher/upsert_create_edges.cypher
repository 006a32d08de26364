UNWIND $rows AS row
MATCH (a:Entity {nid: row.from})
MATCH (b:Entity {nid: row.to})
CREATE (a)-[r:%TYPE]->(b)
SET r = row

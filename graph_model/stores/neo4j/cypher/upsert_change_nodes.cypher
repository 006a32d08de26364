UNWIND $rows AS row
MATCH (n:Entity {nid: row.nid})
SET n += row

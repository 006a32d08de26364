// [nid, name of the property, value, name of its runs, run, name of its values, value as text]
UNWIND $rows AS row
MATCH (n:Entity {nid: row[0]})
SET n[row[1]] = row[2]
MERGE (h:TagHistory {nid: row[0]})
SET h[row[3]] = coalesce(h[row[3]], []) + row[4], h[row[5]] = coalesce(h[row[5]], []) + row[6]

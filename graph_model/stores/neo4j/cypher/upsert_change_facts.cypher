UNWIND $rows AS row
MATCH (f:Fact {nid: row[0]})
WHERE f.kind = row[1] AND f.at = row[2] AND f.topic = row[3] AND f.value = row[4] AND f.source = row[5]
SET f.recorded_at = row[6]

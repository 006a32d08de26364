UNWIND $rows AS row
MERGE (r:Ring {ring_id: row[0], as_of: row[1], scored_at: row[2], model_version: row[3]})
ON CREATE SET r.size = row[4], r.known_fraud = row[5], r.facts = row[6]

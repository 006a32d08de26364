UNWIND $rows AS key
MATCH (n:%LABEL {key: key})
RETURN key, n.nid, n.first_seen, n.last_seen, n.recorded_at, n.properties_at, properties(n)

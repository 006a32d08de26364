UNWIND $rows AS node_id
MATCH (n:Entity {node_id: node_id})
WHERE n.first_seen <= $event AND n.recorded_at <= $recorded
RETURN labels(n), properties(n), COUNT { (n)--() }, COUNT { (n)-[h:%HUMAN]-() WHERE h.ends_at <= $alive }

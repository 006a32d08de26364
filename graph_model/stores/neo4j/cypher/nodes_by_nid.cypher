UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})
WHERE n.first_seen <= $event AND n.recorded_at <= $recorded
RETURN labels(n), properties(n), COUNT { (n)--() }, COUNT { (n)-[h:%HUMAN]-() WHERE h.ends_at <= $alive }

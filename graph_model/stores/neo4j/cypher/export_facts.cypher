MATCH (f:Fact)
WHERE f.nid > $after AND f.nid <= $upto
MATCH (n:Entity {nid: f.nid})
RETURN labels(n), n.key, f.kind, f.value, f.at, f.recorded_at, f.source, f.topic, f.note

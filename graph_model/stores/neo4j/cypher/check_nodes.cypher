MATCH (n:Entity)
WHERE n.nid IS NULL OR n.node_id IS NULL OR n.key IS NULL OR n.first_seen IS NULL OR n.recorded_at IS NULL OR size(labels(n)) <> 2
RETURN count(n)

MATCH (n:Entity {node_id: $node_id})
MATCH (f:Fact {nid: n.nid})
WHERE f.at <= $event AND f.recorded_at <= $recorded
RETURN [label IN labels(n) WHERE label <> 'Entity'][0], n.key, f.kind, f.value, f.at, f.recorded_at, f.source, f.topic

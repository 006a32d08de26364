UNWIND $rows AS node_id
MATCH (n:Entity {node_id: node_id})
MATCH (f:Fact {nid: n.nid})
WHERE f.at <= $event AND f.recorded_at <= $recorded AND ($kind IS NULL OR f.kind = $kind)
RETURN n.node_id, [label IN labels(n) WHERE label <> 'Entity'][0], n.key, f.kind, f.value, f.at, f.recorded_at, f.source, f.topic, f.note

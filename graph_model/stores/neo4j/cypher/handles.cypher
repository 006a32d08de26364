UNWIND $rows AS node_id
MATCH (n:Entity {node_id: node_id})
RETURN n.node_id, n.nid

UNWIND $rows AS node_id
MATCH (n:Entity {node_id: node_id})
MATCH (h:TagHistory {nid: n.nid})
RETURN n.node_id, properties(h)

UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})
RETURN n.nid, n.node_id

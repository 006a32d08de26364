MATCH (h:TagHistory)
WHERE h.nid > $after AND h.nid <= $upto
MATCH (n:Entity {nid: h.nid})
RETURN n.node_id, properties(h)

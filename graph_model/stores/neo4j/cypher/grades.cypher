UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})
WHERE n.grade IS NOT NULL
RETURN n.nid, n.score, n.grade, n.ring_id

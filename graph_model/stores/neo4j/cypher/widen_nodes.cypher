// Whoever sees a link sees its ends.
UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})
SET n.first_seen = CASE WHEN n.first_seen > $moment THEN $moment ELSE n.first_seen END,
  n.recorded_at = CASE WHEN n.recorded_at > $moment THEN $moment ELSE n.recorded_at END

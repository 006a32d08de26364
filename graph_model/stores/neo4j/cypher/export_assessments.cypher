MATCH (a:Assessment)
WHERE a.nid > $after AND a.nid <= $upto AND a.run <= $run
MATCH (n:Entity {nid: a.nid})
MATCH (s:Scoring {run: a.run})
RETURN n.node_id, a.score, a.grade, a.ring_id, a.reasons, s.source, s.model_version, s.policy_version, s.as_of, s.scored_at

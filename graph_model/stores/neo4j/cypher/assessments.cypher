MATCH (n:Entity {node_id: $node_id})
MATCH (a:Assessment {nid: n.nid})
WHERE a.as_of <= $event AND a.scored_at <= $recorded
MATCH (s:Scoring {run: a.run})
RETURN a.score, a.grade, a.ring_id, a.reasons, s.source, s.model_version, s.policy_version, s.as_of, s.scored_at
ORDER BY s.as_of DESC, s.scored_at DESC, s.run DESC
LIMIT $limit

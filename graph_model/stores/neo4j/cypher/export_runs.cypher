MATCH (s:Scoring)
WHERE s.run > $after AND s.run <= $run
RETURN s.run, s.source, s.model_version, s.policy_version, s.as_of, s.scored_at
ORDER BY s.run
LIMIT $limit

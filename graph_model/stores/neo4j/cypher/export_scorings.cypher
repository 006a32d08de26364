MATCH (w:WholeScoring)
RETURN w.source, w.model_version, w.policy_version, w.as_of, w.scored_at
ORDER BY w.as_of, w.scored_at, w.model_version, w.policy_version, w.source
SKIP $skip
LIMIT $limit

MATCH (w:WholeScoring)
WHERE w.as_of <= $event AND w.scored_at <= $recorded
RETURN w.source, w.model_version, w.policy_version, w.as_of, w.scored_at
ORDER BY w.as_of DESC, w.scored_at DESC, w.model_version DESC, w.policy_version DESC, w.source DESC
LIMIT 1

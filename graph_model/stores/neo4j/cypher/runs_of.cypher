MATCH (s:Scoring)
WHERE s.model_version = $model_version AND s.policy_version = $policy_version AND s.as_of = $as_of AND s.scored_at = $scored_at
RETURN s.run

MATCH (w:WholeScoring {source: $source, model_version: $model_version, policy_version: $policy_version, as_of: $as_of, scored_at: $scored_at})
RETURN count(w)

MATCH (m:Meta {name: 'guanxi'})
SET m.run = $run
CREATE (s:Scoring)
SET s = {run: $run, source: $source, model_version: $model_version, policy_version: $policy_version, as_of: $as_of, scored_at: $scored_at}

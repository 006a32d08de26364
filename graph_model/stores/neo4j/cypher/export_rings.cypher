// Few, and appended to by a long job only, which a copy excludes.
MATCH (r:Ring)
RETURN r.ring_id, r.size, r.known_fraud, r.as_of, r.scored_at, r.model_version, r.facts
ORDER BY r.ring_id, r.as_of, r.scored_at, r.model_version
SKIP $skip
LIMIT $limit

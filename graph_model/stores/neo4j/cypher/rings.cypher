MATCH (r:Ring)
WHERE r.as_of = $as_of AND r.scored_at = $scored_at
RETURN r.ring_id, r.size, r.known_fraud, r.as_of, r.scored_at, r.model_version, r.facts
ORDER BY r.known_fraud DESC, r.size DESC, r.ring_id, r.model_version
SKIP $offset
LIMIT $limit

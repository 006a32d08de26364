MATCH (r:Ring)
WHERE r.ring_id = $ring_id AND r.as_of <= $event AND r.scored_at <= $recorded
  AND ($hidden_as_of IS NULL OR r.as_of <> $hidden_as_of OR r.scored_at <> $hidden_scored_at)
RETURN r.ring_id, r.size, r.known_fraud, r.as_of, r.scored_at, r.model_version, r.facts
ORDER BY r.as_of DESC, r.scored_at DESC, r.model_version DESC
LIMIT 1

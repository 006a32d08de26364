MATCH (r:Ring)
WHERE r.as_of <= $event AND r.scored_at <= $recorded
  AND ($hidden_as_of IS NULL OR r.as_of <> $hidden_as_of OR r.scored_at <> $hidden_scored_at)
RETURN r.as_of, r.scored_at
ORDER BY r.as_of DESC, r.scored_at DESC
LIMIT 1

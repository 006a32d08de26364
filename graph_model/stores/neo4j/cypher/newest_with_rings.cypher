MATCH (r:Ring)
WHERE r.as_of <= $event AND r.scored_at <= $recorded
RETURN r.as_of, r.scored_at
ORDER BY r.as_of DESC, r.scored_at DESC
LIMIT 1

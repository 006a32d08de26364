MATCH (r:Ring)
WHERE r.as_of = $as_of AND r.scored_at = $scored_at
DELETE r

// Few. Each page goes on after the last ring of the one before, whatever was appended or taken back between the two.
MATCH (r:Ring)
WHERE $after IS NULL OR r.ring_id > $after[0] OR (r.ring_id = $after[0] AND (r.as_of > $after[1] OR (r.as_of = $after[1]
  AND (r.scored_at > $after[2] OR (r.scored_at = $after[2] AND r.model_version > $after[3])))))
RETURN r.ring_id, r.size, r.known_fraud, r.as_of, r.scored_at, r.model_version, r.facts
ORDER BY r.ring_id, r.as_of, r.scored_at, r.model_version
LIMIT $limit

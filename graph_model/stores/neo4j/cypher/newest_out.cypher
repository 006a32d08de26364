// As newest_in, in the other direction.
MATCH ()-[r:%TYPE]->(m:Entity)
WHERE r.from = $nid AND r.last_seen > -9223372036854775808
  AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
RETURN m.nid, r.last_seen
ORDER BY r.from DESC, r.last_seen DESC
LIMIT $most

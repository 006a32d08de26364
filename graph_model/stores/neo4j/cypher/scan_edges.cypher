// The relationships that begin at one page of nodes.
MATCH (n:%START)
WHERE n.key > $after
WITH n
ORDER BY n.key
LIMIT $page
WITH collect(n) AS page, max(n.key) AS last
UNWIND page AS n
OPTIONAL MATCH (n)-[r:%TYPE]->(m:Entity)
WHERE $end IN labels(m) AND r.first_seen <= $event AND r.recorded_at <= $recorded AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
RETURN last, collect(CASE WHEN r IS NOT NULL THEN [r.from, r.to, r.first_seen,
  CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END, r.recorded_at, r.qualifier] END)

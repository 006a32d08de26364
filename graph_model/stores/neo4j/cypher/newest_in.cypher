// The end of an index: $most rows are read of a hub of any size. The first ORDER BY term and the bound on last_seen let the planner see that.
MATCH (m:Entity)-[r:%TYPE]->()
WHERE r.to = $nid AND r.last_seen > -9223372036854775808
  AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
RETURN m.nid, r.last_seen
ORDER BY r.to DESC, r.last_seen DESC
LIMIT $most

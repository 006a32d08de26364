// The newest of a node of many: the end of an index, as newest_out.
MATCH (a:Entity)-[r:%TYPE]->(b:Entity)
WHERE r.from = $nid AND r.last_seen > -9223372036854775808 AND r.first_seen <= $event AND r.recorded_at <= $recorded
RETURN [label IN labels(a) WHERE label <> 'Entity'][0], type(r), [label IN labels(b) WHERE label <> 'Entity'][0],
  r.from, r.to, r.qualifier, r.first_seen, CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END AS seen,
  r.recorded_at, r.last_seen
ORDER BY r.from DESC, r.last_seen DESC
LIMIT $most

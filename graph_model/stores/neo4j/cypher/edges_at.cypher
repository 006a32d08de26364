// Every relationship of these nodes but those drawn by hand.
UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})-[r]-(:Entity)
WHERE NOT r:%HUMAN AND r.first_seen <= $event AND r.recorded_at <= $recorded AND ($types IS NULL OR type(r) IN $types)
WITH DISTINCT r
RETURN [label IN labels(startNode(r)) WHERE label <> 'Entity'][0], type(r), [label IN labels(endNode(r)) WHERE label <> 'Entity'][0],
  r.from, r.to, r.qualifier, r.first_seen, CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END AS seen,
  r.recorded_at, r.last_seen

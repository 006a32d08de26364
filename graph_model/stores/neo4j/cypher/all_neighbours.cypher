// Every neighbour, with the moment it was last seen beside one of these nodes.
UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})-[r]-(m)
WHERE (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
  AND r.first_seen <= $event AND r.recorded_at <= $recorded  //: then
  AND type(r) IN $types  //: types
WITH m, max(r.last_seen) AS seen  //: now
WITH m, max(CASE WHEN r.last_seen <= $event THEN r.last_seen ELSE r.first_seen END) AS seen  //: then
RETURN collect([m.nid, seen])

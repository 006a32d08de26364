UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})-[r]-(m)
WHERE m <> n AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
  AND r.first_seen <= $event AND r.recorded_at <= $recorded  //: then
  AND type(r) IN $types  //: types
RETURN n.nid, type(r), count(DISTINCT m)

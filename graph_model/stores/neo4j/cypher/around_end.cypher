// The nodes of the last hop. Of those of $among with at most $few relationships that begin at them, the ones that end in $among.
// Of those with at most $few in all how many neighbours each type leads to.
RETURN COLLECT {
  UNWIND $rows AS nid
  MATCH (m:Entity {nid: nid})
  WHERE m.first_seen <= $event AND m.recorded_at <= $recorded  //: then
  RETURN [labels(m), properties(m), COUNT { (m)--() }, COUNT { (m)-->() }]
} AS last, COLLECT {
  UNWIND $among AS nid
  MATCH (n:Entity {nid: nid})
  WHERE COUNT { (n)-->() } <= $few
  MATCH (n)-[r]->()
  WHERE r.to IN $among AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
    AND r.first_seen <= $event AND r.recorded_at <= $recorded  //: then
    AND type(r) IN $types  //: types
  RETURN [type(r), properties(r)]
} AS links, COLLECT {
  UNWIND $among AS nid
  MATCH (n:Entity {nid: nid})
  WHERE COUNT { (n)--() } <= $few
  MATCH (n)-[r]-(m)
  WHERE m <> n AND (NOT r:%HUMAN OR coalesce(r.ends_at, $alive + 1) > $alive)
    AND r.first_seen <= $event AND r.recorded_at <= $recorded  //: then
    AND type(r) IN $types  //: types
  WITH nid, type(r) AS type, count(DISTINCT m) AS total
  RETURN [nid, type, total]
} AS totals

// After the others were forgotten: the newest that is left, or nothing.
MATCH (n:Entity)
WHERE n.nid > $after AND n.nid <= $last AND n.scoring IN $runs
CALL (n) {
  OPTIONAL MATCH (a:Assessment {nid: n.nid})
  RETURN a
  ORDER BY a.as_of DESC, a.scored_at DESC, a.run DESC
  LIMIT 1
}
SET n.score = a.score, n.grade = a.grade, n.ring_id = a.ring_id, n.scoring = a.run,
  n.scoring_as_of = a.as_of, n.scoring_scored_at = a.scored_at

// What each node wore as of a moment: the last of its rows, and no other of its history.
UNWIND $rows AS nid
CALL (nid) {
  MATCH (a:Assessment {nid: nid})
  WHERE a.as_of <= $event AND a.scored_at <= $recorded
  RETURN a ORDER BY a.as_of DESC, a.scored_at DESC, a.run DESC LIMIT 1
}
RETURN a.nid, a.score, a.grade, a.ring_id

// What each node wore as of a moment: the last of its rows.
UNWIND $rows AS nid
MATCH (a:Assessment {nid: nid})
WHERE a.as_of <= $event AND a.scored_at <= $recorded
RETURN a.nid, a.score, a.grade, a.ring_id
ORDER BY a.as_of, a.scored_at, a.run

// Of two scorings of one as_of the one that was made later stands, of two made at once the one appended later.
UNWIND $rows AS row
MATCH (n:Entity {nid: row[0]})
WHERE n.scoring IS NULL OR n.scoring_as_of < $as_of
  OR (n.scoring_as_of = $as_of AND n.scoring_scored_at < $scored_at)
  OR (n.scoring_as_of = $as_of AND n.scoring_scored_at = $scored_at AND n.scoring <= $run)
SET n.score = row[1], n.grade = row[2], n.ring_id = row[3], n.scoring = $run,
  n.scoring_as_of = $as_of, n.scoring_scored_at = $scored_at

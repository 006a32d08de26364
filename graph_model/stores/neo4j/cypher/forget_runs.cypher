MATCH (s:Scoring)
WHERE s.run IN $runs
DELETE s

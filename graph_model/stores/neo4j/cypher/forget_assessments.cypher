UNWIND $runs AS run
MATCH (a:Assessment)
WHERE a.nid > $after AND a.nid <= $last AND a.run = run
DELETE a

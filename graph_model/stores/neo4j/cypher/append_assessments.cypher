UNWIND $rows AS row
CREATE (a:Assessment)
SET a = {nid: row[0], run: $run, score: row[1], grade: row[2], ring_id: row[3], reasons: row[4], as_of: $as_of, scored_at: $scored_at}

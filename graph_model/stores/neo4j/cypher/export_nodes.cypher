MATCH (n:Entity)
WHERE n.nid > $after AND n.nid <= $upto
RETURN labels(n), properties(n), 0 AS relationships, 0 AS ended

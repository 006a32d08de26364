// Without the links drawn by hand, which come and go.
MATCH (n:Entity {nid: $nid})-[r]-(m:Entity)
WHERE NOT r:%HUMAN
RETURN type(r), [label IN labels(m) WHERE label <> 'Entity'][0], count(r), count(DISTINCT CASE WHEN m <> n THEN m END)

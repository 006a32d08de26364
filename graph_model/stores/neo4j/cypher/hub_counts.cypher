MATCH (n:Entity {nid: $nid})-[r]-(m:Entity)
RETURN type(r), [label IN labels(m) WHERE label <> 'Entity'][0], count(r), count(DISTINCT CASE WHEN m <> n THEN m END)

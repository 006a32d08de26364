MATCH (n:Entity {nid: $nid})-[r:%HUMAN]-(m:Entity)
WHERE coalesce(r.ends_at, $alive + 1) > $alive
RETURN type(r), [label IN labels(m) WHERE label <> 'Entity'][0], count(r), count(DISTINCT CASE WHEN m <> n THEN m END)

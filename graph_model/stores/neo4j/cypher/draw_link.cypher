// Whoever sees the link sees its ends.
MATCH (a:Entity {nid: $link.from})
MATCH (b:Entity {nid: $link.to})
CREATE (a)-[r:%HUMAN]->(b)
SET r = $link
FOREACH (n IN [a, b] |
  SET n.first_seen = CASE WHEN n.first_seen > $link.first_seen THEN $link.first_seen ELSE n.first_seen END,
    n.recorded_at = CASE WHEN n.recorded_at > $link.recorded_at THEN $link.recorded_at ELSE n.recorded_at END)

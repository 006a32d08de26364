MATCH (a:Entity {nid: $start})
MATCH (b:Entity {nid: $end})
MERGE (a)-[r:%HUMAN {qualifier: $link_id}]->(b)
SET r = $cells

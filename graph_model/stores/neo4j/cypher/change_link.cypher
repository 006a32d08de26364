MATCH (a:Entity {node_id: $start})-[r:%HUMAN]->(b:Entity {node_id: $end})
WHERE r.qualifier = $link_id
SET r += $cells

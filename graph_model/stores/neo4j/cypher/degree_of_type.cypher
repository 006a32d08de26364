// Read from the node, not counted.
MATCH (n:Entity {nid: $nid})
RETURN COUNT { (n)-[:%TYPE]-() }

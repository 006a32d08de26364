// The first $most of these by moment falling, then label and key.
UNWIND $rows AS row
MATCH (n:Entity {nid: row[0]})
WHERE n.first_seen <= $event AND n.recorded_at <= $recorded
WITH n, row[1] AS seen
ORDER BY seen DESC, [label IN labels(n) WHERE label <> 'Entity'][0], n.key
LIMIT $most
RETURN labels(n), properties(n), COUNT { (n)--() }, COUNT { (n)-[h:%HUMAN]-() WHERE h.ends_at <= $alive }

// Those that begin at one page of nodes; of those drawn by hand only what a file says, which has no id of a link.
MATCH (n:Entity)-[r]->(m:Entity)
WHERE n.nid > $after AND n.nid <= $upto AND m.nid <= $handle AND (NOT r:%HUMAN OR r.qualifier = '')
RETURN labels(n), n.key, type(r), labels(m), m.key, properties(r)

// The index finds candidates; what is a match, and how good, is told by the folded text itself.
CALL db.index.fulltext.queryNodes('guanxi_search', $phrase) YIELD node AS n
WHERE n:%LABEL AND n.%PROPERTY CONTAINS $text
WITH n, CASE WHEN n.%PROPERTY = $text THEN 0 WHEN n.%PROPERTY STARTS WITH $text THEN 1 ELSE 2 END AS rank
ORDER BY rank, n.key
LIMIT $limit
RETURN n.nid, rank

// For what the full-text index can't find as it is typed: a part of a Latin word, figures beside Chinese, rare characters.
MATCH (n:%LABEL)
WHERE n.%PROPERTY CONTAINS $text
WITH n, CASE WHEN n.%PROPERTY = $text THEN 0 WHEN n.%PROPERTY STARTS WITH $text THEN 1 ELSE 2 END AS rank
ORDER BY rank, n.key
LIMIT $limit
RETURN n.nid, rank

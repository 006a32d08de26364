MATCH (s:State)
WHERE s.name STARTS WITH $prefix
RETURN s.name, s.value
ORDER BY s.name DESC
LIMIT $limit

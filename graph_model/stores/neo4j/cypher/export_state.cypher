MATCH (s:State)
WHERE s.name > $after AND NOT s.name STARTS WITH $own
RETURN s.name, s.value
ORDER BY s.name
LIMIT $limit

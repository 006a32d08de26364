MATCH (a:Audit)
WHERE a.sequence > $after
RETURN a.sequence, a.at, a.actor, a.role, a.operation, a.subjects, a.result, a.detail, a.digest
ORDER BY a.sequence
LIMIT $limit

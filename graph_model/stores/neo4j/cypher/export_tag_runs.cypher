MATCH (r:TagRun)
WHERE r.run > $after
RETURN r.run, r.code, r.version, r.base_date, r.computed_at, r.source
ORDER BY r.run
LIMIT $limit

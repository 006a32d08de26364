MATCH (r:TagRun)
WHERE r.run IN $runs
RETURN r.run, r.code, r.version, r.base_date, r.computed_at, r.source

OPTIONAL MATCH (r:TagRun)
WITH coalesce(max(r.run), 0) + 1 AS run
CREATE (:TagRun {run: run, code: $code, base_date: $base_date, computed_at: $computed_at, version: $version, source: $source})
RETURN run

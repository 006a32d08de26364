MATCH (r:TagRun {code: $code, base_date: $base_date, computed_at: $computed_at, version: $version, source: $source})
RETURN r.run

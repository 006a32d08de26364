MATCH (r:TagRun {code: $code})
RETURN max(r.base_date)

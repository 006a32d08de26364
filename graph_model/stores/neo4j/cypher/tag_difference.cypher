MATCH (h:TagHistory)
WHERE h[$runs] IS NOT NULL
WITH [place IN range(0, size(h[$runs]) - 1) WHERE h[$runs][place] <= $before | h[$values][place]] AS first,
  [place IN range(0, size(h[$runs]) - 1) WHERE h[$runs][place] <= $after | h[$values][place]] AS second
WITH coalesce(first[-1], 'null') <> 'null' AS had, coalesce(second[-1], 'null') <> 'null' AS has
RETURN sum(CASE WHEN had AND has THEN 1 ELSE 0 END), sum(CASE WHEN had AND NOT has THEN 1 ELSE 0 END),
  sum(CASE WHEN has AND NOT had THEN 1 ELSE 0 END)

// One page by rising key, as lists: one record of thousands of values costs far less than thousands of records.
MATCH (n:%LABEL)
WHERE n.key > $after
WITH n
ORDER BY n.key
LIMIT $page
WITH collect(n) AS page, max(n.key) AS last
RETURN last, [n IN page WHERE n.nid <= $greatest AND n.first_seen <= $event AND n.recorded_at <= $recorded |
  [n.nid, n.key, n.first_seen, n.recorded_at] + [name IN $names | n[name]]]

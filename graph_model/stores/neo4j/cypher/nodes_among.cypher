UNWIND $rows AS nid
MATCH (n:Entity {nid: nid})
WHERE n:%LABEL AND n.first_seen <= $event AND n.recorded_at <= $recorded
RETURN collect([n.nid, n.key, n.first_seen, n.recorded_at] + [name IN $names | n[name]])

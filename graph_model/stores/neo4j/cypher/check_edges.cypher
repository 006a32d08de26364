MATCH (a)-[r:%TYPE]->(b)
WHERE r.from IS NULL OR r.to IS NULL OR a.nid <> r.from OR b.nid <> r.to OR r.qualifier IS NULL OR r.last_seen IS NULL
  OR r.first_seen IS NULL OR r.recorded_at IS NULL
RETURN count(r)

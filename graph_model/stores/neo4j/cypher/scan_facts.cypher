MATCH (f:Fact)
WHERE f.nid > $after AND f.nid <= $upto
  AND f.kind = $kind AND ($values IS NULL OR f.value IN $values) AND f.at <= $event AND f.recorded_at <= $recorded
RETURN collect([f.nid, f.at, f.recorded_at, f.value, f.topic, f.source])

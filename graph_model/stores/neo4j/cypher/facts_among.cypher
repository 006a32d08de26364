UNWIND $rows AS nid
MATCH (f:Fact {nid: nid})
WHERE f.kind = $kind AND ($values IS NULL OR f.value IN $values) AND f.at <= $event AND f.recorded_at <= $recorded
RETURN collect([f.nid, f.at, f.recorded_at, f.value, f.topic, f.source])

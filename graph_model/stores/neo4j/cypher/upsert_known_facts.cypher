UNWIND $rows AS nid
MATCH (f:Fact {nid: nid})
RETURN f.nid, f.kind, f.at, f.topic, f.value, f.source, f.recorded_at

UNWIND $rows AS nid
MATCH (a:Assessment {nid: nid, run: $run})
RETURN a.nid

// Planned while there is no assessment yet, it would be kept as a scan of all of them, for each row.
UNWIND $rows AS nid
MATCH (a:Assessment {nid: nid, run: $run})
USING INDEX a:Assessment(nid, run)
RETURN a.nid

MATCH (h:TagHistory)
WHERE h[$runs] IS NOT NULL
WITH h.nid AS nid, [place IN range(0, size(h[$runs]) - 1) WHERE h[$runs][place] <= $run | h[$values][place]] AS told
WHERE size(told) > 0 AND told[-1] <> 'null'
MATCH (n:Entity {nid: nid})
WHERE n.node_id > $after
RETURN n.node_id AS node_id
ORDER BY node_id
LIMIT $limit

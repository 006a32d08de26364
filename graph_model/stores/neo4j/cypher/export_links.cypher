MATCH (e:LinkEdit)
WHERE e.from <= $handle AND e.to <= $handle
  AND (e.link_id > $link_id OR (e.link_id = $link_id AND e.place > $place))
WITH e
ORDER BY e.link_id, e.place
LIMIT $limit
MATCH (a:Entity {nid: e.from})
MATCH (b:Entity {nid: e.to})
RETURN e.link_id, e.place, e.action, a.node_id, b.node_id, e.author, e.at, e.reason, e.evidence, e.expires_at
ORDER BY e.link_id, e.place

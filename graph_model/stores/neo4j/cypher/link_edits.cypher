// The edits of links drawn by hand, in the order in which they were appended.
UNWIND $rows AS link_id
MATCH (e:LinkEdit {link_id: link_id})
MATCH (a:Entity {nid: e.from})
MATCH (b:Entity {nid: e.to})
RETURN e.link_id, e.action, a.node_id, b.node_id, e.author, e.at, e.reason, e.evidence, e.expires_at
ORDER BY e.link_id, e.at, e.place

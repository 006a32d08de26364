// Writers take turns: whoever sets a property of this node holds it until the end of his transaction.
MATCH (m:Meta {name: 'guanxi'})
SET m.turn = $token
RETURN m.recent, m.nid, m.run

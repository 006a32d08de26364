MATCH (m:Meta {name: 'guanxi'})
SET m.nid = $nid

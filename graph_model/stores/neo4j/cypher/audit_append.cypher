MATCH (m:Meta {name: 'guanxi'})
SET m.audit = $line.sequence
CREATE (a:Audit)
SET a = $line

MATCH (m:Meta {name: 'guanxi'})
SET m.audit = $last
WITH m
UNWIND $rows AS row
CREATE (a:Audit)
SET a = row

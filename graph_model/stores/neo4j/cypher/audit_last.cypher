MATCH (m:Meta {name: 'guanxi'})
MATCH (a:Audit {sequence: m.audit})
RETURN a.sequence, a.digest

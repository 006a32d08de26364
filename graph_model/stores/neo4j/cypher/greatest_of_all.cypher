MATCH (m:Meta {name: 'guanxi'})
RETURN m.run, m.audit

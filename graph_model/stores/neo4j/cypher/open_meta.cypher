MATCH (m:Meta {name: 'guanxi'})
RETURN m.version

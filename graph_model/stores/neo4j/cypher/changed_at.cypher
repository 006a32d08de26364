MATCH (m:Meta {name: 'guanxi'})
RETURN m.changed_at

MATCH (m:Meta {name: 'guanxi'})
SET m.changed_at = $now

MATCH (m:Meta {name: 'guanxi'})
SET m.holder = $holder

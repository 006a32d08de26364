// What the last writers were called, so that one who was cut off while committing learns whether he was done.
MATCH (m:Meta {name: 'guanxi'})
SET m.recent = ([$token] + m.recent)[..50]

MERGE (m:Meta {name: 'guanxi'})
ON CREATE SET m.version = $version, m.nid = 0, m.run = 0, m.audit = 0, m.recent = []
RETURN m.version

MATCH (s:State {name: $name})
DELETE s

MATCH (s:State {name: $name})
RETURN s.value

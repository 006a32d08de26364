UNWIND $rows AS row
MERGE (s:State {name: row[0]})
SET s.value = row[1]

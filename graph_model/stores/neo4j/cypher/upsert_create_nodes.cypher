UNWIND $rows AS row
CREATE (n:Entity:%LABEL)
SET n = row

UNWIND $rows AS row
CREATE (f:Fact:%LABEL)
SET f = row

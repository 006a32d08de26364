CREATE (e:LinkEdit)
SET e = $edit

// Held until the end of the transaction that did it, and so no longer than its process lives.
MERGE (l:WriterLock {name: 'writer'})
SET l.turn = $token

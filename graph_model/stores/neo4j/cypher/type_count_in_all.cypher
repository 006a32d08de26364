// Kept by the server, like type_count, and one plan for the type that may join any two labels.
MATCH ()-[r:%TYPE]->()
RETURN count(r)

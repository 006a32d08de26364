"""A real Neo4j for the tests and for `make neo4j`: jars by Maven, a process that can be killed and come back."""

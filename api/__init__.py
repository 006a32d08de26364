"""The composition root and the product's outside: settings, GraphQL, log-in and roles, and the command line."""

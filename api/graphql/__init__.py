"""GraphQL: types, resolvers, the rule of every field, limits, and the HTTP route. The contract is api/schema.graphql."""

"""The property graph: what is in it (schema), how it is kept (store and adapters), and what can be asked of it (services)."""

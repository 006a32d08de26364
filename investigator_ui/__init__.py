"""The investigator's screens: a process of its own that speaks GraphQL over HTTP and imports none of the others."""

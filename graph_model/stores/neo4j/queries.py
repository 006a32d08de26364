"""The queries: each a `.cypher` file with one query, read once. Placeholders in them are names of the schema; values are always parameters.

A line that ends with `//: word` is part of the query only where that word is asked for: `now` or `then` (as of a moment), `types` (of some types only).
What is always true is then not computed for each relationship.
"""

from functools import cache
from importlib.resources import files
from string import Template

from graph_model.schema import SCHEMA
from graph_model.stores.link_rules import HUMAN
from graph_model.stores.neo4j.names import FOLDED, SEARCHED, fact_label

_NAMES = frozenset(
    (
        *SCHEMA.labels,
        *(r.name for r in SCHEMA.relationships),
        *(fact_label(f.name) for f in SCHEMA.facts),
        *(FOLDED + name for _, name in SEARCHED),
    )
)


@cache
def query(name: str, *words: str, **names: str) -> str:
    """The text of `name`.cypher with the lines of these words, and `%LABEL` and the like set to names that the schema declares."""
    text = files(__package__).joinpath("cypher", f"{name}.cypher").read_text(encoding="utf-8")
    assert _NAMES.issuperset(names.values()), "only names of the schema become part of a query"
    lines = (line.partition("//:") for line in text.splitlines())
    kept = "\n".join(line for line, _, word in lines if word == "" or word.strip() in words)
    return _Placeholders(kept).substitute(names, HUMAN=HUMAN)


class _Placeholders(Template):
    """`$` stands for a parameter in Cypher, so a name is marked by `%`."""

    delimiter = "%"
    idpattern = "[A-Z_]+"

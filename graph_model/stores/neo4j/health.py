"""Is the store sound? A quick look that it answers and has its indexes; a thorough one that every relationship names its own ends."""

from graph_model.errors import StoreCorrupt
from graph_model.moments import from_ms
from graph_model.schema import SCHEMA
from graph_model.store import Condition
from graph_model.stores.neo4j.connections import VERSION, Transaction
from graph_model.stores.neo4j.ddl import STATEMENTS
from graph_model.stores.neo4j.queries import query


def condition(transaction: Transaction) -> Condition:
    """The server doesn't say how large a database is."""
    name, server, edition, milliseconds = transaction.rows(query("condition"))[0]
    found = transaction.rows(query("open_meta"))[0]
    return Condition(f"{name} {server} {edition}", found[0], VERSION, {}, from_ms(milliseconds))


def check(transaction: Transaction, where: str, *, thorough: bool) -> None:
    """Raises StoreCorrupt."""
    online = {name for name, state in transaction.rows(query("indexes")) if state == "ONLINE"}
    if not online.issuperset(STATEMENTS):
        raise StoreCorrupt(where)
    if thorough:
        for relationship in SCHEMA.relationships:
            found = transaction.rows(query("check_edges", TYPE=relationship.name))
            if found[0][0] > 0:
                raise StoreCorrupt(where)
        if transaction.rows(query("check_nodes"))[0][0] > 0:
            raise StoreCorrupt(where)

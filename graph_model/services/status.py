"""Status: how much there is, how fresh it is, and which model scored it."""

from graph_model.predicates import Missing, Not
from graph_model.store import GraphStore


def newest_model(store: GraphStore) -> str | None:
    """The version of the model that scored last; None where nobody was scored yet."""
    rings = store.rings(limit=1)
    if len(rings) > 0:
        return rings[0].model_version
    for customer in store.select("Customer", Not(Missing("grade")), limit=1):
        return store.assessments(customer.node_id, limit=1)[0].model_version
    return None

"""Status: how much there is, how fresh it is, and which model scored it."""

from graph_model.store import GraphStore


def newest_model(store: GraphStore) -> str | None:
    """The version of the model that scored the whole graph last; None where nobody did yet."""
    newest = store.latest_scoring()
    return None if newest is None else newest.model_version

"""What every adapter refuses of a run of a tag. Pure."""

from graph_model.errors import InvalidRequest


def past(newest: str) -> InvalidRequest:
    return InvalidRequest(
        f"The tag has values of {newest} already, and its past is not written anew. Choose that base date or a later one.",
        code="tag.past",
    )

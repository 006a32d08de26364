"""A scoring of the whole graph that was begun: what a store keeps of it until it is complete. The same for every adapter. Pure."""

import orjson

from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms, to_ms
from graph_model.records import ScoreSource, Scoring

STATE = "scoring.unfinished"  # the small text that names it


def dump(scoring: Scoring) -> str:
    told = (ScoreSource(scoring.source).value, scoring.model_version, scoring.policy_version)
    return orjson.dumps([*told, to_ms(scoring.as_of), to_ms(scoring.scored_at)]).decode()


def load(text: str | None) -> Scoring | None:
    if text is None:
        return None
    source, model_version, policy_version, as_of, scored_at = orjson.loads(text)
    return Scoring(ScoreSource(source), model_version, policy_version, from_ms(as_of), from_ms(scored_at))


def require_no_other(kept: str | None, scoring: Scoring) -> None:
    """Raises InvalidRequest where another scoring is unfinished."""
    if kept is not None and kept != dump(scoring):
        raise InvalidRequest(
            "A scoring that was begun before is neither complete nor taken back. Take it back first.",
            code="scoring.unfinished",
        )


def require_unfinished(kept: str | None, scoring: Scoring) -> None:
    """Raises InvalidRequest where `scoring` is not the unfinished one: a complete one stays."""
    if kept != dump(scoring):
        raise InvalidRequest("Only the scoring that is unfinished can be taken back.")


def require_within(kept: str | None, within: Scoring | None) -> None:
    """Raises InvalidRequest where `within` is given and is not the unfinished one: of a scoring that was taken back nothing more is written."""
    if within is not None and kept != dump(within):
        raise InvalidRequest(
            "This scoring was taken back while it was written: the process had lost its hold of the graph. Run `guanxi score` again.",
            code="scoring.lost",
        )


def hidden_moments(kept: str | None) -> tuple[int | None, int | None]:
    """As_of and scored_at of the rings that are not shown yet; equal to nothing where there are none."""
    scoring = load(kept)
    return (None, None) if scoring is None else (to_ms(scoring.as_of), to_ms(scoring.scored_at))

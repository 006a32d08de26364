"""Assessments on their way into a store and out of it: columns checked, records turned into columns, what was kept into records. The same for every
adapter. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from graph_model.columns import AssessmentColumns
from graph_model.errors import InvalidRequest
from graph_model.moments import from_ms
from graph_model.records import Grade, Reason, RiskAssessment, ScoreSource, Scoring

GRADES = tuple(grade.value for grade in Grade)
_PLACE = {grade: place for place, grade in enumerate(Grade)}


def by_scoring(
    records: Sequence[RiskAssessment], handles: Mapping[str, int]
) -> Iterator[tuple[Scoring, AssessmentColumns]]:
    """The records of each scoring, in the order in which these first come; `handles` are those of their nodes."""
    groups: dict[Scoring, list[RiskAssessment]] = {}
    for record in records:
        of = Scoring(record.source, record.model_version, record.policy_version, record.as_of, record.scored_at)
        groups.setdefault(of, []).append(record)
    for scoring, group in groups.items():
        rings = list(dict.fromkeys(record.ring_id for record in group if record.ring_id is not None))
        place: dict[str | None, int] = {ring_id: number for number, ring_id in enumerate(rings)}
        yield (
            scoring,
            AssessmentColumns(
                handles=np.array([handles[record.node_id] for record in group], dtype=np.int64),
                score=np.array([record.score for record in group], dtype=np.float64),
                grade=np.array([_PLACE[record.grade] for record in group], dtype=np.int8),
                ring=np.array([place.get(record.ring_id, -1) for record in group], dtype=np.int32),
                rings=rings,
                reasons=[orjson.dumps(list(record.reasons)).decode() for record in group],
            ),
        )


def check(columns: AssessmentColumns, source: str, *, greatest: int) -> None:
    """Raises InvalidRequest. Handles are given in turn and nothing is deleted, so every number up to the greatest is a node."""
    if source not in tuple(ScoreSource):
        raise InvalidRequest(f"{source} is no source of scores. There are: {', '.join(ScoreSource)}.")
    sizes = {len(c) for c in (columns.handles, columns.score, columns.grade, columns.ring, columns.reasons)}
    if len(sizes) > 1:
        raise InvalidRequest("The columns of the scoring are not of one length.")
    if sizes == {0}:
        return
    if int(columns.handles.min()) < 1 or int(columns.handles.max()) > greatest:
        raise InvalidRequest("A handle belongs to no node. Handles are those that a scan of this store gave.")
    if len(np.unique(columns.handles)) < len(columns.handles):
        raise InvalidRequest("A scoring holds a node twice.")
    if int(columns.grade.min()) < 0 or int(columns.grade.max()) >= len(GRADES):
        raise InvalidRequest(f"A grade is a place in {''.join(GRADES)}.")
    if int(columns.ring.max()) >= len(columns.rings):
        raise InvalidRequest("A ring is a place among the given rings, or -1.")
    if not bool(((columns.score >= 0) & (columns.score <= 1)).all()):
        raise InvalidRequest("A score is between 0 and 1.")


def assessment_of(node_id: str, kept: Sequence[Any]) -> RiskAssessment:
    """Of score, grade, ring id, reasons, source, model and policy version, as_of and scored_at, as they are kept."""
    score, grade, ring_id, reasons, source, model_version, policy_version, as_of, scored_at = kept
    return RiskAssessment(
        node_id=node_id,
        score=score,
        grade=Grade(grade),
        ring_id=ring_id,
        reasons=tuple(Reason(item["code"], item["weight"], item.get("values", {})) for item in orjson.loads(reasons)),
        source=ScoreSource(source),
        model_version=model_version,
        policy_version=policy_version,
        as_of=from_ms(as_of),
        scored_at=from_ms(scored_at),
    )

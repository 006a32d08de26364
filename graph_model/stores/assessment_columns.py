"""Assessments one by one turned into the columns that a store appends: used where a store takes in another's. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import orjson

from graph_model.columns import AssessmentColumns
from graph_model.records import Grade, RiskAssessment, Scoring

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

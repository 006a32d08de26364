"""Write-back: the rings and assessments of one scoring into the store, commit by commit.

A scoring that is stopped half-way is never read as a whole one: it is announced first and completed last, and where it is cancelled in
between, what was written is taken back at once. After a crash the next scoring does that.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graph_model.columns import AssessmentColumns
from graph_model.errors import StoreError
from graph_model.records import Ring, ScoreSource, Scoring
from graph_model.services.unfinished import take_back_unfinished
from graph_model.store import GraphStore, OnProgress


def write_back(
    store: GraphStore,
    scoring: Scoring,
    rings: Sequence[Ring],
    columns: AssessmentColumns,
    by_rule: NDArray[np.bool_],
    *,
    at_once: int,
    on_progress: OnProgress | None = None,
) -> None:
    """Append all of a scoring, `at_once` assessments to a commit; those `by_rule` are the policy's, whatever the scoring's source.
    Raises InvalidRequest `scoring.lost` where somebody took it back meanwhile, which a process that lost its hold of the store may meet."""
    store.begin_scoring(scoring)
    begun = store.unfinished_scoring()  # as the store keeps it: moments to the millisecond
    try:
        _append(store, scoring, rings, columns, by_rule, at_once, on_progress)
    except StoreError:  # the next scoring takes it back: now it may well not be possible
        raise
    except BaseException:  # cancelled, or Ctrl-C
        if store.unfinished_scoring() == begun:
            take_back_unfinished(store)
        raise


def _append(
    store: GraphStore,
    scoring: Scoring,
    rings: Sequence[Ring],
    columns: AssessmentColumns,
    by_rule: NDArray[np.bool_],
    at_once: int,
    on_progress: OnProgress | None,
) -> None:
    store.append_rings(rings, within=scoring)
    done = 0
    for part, said_by in ((~by_rule, scoring.source), (by_rule, ScoreSource.RULES)):
        rows = np.flatnonzero(part)
        for first in range(0, len(rows), at_once):
            some = _part(columns, rows[first : first + at_once])
            store.append_assessments(
                some,
                source=said_by,
                model_version=scoring.model_version,
                policy_version=scoring.policy_version,
                as_of=scoring.as_of,
                scored_at=scoring.scored_at,
                within=scoring,
            )
            done += len(some.handles)
            if on_progress is not None:
                on_progress("writing", done, len(by_rule))
    store.append_scoring(scoring, within=scoring)


def _part(columns: AssessmentColumns, rows: NDArray[np.int64]) -> AssessmentColumns:
    return AssessmentColumns(
        handles=columns.handles[rows],
        score=columns.score[rows],
        grade=columns.grade[rows],
        ring=columns.ring[rows],
        rings=columns.rings,
        reasons=[columns.reasons[row] for row in rows.tolist()],
    )

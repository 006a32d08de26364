"""The legend: how grades are coloured and called. Types bring their own shape, icon and caption in the schema. Pure."""

from dataclasses import dataclass

from graph_model.records import Grade
from graph_model.schema import Caption


@dataclass(frozen=True, slots=True)
class GradeStyle:
    grade: Grade
    colour: str  # dark enough for white letters on it (WCAG AA)
    caption: Caption


GRADES = (
    GradeStyle(Grade.A, "#2e7d32", Caption("低风险", "low risk")),
    GradeStyle(Grade.B, "#1565c0", Caption("关注", "watch")),
    GradeStyle(Grade.C, "#b45309", Caption("较高风险", "elevated risk")),
    GradeStyle(Grade.D, "#c62828", Caption("高风险", "high risk")),
)

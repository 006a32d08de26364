"""Made-up customers for stories of marketing: consented, contacted, graded, referred, one keyword each."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from graph_model.columns import AssessmentColumns
from graph_model.records import EdgeRecord, Fact, GraphBatch, NodeRecord, NodeRef, ScoreSource, Scoring
from graph_model.services.gate_policy import Gate, load_gate_policy
from graph_model.services.referrals import circles_of
from graph_model.store import GraphStore
from tests.fixtures.reference_case import id_number

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
GATE = Gate(load_gate_policy(), b"a home's secret, which nobody has")


def person(number: int) -> NodeRef:
    return NodeRef("Customer", id_number(date(1975, 1, 1) + timedelta(days=number // 400), 100 + number % 400))


def arrive(store: GraphStore, people: Sequence[NodeRef]) -> None:
    store.upsert(GraphBatch([NodeRecord(ref, START, START, "crm") for ref in people]))


def said(
    ref: NodeRef, kind: str, value: str, at: datetime, *, topic: str = "", recorded: datetime | None = None
) -> Fact:
    return Fact(ref, kind, value, at, recorded or at, "crm", topic=topic)


def consent(store: GraphStore, people: Sequence[NodeRef], channel: str = "sms", *, granted: bool = True) -> None:
    value = "yes" if granted else "no"
    store.upsert(GraphBatch(facts=[said(ref, "consent", value, START, topic=channel) for ref in people]))


def refer(store: GraphStore, pairs: Sequence[tuple[NodeRef, NodeRef]], *, at: datetime = START) -> None:
    days = (at + timedelta(hours=place) for place in range(len(pairs)))
    store.upsert(
        GraphBatch(
            edges=[EdgeRecord("REFERRED", a, b, day, day, day, "app") for (a, b), day in zip(pairs, days, strict=True)]
        )
    )


def score(
    store: GraphStore,
    grades: dict[NodeRef, str],
    *,
    at: datetime = NOW - timedelta(days=1),
    rings: dict[NodeRef, str] | None = None,
) -> None:
    """A complete scoring in which each of these has a grade."""
    assess(store, grades, at=at, rings=rings or {})
    store.append_scoring(Scoring(ScoreSource.MODEL, "m1", "1", at, at))


def assess(store: GraphStore, grades: dict[NodeRef, str], *, at: datetime, rings: dict[NodeRef, str]) -> None:
    """Grades of some, which are no scoring of everybody."""
    names = sorted(set(rings.values()))
    store.append_assessments(
        AssessmentColumns(
            np.array(handles_of(store, list(grades)), dtype=np.int64),
            np.array([0.01 + 0.3 * "ABCD".index(grade) for grade in grades.values()]),
            np.array(["ABCD".index(grade) for grade in grades.values()], dtype=np.int8),
            np.array([names.index(rings[ref]) if ref in rings else -1 for ref in grades], dtype=np.int32),
            names,
            ["[]"] * len(grades),
        ),
        source="model",
        model_version="m1",
        policy_version="1",
        as_of=at,
        scored_at=at,
    )


def handles_of(store: GraphStore, people: Sequence[NodeRef]) -> list[int]:
    found = store.scan_nodes("Customer")
    place = dict(zip(found.keys, found.handles.tolist(), strict=True))
    return [place[ref.key] for ref in people]


def marketing(store: GraphStore, *, scored: bool = True) -> list[NodeRef]:
    """A circle of forty who agree to messages, one of whom uses the phone of who referred them; of grade A, if anybody was scored."""
    people = [person(number) for number in range(40)]
    arrive(store, people)
    refer(store, [(people[0], other) for other in people[1:]] + [(people[1], people[0])])
    consent(store, people)
    phone = NodeRef("Phone", "+8613911110000")
    uses = [EdgeRecord("USES_PHONE", ref, phone, START, START, START, "crm") for ref in people[:2]]
    store.upsert(GraphBatch([NodeRecord(phone, START, START, "crm")], uses))
    if scored:
        score(store, dict.fromkeys(people, "A"))
    return people


def circle(store: GraphStore, secret: bytes) -> str:
    """The id of the largest one, in a home with this secret."""
    circles = circles_of(store, secret, as_of=NOW)
    return circles.ids[int(circles.size.argmax())]

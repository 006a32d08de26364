"""Whatever the customers and the rule: no file holds who refused or is a risk, waterfalls sum to the last person, and a marketer is told round numbers."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from api.exports import to_file
from api.segment_export import segment_export
from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.records import AuditRecord, GraphBatch, NodeRecord
from graph_model.services.segments import computing, dictionary, members
from graph_model.services.segments.counting import count
from graph_model.services.segments.dictionary import Draft
from graph_model.services.segments.editions import Edition
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import GATE, NOW, START, arrive, consent, handles_of, person, said, score

MEI, WU = Principal("mei", Role.MARKETER), Principal("wu", Role.SUPERVISOR)
PEOPLE = [person(number) for number in range(45)]
LEVELS = ("bachelor", "master", "doctor")
CONDITIONS = (
    "sex = 'female'",
    "education in ('bachelor', 'master')",
    "education is known",
    "not education = 'doctor'",
    "first_seen is known",
    "(sex = 'male' or education = 'master')",
)


@contextmanager
def customers(seed: int) -> Iterator[tuple[GraphStore, set[str]]]:
    """A store of some, and the node ids of those who may be handed out as far as consent and risk go."""
    rng = random.Random(seed)
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/graph.db", create=True)
        arrive(store, PEOPLE)
        known = [
            NodeRecord(
                ref, START, START, "crm", {"sex": rng.choice(("male", "female")), "education": rng.choice(LEVELS)}
            )
            for ref in PEOPLE
            if rng.random() < 0.9
        ]
        agreed = {ref: rng.random() < 0.8 for ref in PEOPLE}
        grades = {ref: rng.choices("ABCD", (75, 15, 5, 5))[0] for ref in PEOPLE}
        listed = {ref for ref in PEOPLE if rng.random() < 0.05}
        said_yes = [said(ref, "consent", "yes" if agreed[ref] else "no", START, topic="sms") for ref in PEOPLE]
        store.upsert(GraphBatch(known, [], [*said_yes, *(said(ref, "blocklist", "listed", START) for ref in listed)]))
        score(store, grades)
        good = [ref for ref in PEOPLE if agreed[ref] and grades[ref] in "AB" and ref not in listed]
        yield store, set(store.node_ids(handles_of(store, good)))
        store.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.integers(0, 10_000), some.lists(some.sampled_from(CONDITIONS), min_size=1, max_size=4))
def test_no_file_holds_who_may_not_be_in_it_and_waterfalls_sum(seed: int, conditions: list[str]) -> None:
    rule = " and ".join(conditions)
    with customers(seed) as (store, allowed), TemporaryDirectory() as folder:
        exact, rough = count(store, WU, rule=rule, now=NOW), count(store, MEI, rule=rule, now=NOW)
        assert exact.population == len(PEOPLE) == (exact.count or 0) + sum(step.dropped or 0 for step in exact.steps)
        for step in rough.steps:
            assert step.kept is None or (step.kept >= 10 and step.kept % 5 == 0)
            assert step.dropped is None or step.dropped % 5 == 0
        segment = dictionary.define(store, MEI, Draft("some", "some", rule), now=NOW)
        computing.compute(store, GATE.policy, codes=["some"], by="test", clock=lambda: NOW, on_progress=lambda *_: None)
        edition = members.edition(store, segment)
        assert edition.members == exact.count
        lines: list[AuditRecord] = []
        try:
            going = segment_export(store, GATE, MEI, segment, edition, "sms", now=NOW)
        except InvalidRequest as refused:
            assert refused.code == "segment.too_small"
            return
        target = Path(folder) / "people.csv"
        rows = to_file(store, MEI, going, target, named=False, note=lines.append)
        handed = {line.partition(",")[0] for line in target.read_text().splitlines()[1:]}
        assert handed <= allowed and len(handed) == rows >= GATE.policy.least_members
        reach = members.reach(store, GATE, WU, segment, edition, "sms", now=NOW)
        assert reach.candidates == edition.members == rows + sum(number for _, number in reach.told.steps or ())
        assert [line.detail["rows"] for line in lines] == [rows]


def test_no_difference_of_two_files_of_one_moment_is_those_who_became_a_risk_or_refused(tmp_path: Path) -> None:
    """Editions of yesterday and today, segments of one rule, two channels, all asked at once: over the days on which somebody is found out."""
    store = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    people = [person(number) for number in range(400)]
    arrive(store, people)
    for channel in ("sms", "email"):
        consent(store, people, channel)
    score(store, dict.fromkeys(people, "A"))
    for code in ("one", "two"):
        dictionary.define(store, MEI, Draft(code, code, "first_seen is known"), now=NOW)
    kept: list[Edition] = []
    for day in range(3):
        now = NOW + timedelta(days=day)
        for code in ("one", "two"):
            computing.compute(
                store, GATE.policy, codes=[code], by="test", clock=lambda now=now: now, on_progress=lambda *_: None
            )
            kept.append(members.edition(store, dictionary.find(store, MEI, code)))
        found_out = people[: 30 * (day + 1)]
        scored = dict.fromkeys(people, "A") | dict.fromkeys(found_out, "D")
        for asked in (now, now + timedelta(hours=3)):
            sms = {frozenset(file_of(store, edition, "sms", asked)) for edition in kept}
            assert len(sms) == 1  # whichever edition, whichever segment
            email = {frozenset(file_of(store, edition, "email", asked)) for edition in kept}
            (by_sms,), (by_email,) = sms, email
            # All agreed to both, nobody was contacted: yet each channel has somebody whom the other lacks.
            assert by_sms - by_email and by_email - by_sms
            if asked == now:
                score(store, scored, at=now + timedelta(hours=1))
        if day > 0:
            risky = set(store.node_ids(handles_of(store, people[: 30 * day])))
            assert not (by_sms | by_email) & risky
    store.close()


def file_of(store: GraphStore, edition: Edition, channel: str, now: datetime) -> list[str]:
    segment = dictionary.find(store, MEI, edition.code)
    pieces = members.handed_out(store, GATE, MEI, segment, edition, channel, now=now)
    return [node_id for piece in pieces for node_id in piece]

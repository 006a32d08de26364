"""Segments over a loaded graph: a live count with its waterfall, an edition, the difference of two and the first page, beside polars.

    python -m benchmarks.segments --store sqlite:///var/guanxi.db --rounds 3

Takes a graph that `guanxi ingest` has filled and writes tags and segments into it, so use a copy. The peer is given the same columns as a data frame in
memory; what it takes to read them is a row of its own. Ours and the peer run in turn in one process, as many rounds as asked. Times are CPU time
of all threads, and by the clock.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import polars as pl

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.services.gate_policy import Gate, load_gate_policy
from graph_model.services.segments import computing, counting, members
from graph_model.services.segments import dictionary as segments
from graph_model.services.segments.definition import Segment
from graph_model.services.segments.dictionary import Draft
from graph_model.services.tags import computing as tag_computing
from graph_model.services.tags import dictionary as tags
from graph_model.services.tags.definition import ValueType
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

WHO = Principal("benchmark", Role.SUPERVISOR)
GATE = Gate(load_gate_policy(), b"the benchmark's own secret")
TAGS = (
    tags.Draft("bench_refers", "推荐过", "refers", "行为", "推荐", "degree(REFERRED out) >= 1"),
    tags.Draft(
        "bench_age", "年龄段", "age band", "人口", "年龄",
        'when years_since(birth_date) < 30 then "young" when years_since(birth_date) < 50 then "middle" else "old"',
        value_type=ValueType.TEXT,
    ),
)  # fmt: skip
COUNTS = {
    "a property and two tags": "sex = 'female' and tag(bench_age) = 'middle' and tag(bench_refers)",
    "a property, a tag, a degree": "sex = 'female' and tag(bench_age) = 'middle' and degree(USES_DEVICE) >= 2",
    "three properties": "sex = 'female' and education in ('bachelor', 'master') and marital_status = 'married'",
}
WIDE, NARROW = "bench_wide", "bench_narrow"
Answer = TypeVar("Answer")


@dataclass
class Times:
    """CPU and wall seconds by what was done."""

    spent: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def of(self, name: str, work: Callable[[], Answer]) -> Answer:
        began, clock = time.process_time(), time.perf_counter()
        answer = work()
        self.spent.setdefault(name, []).append((time.process_time() - began, time.perf_counter() - clock))
        return answer

    def table(self) -> str:
        lines = [f"{'':52}{'median':>9}{'least':>9}{'most':>9}{'clock':>9}{'least':>9}  s"]
        for name, spent in self.spent.items():
            cpu, wall = [each for each, _ in spent], [each for _, each in spent]
            told = (statistics.median(cpu), min(cpu), max(cpu), statistics.median(wall), min(wall))
            lines.append(f"{name:52}" + "".join(f"{each:9.3f}" for each in told))
        return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="address of a loaded graph")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--counts", action="store_true", help="counts and a page of the newest edition only")
    options = parser.parse_args()
    store, now, times = open_store(options.store), utc_now(), Times()
    prepare(store, now)
    frame = times.of("reading a data frame of the same columns", lambda: frame_of(store))
    for number in range(options.rounds):
        for name, rule in COUNTS.items():
            counted = times.of(f"count, {name}", lambda: counting.count(store, WHO, rule=rule, now=now))  # noqa: B023
            if number == 0:
                print(f"{name}: {counted.population:,} → {' → '.join(f'{step.kept:,}' for step in counted.steps)}")
        times.of("three properties by polars, in memory already", lambda: by_polars(frame))
        if not options.counts:
            times.of("an edition of the wide segment", lambda: computed(store, WIDE))
            times.of("an edition of the narrow segment", lambda: computed(store, NARROW))
            times.of("the difference of two editions", lambda: differing(store, number))  # noqa: B023
        wide = segments.find(store, WHO, WIDE)
        times.of("a page of 100 members", lambda: page(store, wide, utc_now()))  # noqa: B023
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")
    print(times.table())
    store.close()


def prepare(store: GraphStore, now: datetime) -> None:
    """The tags and segments that the rules name, where they aren't there yet."""
    known = tags.everything(store)
    for draft in TAGS:
        if draft.code not in known:
            tags.define(store, WHO, draft, now=now)
    tag_computing.compute(
        store,
        base_date=tag_computing.base_date_of(now),
        codes=[draft.code for draft in TAGS],
        by="benchmark",
        clock=utc_now,
        on_progress=lambda *_: None,
    )
    for code, rule in ((WIDE, "sex is known"), (NARROW, "tag(bench_refers) and sex = 'female'")):
        if code not in segments.visible(store, WHO):
            segments.define(store, WHO, Draft(code, code, rule), now=now)


def computed(store: GraphStore, code: str) -> None:
    computing.compute(
        store, GATE.policy, codes=[code], again=True, by="benchmark", clock=utc_now, on_progress=lambda *_: None
    )


def differing(store: GraphStore, number: int) -> None:
    found = segments.find(store, WHO, WIDE)
    newest = members.edition(store, found)
    if number > 0:
        members.difference(store, WHO, found, newest.number - 1, newest.number)


def page(store: GraphStore, segment: Segment, now: datetime) -> None:
    try:
        members.member_page(store, GATE, WHO, segment, members.edition(store, segment), "sms", first=100, now=now)
    except InvalidRequest as refused:
        print(f"no page: {refused.code}")


def frame_of(store: GraphStore) -> pl.DataFrame:
    names = ("sex", "education", "marital_status")
    found = store.scan_nodes("Customer", names)
    return pl.DataFrame(
        {name: found.properties[name].tolist() for name in names}, schema=dict.fromkeys(names, pl.String)
    )


def by_polars(frame: pl.DataFrame) -> list[int]:
    """What each of three conditions keeps of those before it."""
    kept = []
    for condition in (
        pl.col("sex") == "female",
        pl.col("education").is_in(["bachelor", "master"]),
        pl.col("marital_status") == "married",
    ):
        frame = frame.filter(condition)
        kept.append(frame.height)
    return kept


if __name__ == "__main__":
    main()

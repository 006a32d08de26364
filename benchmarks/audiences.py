"""Referral circles, the gate and a seed audience over a loaded graph, beside the same questions asked customer by customer.

    python -m benchmarks.audiences --store sqlite:///var/guanxi.db --spreaders 20000 --rounds 3

Takes a graph that `guanxi ingest` has filled. One that was never scored gets grades drawn at random first (a scoring by the name `benchmark`), so
use a copy. Ours and the peer run in turn in one process, as many rounds as asked: networkx makes circles and PageRank of the same referrals, and a
loop asks the store for each candidate's consents, contacts, grade, blocklist and labels, for a sample of the candidates. Times are CPU time.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import networkx as nx
import numpy as np

from graph_model.columns import AssessmentColumns
from graph_model.principal import Principal, Role
from graph_model.records import AsOf, ScoreSource, Scoring
from graph_model.services import audiences
from graph_model.services.audience_records import Recipe
from graph_model.services.blocklist_facts import is_listed
from graph_model.services.gate import pass_gate, risk_moment
from graph_model.services.gate_policy import Gate, load_gate_policy
from graph_model.services.referrals import Circles, circles_of
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

WHO = Principal("benchmark", Role.SUPERVISOR)
GATE = Gate(load_gate_policy(), b"the benchmark's own secret")
CHANNEL = "sms"
AT_ONCE = 20_000
Answer = TypeVar("Answer")


@dataclass
class Times:
    """CPU seconds by what was done."""

    spent: dict[str, list[float]] = field(default_factory=dict)

    def of(self, name: str, work: Callable[[], Answer]) -> Answer:
        began = time.process_time()
        answer = work()
        self.spent.setdefault(name, []).append(time.process_time() - began)
        return answer

    def table(self) -> str:
        lines = [f"{'':44}{'median':>9}{'least':>9}{'most':>9}  CPU s"]
        for name, spent in self.spent.items():
            lines.append(f"{name:44}{statistics.median(spent):9.2f}{min(spent):9.2f}{max(spent):9.2f}")
        return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True, help="address of a loaded graph")
    parser.add_argument("--spreaders", type=int, default=2_000)
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=500, help="candidates that the peer asks for one by one")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    store = open_store(options.store)
    now = utc_now()
    if store.latest_scoring() is None:
        grade_at_random(store, now - timedelta(hours=1))
    handles = store.scan_nodes("Customer").handles
    chosen = np.random.default_rng(1).choice(handles, min(options.candidates, len(handles)), replace=False)
    times = Times()
    for number in range(options.rounds):
        circles = times.of("circles, with conversion and influence", lambda: circles_of(store, GATE.secret, as_of=now))
        times.of("circles and influence by networkx", lambda: by_networkx(circles))  # noqa: B023 - called at once
        risk = risk_moment(store, GATE.policy, now=now)
        times.of(
            f"gate, {len(chosen):,} candidates",
            lambda: pass_gate(store, GATE, chosen, channel=CHANNEL, moment=now, risk=risk),  # noqa: B023
        )
        ids = store.node_ids(chosen[: options.sample].tolist())
        times.of(f"gate one by one, {len(ids):,} candidates", lambda: one_by_one(store, ids, now, risk))  # noqa: B023
        audience, version = times.of(
            f"audience of {options.spreaders:,} spreaders",
            lambda: audiences.create(
                store, GATE, circles, WHO,  # noqa: B023
                audiences.Draft(f"benchmark {now:%H:%M:%S} {number}", CHANNEL, "benchmark", Recipe(spreaders=options.spreaders)),  # noqa: B023
                now=now,
            ),
        )  # fmt: skip
        times.of(
            f"its {version.members:,} members, handed out",
            lambda: [len(piece) for piece in audiences.handed_out(store, GATE, WHO, audience, version, now=now)],  # noqa: B023
        )
    people = circles.people
    print(
        f"{len(handles):,} customers, {len(people.handles):,} in {len(circles.ids):,} circles (largest {circles.size.max():,}, "
        f"deepest {circles.depth.max()}); memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB"
    )
    print(times.table())
    store.close()


def grade_at_random(store: GraphStore, at: datetime) -> None:
    handles = store.scan_nodes("Customer").handles
    grades = np.random.default_rng(2).choice(4, len(handles), p=[0.86, 0.08, 0.04, 0.02]).astype(np.int8)
    for begin in range(0, len(handles), AT_ONCE):
        some, grade = handles[begin : begin + AT_ONCE], grades[begin : begin + AT_ONCE]
        rings, reasons = np.full(len(some), -1, dtype=np.int32), ["[]"] * len(some)
        store.append_assessments(
            AssessmentColumns(some, 0.01 + 0.3 * grade, grade, rings, [], reasons),
            source=ScoreSource.RULES, model_version="benchmark", policy_version="1", as_of=at, scored_at=at,
        )  # fmt: skip
    store.append_scoring(Scoring(ScoreSource.RULES, "benchmark", "1", at, at))


def by_networkx(circles: Circles) -> int:
    """Components and PageRank of the referrals; no depth, reach or conversion."""
    people = circles.people
    pairs = list(zip(people.referred.tolist(), people.referrer.tolist(), strict=True))
    nx.pagerank(nx.DiGraph(pairs))
    return sum(1 for _ in nx.connected_components(nx.Graph(pairs)))


def one_by_one(store: GraphStore, node_ids: list[str], now: datetime, risk: datetime | None) -> int:
    """The gate's questions, asked of each customer."""
    passed = 0
    then = None if risk is None else AsOf.at(risk)
    for node_id in node_ids:
        facts = store.facts(node_id, as_of=AsOf.at(now))
        consents = [fact for fact in facts if fact.kind == "consent" and fact.topic == CHANNEL]
        sent = [fact for fact in facts if fact.kind == "contact" and fact.at > now - timedelta(days=30)]
        (node,) = store.get_by_id([node_id], as_of=then)
        around = store.neighbourhood(node_id, hops=1, types=["APPLIED"], as_of=then)
        labels = [store.facts(other.node_id, kind="label", as_of=then) for other in around.nodes[1:]]
        confirmed = any(len(each) > 0 and each[-1].value == "confirmed_fraud" for each in labels)
        agreed = len(consents) > 0 and consents[-1].value == "yes" and len(sent) < 4
        good = node.grade in ("A", "B") and node.ring_id is None and not is_listed(facts, risk or now)
        passed += agreed and good and not confirmed
    return passed


if __name__ == "__main__":
    main()

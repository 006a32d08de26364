"""How true and how short explanations are: planted fraudsters of generated portfolios, explained without a look at the truth, then compared with it.

    python -m benchmarks.explanations --customers 20000 --seeds 1 2 --people 150

Of members of planted rings whom the model grades C or D: by how much of itself the estimate falls where the explanation's ties go (fidelity), beside
as many random ties of the surroundings, and as many of the customer's own; how much of it is left with no other ties; how many ties there are
(sparsity); and how many of them belong to the planted ring, its members' ties to what they share, beside all ties that could have been chosen.
Who is left without a tie counts as one whose estimate falls by nothing, and how many they are is told. Times are of a whole explanation:
surroundings read, features made, ties searched; the first one, which loads the model, is left out.
"""

import argparse
import logging
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import structlog

from benchmarks._truth import planted_in, scored
from gnn.explanation.hiding import Hiding, Tie
from gnn.explanation.search import search, ties_around
from gnn.online import Scorer, Seen
from graph_model.records import Grade
from graph_model.store import GraphStore
from ingest.portfolio import GENERATOR_VERSION

DRAWS = 5  # of random ties for each explanation
FALL = "fall of the estimate without them"
Result = dict[str, float]  # shares of ties and what is compared with them only where there are ties


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--people", type=int, default=150, help="at most so many of each portfolio")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found: list[Result] = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            found += one(options.customers, seed, options.people, Path(folder))
        print(f"seed {seed} done: {len(found)} explained so far", flush=True)
    print(f"\nGenerator version {GENERATOR_VERSION}, {options.customers:,} customers, seeds {options.seeds}.")
    show(found)


def one(customers: int, seed: int, people: int, folder: Path) -> list[Result]:
    with scored(customers, seed, folder) as (store, as_of):
        rings = planted(store, folder / "files")
        scorer, random = Scorer(store, folder / "models"), np.random.default_rng(seed)
        chosen = random.permutation(sorted(rings)).tolist()
        results: list[Result] = []
        for handle in chosen:
            if len(results) == people + 1:
                break
            result = explained(store, scorer, handle, rings, random, as_of)
            results += [result] if result is not None else []
        return results[1:]


def planted(store: GraphStore, files: Path) -> dict[int, str]:
    """The planted ring of each member, by handle."""
    ring = planted_in(files)
    nodes = store.scan_nodes("Customer")
    return {handle: ring[key] for key, handle in zip(nodes.keys, nodes.handles.tolist(), strict=True) if key in ring}


def explained(
    store: GraphStore,
    scorer: Scorer,
    handle: int,
    rings: Mapping[int, str],
    random: np.random.Generator,
    as_of: datetime,
) -> Result | None:
    """None for somebody whom the model grades A or B."""
    (columns,) = store.edges_at([handle], types=("APPLIED",)).columns
    (application,) = store.node_ids(columns.end[-1:].tolist())
    wall, used = time.perf_counter(), time.process_time()
    seen = scorer.look(application, as_of=as_of)
    row = np.array([1])
    asked, table = seen.asked[row], replace(seen.table, values=seen.table.values[row])
    hiding = Hiding(seen.judge, seen.arrays, asked, table, seen.rings)
    customer, moment, hub_cap = int(asked.customer[0]), int(asked.moment[0]), seen.judge.features.rings.hub_cap
    found = search(hiding, seen.arrays, customer, moment=moment, hub_cap=hub_cap)
    spent = {"wall, ms": (time.perf_counter() - wall) * 1e3, "CPU, ms": (time.process_time() - used) * 1e3}
    if seen.judge.policy.grade(found.estimate) not in (Grade.C, Grade.D):
        return None
    own, others = ties_around(seen.arrays, customer, moment, hub_cap)
    around = list(dict.fromkeys([*own, *(path[-1] for path in others)]))

    def fall(sets: Sequence[Sequence[Tie]]) -> float:
        return float(np.mean(1.0 - hiding.estimates(sets) / found.estimate))

    number = len(found.ties)
    anywhere = [[around[k] for k in random.permutation(len(around))[:number]] for _ in range(DRAWS)]
    if number == 0:  # nothing was found: a fall by nothing
        return spent | {"ties": 0.0, "ties that could have been chosen": float(len(around)), FALL: 0.0}
    mine = sum(tie.customer == customer for tie in found.ties)
    of_own = [[own[k] for k in random.permutation(len(own))[:mine]] for _ in range(DRAWS)]
    in_ring = InRing(seen, rings, rings[handle])
    return spent | {
        "ties": float(number),
        "ties that could have been chosen": float(len(around)),
        FALL: 1.0 - found.without / found.estimate,
        "fall without as many random ties": fall(anywhere),
        "fall without as many random ties, own ones for own ones": fall(of_own),
        "left with no other ties": found.only / found.estimate,
        "ties that belong to the planted ring": float(np.mean([in_ring(tie) for tie in found.ties])),
        "of all that could have been chosen": float(np.mean([in_ring(tie) for tie in around])),
    }


class InRing:
    """Whether a tie belongs to a planted ring: a member's, to what another member uses too."""

    def __init__(self, seen: Seen, rings: Mapping[int, str], ring: str) -> None:
        handles, links = seen.arrays.customers.handles, seen.arrays.incidence
        self._members = {place for place, handle in enumerate(handles.tolist()) if rings.get(handle) == ring}
        ties = (
            (member, int(identifier))
            for member in self._members
            for identifier in links.customer_identifier[links.customer_ptr[member] : links.customer_ptr[member + 1]]
        )
        self._users = Counter(identifier for _, identifier in ties)

    def __call__(self, tie: Tie) -> bool:
        return tie.customer in self._members and self._users[tie.identifier] >= 2


def show(found: Sequence[Result]) -> None:
    failed = sum(result["ties"] == 0 for result in found)
    print(
        f"{len(found)} members of planted rings whom the model grades C or D, {failed} of them without a tie found.\n"
    )
    print("| | median | mean | 10 % to 90 % |\n|---|--:|--:|--:|")
    for name in dict.fromkeys(name for result in found for name in result):
        values = [result[name] for result in found if name in result]
        low, high = np.quantile(values, [0.1, 0.9]).tolist()
        digits = 2 if statistics.median(values) <= 3 else 0
        print(
            f"| {name} | {statistics.median(values):.{digits}f} | {statistics.fmean(values):.{digits}f} "
            f"| {low:.{digits}f} to {high:.{digits}f} |"
        )


if __name__ == "__main__":
    main()

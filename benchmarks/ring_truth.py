"""How true the rings are: generated portfolios through generate, ingest and score, against the truth file that scoring never reads.

    python -m benchmarks.ring_truth --customers 20000 --seeds 1 2 3

Recall is the share of planted rings that one alerted ring matches (Jaccard 0.5 or more), precision the share of alerted rings that match a
planted one. The second table is what the matched rings are called, by what they were planted as: `gnn/rings/motif.py` names them by what
their members have in common. Its rule was settled on seeds 21 and 22.
"""

import argparse
import csv
import logging
import statistics
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from benchmarks._truth import alerted_in, planted_in, scored
from gnn.rings.motif import Motif
from graph_model.store import GraphStore
from ingest.portfolio import GENERATOR_VERSION

LEAST_OVERLAP = 0.5
NOTHING = "–"
# What a ring that was planted so should be called; a borrowed identity has no motif of its own.
MOTIF_OF: Mapping[str, Motif | None] = {
    "device_farm": Motif.DEVICE_FARM,
    "payout_account": Motif.SHARED_ACCOUNT,
    "address_mill": Motif.ADDRESS_MILL,
    "contact_circle": Motif.PHONE_CHAIN,
    "intermediary": Motif.INTERMEDIARY,
    "guarantor_circle": Motif.GUARANTOR_CIRCLE,
    "identity_borrowing": None,
}


@dataclass(frozen=True, slots=True)
class Truth:
    """One portfolio: how many rings were planted, alerted and matched, and how often a kind was called what."""

    planted: int
    alerted: int
    found: int
    right: int
    called: Counter[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            found.append(one(options.customers, seed, Path(folder)))
        print(f"seed {seed}: {found[-1].found} of {found[-1].planted} planted rings alerted", flush=True)
    show(options.customers, options.seeds, found)


def one(customers: int, seed: int, folder: Path) -> Truth:
    with scored(customers, seed, folder) as (store, _):
        return compared(store, folder / "files")


def compared(store: GraphStore, files: Path) -> Truth:
    with (files / "truth" / "rings.csv").open(encoding="utf-8") as file:
        kind = {row["ring_id"]: row["kind"] for row in csv.DictReader(file)}
    theirs_of, ours_of = planted_in(files), alerted_in(store)
    planted, alerted = Counter(theirs_of.values()), Counter(ours_of.values())
    both = Counter((theirs_of[key], ring) for key, ring in ours_of.items() if key in theirs_of)
    matched = {
        (ours, theirs)
        for (theirs, ours), number in both.items()
        if number / (planted[theirs] + alerted[ours] - number) >= LEAST_OVERLAP
    }
    called: Counter[tuple[str, str]] = Counter()
    for ours, theirs in matched:
        ring = store.ring(ours)
        motif = None if ring is None else ring.facts.get("motif")
        called[kind[theirs], NOTHING if motif is None else str(motif)] += 1
    return Truth(
        planted=len(planted),
        alerted=len(alerted),
        found=len({theirs for _, theirs in matched}),
        right=len({ours for ours, _ in matched}),
        called=called,
    )


def show(customers: int, seeds: Sequence[int], found: Sequence[Truth]) -> None:
    print(f"\nGenerator version {GENERATOR_VERSION}, {customers:,} customers, seeds {', '.join(map(str, seeds))}.\n")
    print("| rings | median | least | greatest |\n|---|--:|--:|--:|")
    _line("planted", [truth.planted for truth in found])
    _line("alerted", [truth.alerted for truth in found])
    _line("recall", [truth.found / max(1, truth.planted) for truth in found])
    _line("precision", [truth.right / max(1, truth.alerted) for truth in found])
    called = sum((truth.called for truth in found), Counter[tuple[str, str]]())
    names = [*Motif, NOTHING]
    print("\n| planted as, called | " + " | ".join(names) + " |\n|---|" + "--:|" * len(names))
    for kind in MOTIF_OF:
        print(f"| {kind} | " + " | ".join(str(called[kind, str(name)]) for name in names) + " |")
    of_a_motif = sum(number for (kind, _), number in called.items() if MOTIF_OF[kind] is not None)
    named = sum(number for (kind, name), number in called.items() if MOTIF_OF[kind] is not None and name != NOTHING)
    right = sum(number for (kind, name), number in called.items() if MOTIF_OF[kind] == name)
    print(f"\nOf {of_a_motif} matched rings whose kind has a motif {named} were named, {right} of them rightly.")


def _line(name: str, values: Sequence[float]) -> None:
    numbers = (statistics.median(values), min(values), max(values))
    print(f"| {name} | " + " | ".join(f"{number:.2f}".removesuffix(".00") for number in numbers) + " |")


if __name__ == "__main__":
    main()

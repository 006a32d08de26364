"""The store beside its peers: loading a graph, and the capped neighbourhood of random customers and of customers on a hub.

    python -m benchmarks.store --customers 20000 --rounds 3

Every contender runs in a process of its own, in turn, as many rounds as asked; the table shows medians with the least and the greatest.
Times are CPU time of the process, so that a busy machine doesn't blur them; memory is the most that the process held.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.store_graph import applications, batches, size
from benchmarks.store_peers import CONTENDERS, Contender
from graph_model.records import NodeRef

_CAP, _LIMIT = 50, 300
Result = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subjects", type=int, default=300, help="neighbourhoods of each kind")
    parser.add_argument("--applications", type=int, default=5_000, help="applications upserted into the full store")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--json", type=Path, help="write every measurement there too")
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run is not None:
        print(json.dumps(_measure(options)))
        return
    results: dict[str, list[Result]] = {name: [] for name in options.contenders}
    for _ in range(options.rounds):
        for name in options.contenders:
            results[name].append(_in_own_process(name, options))
    _check_answers(results)
    print(_table(results, options))
    if options.json is not None:
        options.json.write_text(json.dumps({"options": vars(options), "results": results}, default=str, indent=1))


def _in_own_process(name: str, options: argparse.Namespace) -> Result:
    arguments = [f"--{key}={getattr(options, key)}" for key in ("customers", "subjects", "applications", "seed")]
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.store", f"--run={name}", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: Result = json.loads(child.stdout)
    return result


# --- in the process of one contender ---------------------------------------------------------------------------------


def _measure(options: argparse.Namespace) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        contender = CONTENDERS[options.run](Path(folder))
        result = _load(contender, options)
        result |= _walk(contender, options)
        new = applications(options.customers, options.applications, options.seed)
        begin = time.process_time()
        contender.write(new)
        result["applications per second"] = options.applications / (time.process_time() - begin)
        contender.close()
        kept = sum(path.stat().st_size for path in Path(folder).iterdir())
        result["bytes per record"] = kept / result["records"]
    result["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def _load(contender: Contender, options: argparse.Namespace) -> Result:
    records, spent = 0, 0.0
    for batch in batches(options.customers, options.seed):
        begin = time.process_time()
        contender.write(batch)
        spent += time.process_time() - begin
        records += size(batch)
    return {"records": records, "records per second": records / spent}


def _walk(contender: Contender, options: argparse.Namespace) -> Result:
    chance = random.Random(options.seed)
    subjects = {
        "random": [
            NodeRef("Customer", f"ID{chance.randrange(options.customers):016}") for _ in range(options.subjects)
        ],
        "on a hub": _on_a_hub(contender, options.subjects),
    }
    result: Result = {}
    check = 0
    for kind, refs in subjects.items():
        for hops in (2, 3):
            spent = []
            for ref in refs:
                begin = time.process_time()
                shown = contender.neighbourhood(ref, hops=hops, cap=_CAP, limit=_LIMIT)
                spent.append((time.process_time() - begin) * 1000)
                check += shown.check
            spent.sort()
            result[f"{hops} hops, {kind}, median ms"] = statistics.median(spent)
            result[f"{hops} hops, {kind}, p95 ms"] = spent[int(len(spent) * 0.95)]
    result["check"] = check
    return result


def _on_a_hub(contender: Contender, count: int) -> list[NodeRef]:
    """Customers whose application came over the public Wi-Fi."""
    around = contender.neighbourhood(NodeRef("IpAddress", "10.0.0.1"), hops=2, cap=count, limit=3 * count)
    return [ref for ref in around.nodes if ref.label == "Customer"][:count]


# --- the table -------------------------------------------------------------------------------------------------------


def _check_answers(results: dict[str, list[Result]]) -> None:
    checks = {name: {round_["check"] for round_ in rounds} for name, rounds in results.items()}
    if len({check for found in checks.values() for check in found}) > 1:
        raise SystemExit(f"The contenders gave different answers: {checks}")


def _table(results: dict[str, list[Result]], options: argparse.Namespace) -> str:
    names = list(results)
    measures = [name for name in results[names[0]][0] if name not in ("check", "records")]
    records = int(results[names[0]][0]["records"])
    lines = [
        f"{options.customers:,} customers, {records:,} graph records, seed {options.seed}, {options.rounds} rounds, "
        f"cap {_CAP}, limit {_LIMIT}; median (least to greatest), and how many times {names[0]}'s the median is",
        "",
        f"| | {' | '.join(names)} |",
        f"|---|{'--:|' * len(names)}",
    ]
    for measure in measures:
        ours = statistics.median(found[measure] for found in results[names[0]])
        cells = [
            _cell([found[measure] for found in results[name]], ours if name != names[0] else None) for name in names
        ]
        lines.append(f"| {measure} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float], ours: float | None) -> str:
    median = statistics.median(values)
    text = f"{_number(median)} ({_number(min(values))} to {_number(max(values))})"
    return text if ours is None or ours == 0 else f"{text}, × {_number(median / ours)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    main()

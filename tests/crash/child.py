"""A process that is about to be killed: it ingests or scores, and says on standard output how far it is. `python -m tests.crash.child JOB …`"""

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from graph_model.stores import open_store


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def ingest(url: str, files: str, quarantine: str, now: str, batch_rows: str, filed: str = "") -> None:
    """Where `filed` is given, the process dies once so many rows or more are filed at both ends of their relationships."""
    import ingest.load
    from graph_model.stores.sqlite import filing

    filing.AT_ONCE = 2 * int(batch_rows)
    ingest.load.PUTS_OFF_BYTES = 0  # these files are small

    def tell(stage: str, done: int, total: int) -> None:
        if filed and stage == "filing" and done >= int(filed):
            os.kill(os.getpid(), signal.SIGKILL)

    say("begun")
    store = open_store(url, create=True)
    report = ingest.load.ingest(
        store,
        [Path(files)],
        quarantine_dir=Path(quarantine),
        now=datetime.fromisoformat(now),
        batch_rows=int(batch_rows),
        on_progress=tell,
    )
    store.close()
    say(f"done {report.read}")


def score(url: str, models: str, as_of: str, scored_at: str, at_once: str) -> None:
    import gnn.score

    gnn.score.AT_ONCE = int(at_once)  # many commits, so that there are as many moments between two of them

    def tell(stage: str, done: int, total: int) -> None:
        say(f"{stage} {done}")

    say("begun")
    store = open_store(url)
    gnn.score.score(
        store,
        as_of=datetime.fromisoformat(as_of),
        scored_at=datetime.fromisoformat(scored_at),
        models=Path(models),
        on_progress=tell,
    )
    store.close()
    say("done")


JOBS = {"ingest": ingest, "score": score}

if __name__ == "__main__":
    JOBS[sys.argv[1]](*sys.argv[2:])

"""A process that is about to be killed: it ingests or scores, and says on standard output how far it is. `python -m tests.crash.child JOB …`"""

import sys
from datetime import datetime
from pathlib import Path

from graph_model.stores import open_store


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def ingest(url: str, files: str, quarantine: str, now: str, batch_rows: str) -> None:
    from ingest.load import ingest as load

    say("begun")
    store = open_store(url, create=True)
    report = load(
        store,
        [Path(files)],
        quarantine_dir=Path(quarantine),
        now=datetime.fromisoformat(now),
        batch_rows=int(batch_rows),
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

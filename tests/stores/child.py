"""Another process on the same store, for the tests of several: `python -m tests.stores.child COMMAND URL [NUMBER]`. Says on stdout what it did."""

import os
import sys
import time
from collections.abc import Callable

from graph_model import moving
from graph_model.records import AuditRecord, GraphBatch
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.stores.scenarios import batch, customer, day, device, edge

# Each batch brings so many customers, on a device of their own that leads back to the device of the batch before.
CUSTOMERS = 40


def numbered(number: int) -> GraphBatch:
    """The n-th batch; written again it is the same."""
    own = device(f"d{number}")
    return batch(
        *(edge("USES_DEVICE", customer(f"c{number}-{i}"), own, i) for i in range(CUSTOMERS)),
        edge("HUMAN_LINK", own, device(f"d{max(0, number - 1)}"), 1),
    )


def write(store: GraphStore, count: int) -> None:
    for number in range(count):
        store.upsert(numbered(number), state={"written": str(number + 1)})
        say(number + 1)


def read(store: GraphStore, count: int) -> None:
    """Reads until `count` batches are there; what it sees is whole batches, and never fewer than before."""
    seen = 0
    while seen < count:
        customers = len(store.scan_nodes("Customer").handles)
        batches, rest = divmod(customers, CUSTOMERS)
        assert rest == 0, f"half a batch: {customers} customers"
        assert batches >= seen, "the graph shrank"
        edges = store.scan_edges("USES_DEVICE", "Customer", "Device")
        assert len(edges.start) >= customers, "customers without their edges"
        seen = batches
        if batches > 0:
            found = store.get(device(f"d{batches - 1}"))
            assert found is not None
            around = store.neighbourhood(found.node_id, hops=2)
            ids = {node.node_id for node in around.nodes}
            assert all({e.start, e.end} <= ids for e in around.edges)
    say(seen)


def hold(store: GraphStore, seconds: int) -> None:
    """Hold the store for a long job and write all the while."""
    with store.writing("ingest"):
        say("holding")
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            store.upsert(numbered(number))
            number += 1


LINES = 5  # of the audit chain, in every batch


def audit(store: GraphStore, count: int) -> None:
    """Appends so many batches of lines, each line naming its process, batch and place in it."""
    actor = f"worker-{os.getpid()}"
    for number in range(count):
        lines = [
            AuditRecord(day(number), actor, "risk_engine", "assess", [f"{number}-{i}"], "ok", {"batch": number})
            for i in range(LINES)
        ]
        say(store.append_audit(lines)[-1].sequence)


def move(store: GraphStore, page: int, target: str) -> None:
    """Copies the store elsewhere in pages of so many records, and says after each how many it is at."""
    moving.PAGE = page
    opened = open_store(target, create=True)
    moving.copy(store, opened, on_progress=lambda stage, done, total: say(done))
    opened.close()


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> None:
    command, url, number, *rest = sys.argv[1:]
    store = open_store(url)
    commands: dict[str, Callable[..., None]] = {
        "write": write,
        "read": read,
        "hold": hold,
        "audit": audit,
        "move": move,
    }
    commands[command](store, int(number), *rest)
    store.close()


if __name__ == "__main__":
    main()

"""The whole examination, area by area. What fails in one of them is a finding and keeps none of the others from being looked at."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from api.audit_head import HeadFile
from api.bootstrap import audit_head
from api.doctor import graph, installed, places, served
from api.doctor.findings import Area, Finding
from api.gate import policy_of
from api.secrets import FILE_NAME
from api.settings import Settings
from graph_model.errors import GuanxiError, StoreError
from graph_model.store import GraphStore, OnProgress
from graph_model.stores import open_store


def examine(
    settings: Settings, *, url: str | None, quick: bool, now: datetime, on_progress: OnProgress
) -> Iterator[Finding]:
    """Changes nothing, but brings a graph of an older version up to date."""
    yield from _guarded(installed.AREA, "installed", installed.findings)
    address = settings.store_address
    yield from _guarded(places.AREA, "places", lambda: places.findings(settings.home, settings.store_file, now=now))
    if url is not None:
        yield from _guarded(served.AREA, "api", lambda: served.findings(url, now=now))
    try:
        begun = time.perf_counter()
        with _opened(address) as (store, upgraded):
            seconds = time.perf_counter() - begun
            if upgraded:
                yield graph.REACHED.ok("upgrade", "it was of an older version and is up to date now")
            yield from _guarded(graph.REACHED, "store", lambda: graph.reached(store, seconds=seconds))
            yield from _guarded(graph.SIZE, "size", lambda: graph.sizes(store))
            yield from _guarded(graph.AGE, "age", lambda: graph.ages(store, now=now))
            yield from _guarded(graph.AGE, "gate", lambda: graph.gate_age(store, policy_of(settings), now=now))
            head = _head(settings, store)
            sound = lambda: graph.soundness(store, head, quick=quick, on_progress=on_progress)  # noqa: E731 - as the others
            yield from _guarded(graph.SOUND, "graph", sound)
    except GuanxiError as exc:
        yield graph.REACHED.failed("store", exc)


def _guarded(area: Area, name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except GuanxiError as exc:
        yield area.failed(name, exc)
    except OSError as exc:
        yield area.problem(
            name,
            f"It could not be looked at: {exc.strerror}.",
            "Mend the permissions or the disk.",
            code="file.unusable",
        )


@contextmanager
def _opened(address: str) -> Iterator[tuple[GraphStore, bool]]:
    """Read-only, so that a damaged file is left as it was found; whether it was brought up to date."""
    upgraded = False
    try:
        store = open_store(address, read_only=True)
    except StoreError as exc:
        if exc.code != "store_older":
            raise
        store, upgraded = open_store(address), True
    try:
        yield store, upgraded
    finally:
        store.close()


def _head(settings: Settings, store: GraphStore) -> HeadFile | None:
    """None for a copy, whose head is in another home: where no secret is, none was ever signed, and looking must not make one."""
    if not settings.secret.get_secret_value() and not (settings.home / FILE_NAME).exists():
        return None
    return audit_head(settings, store.address)

"""One server process: it takes requests until it is told to stop, answers what it has taken, and returns."""

import os
import signal
import socket
import sys
import threading
from contextlib import suppress

import uvicorn

from api.app import create_app
from api.bootstrap import build
from api.logs import log
from api.settings import Settings
from graph_model.errors import StoreError
from graph_model.services.unfinished import take_back_unfinished
from graph_model.store import GraphStore


def serve(settings: Settings, listening: socket.socket) -> None:
    """Raises a GuanxiError where the store, the secret or the users can't be opened."""
    runtime = build(settings)
    # In a graph of a million customers this takes a minute, and nobody should have to wait for it: until it is done, scores say of
    # themselves that theirs is not complete, as while a scoring is at work.
    taking_back = threading.Thread(target=_take_back, args=(runtime.store,), daemon=True, name="take back")
    if not settings.read_only:
        taking_back.start()
    config = uvicorn.Config(
        create_app(settings, runtime),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=settings.stop_seconds,
        ws="none",
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn ends what is running, and then raises the signal again: to us, so that a stop is no failure.
    signal.signal(signal.SIGTERM, stop)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if taking_back.is_alive():
        # The store is closed by now, so it ends with the piece at hand. The next server begins again.
        taking_back.join(settings.stop_seconds)
    left = runtime.workers.running
    log.info("serve.stopped", left=left)
    if left > 0:  # they hang in the store; Python would wait for their threads for ever
        sys.stderr.flush()
        os._exit(1)


def _take_back(store: GraphStore) -> None:
    """What a load or a scoring that was killed left half done; one that is at work is left alone, and so is one that can't be taken back now."""
    try:
        if not store.loading() and store.unfinished_scoring() is None:
            return
        with store.writing("finish what was broken off"):
            left = take_back_unfinished(store)
    except StoreError as exc:
        log.warning("scoring.unfinished", code=exc.code)
    else:
        if left is not None:
            log.warning("scoring.taken_back", as_of=left.as_of.isoformat(), model=left.model_version)

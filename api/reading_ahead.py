"""Reading ahead: a server's first neighbourhoods must not wait for the disk, so the store's file is read beside its start."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.logs import log
from graph_model.stores.read_ahead import read_ahead


@contextmanager
def reading_ahead(address: str, *, wanted: bool) -> Iterator[threading.Thread | None]:
    """Beside what runs inside, and no longer than that. Where the file can't be read the store tells it better, to whoever asks."""
    if not wanted:
        yield None
        return
    stop = threading.Event()
    reading = threading.Thread(target=_read, args=(address, stop), daemon=True, name="read ahead")
    reading.start()
    try:
        yield reading
    finally:
        stop.set()


def _read(address: str, stop: threading.Event) -> None:
    try:
        read = read_ahead(address, stop)
    except OSError as exc:
        log.warning("serve.read_ahead", error=type(exc).__name__)
    else:
        log.info("serve.read_ahead", mb=read // 1024**2)

"""The supervisor of several server processes on one socket: it starts them, replaces one that died, passes a stop on, and waits for them.

Each worker is a whole server with its own threads; they share the socket, the store's file and its audit chain, and the folder where metrics add up.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from api.logs import log
from graph_model.errors import GuanxiError

POLL_SECONDS = 0.1
YOUNG_SECONDS = 10.0  # a worker that dies younger counts as one that can't start
MOST_YOUNG_DEATHS = 5
GRACE_SECONDS = 5.0  # beyond what a worker gives its own operations


class WorkersFailing(GuanxiError):
    """Workers die as soon as they are started."""

    code = "serve.workers"

    def __init__(self) -> None:
        super().__init__("The workers end as soon as they are started. Their log says why.")


@dataclass(frozen=True, slots=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    started: float


class Supervisor:
    """`environment` tells the workers their settings."""

    def __init__(
        self, listening: socket.socket, *, workers: int, environment: Mapping[str, str], stop_seconds: float
    ) -> None:
        self._listening = listening
        self._workers = workers
        self._environment = environment
        self._patience = stop_seconds + GRACE_SECONDS
        self._stopping = threading.Event()
        self._running: list[_Worker] = []
        self._young_deaths = 0

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises WorkersFailing."""
        metrics = tempfile.mkdtemp(prefix="guanxi-metrics-")
        lifeline, held = os.pipe()
        before = {kind: signal.signal(kind, self._stop) for kind in (signal.SIGTERM, signal.SIGINT)}
        try:
            for _ in range(self._workers):
                self._start(metrics, lifeline)
            while not self._stopping.wait(POLL_SECONDS):
                self._replace_dead(metrics, lifeline)
        finally:
            self._end()
            for kind, handler in before.items():
                signal.signal(kind, handler)
            os.close(lifeline)
            os.close(held)
            shutil.rmtree(metrics, ignore_errors=True)

    def _stop(self, _: int, __: FrameType | None) -> None:
        self._stopping.set()

    def _start(self, metrics: str, lifeline: int) -> None:
        descriptor = self._listening.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "api.worker", str(descriptor), str(lifeline)],
            env={**os.environ, **self._environment, "PROMETHEUS_MULTIPROC_DIR": metrics},
            stdin=subprocess.DEVNULL,
            pass_fds=(descriptor, lifeline),
            start_new_session=True,  # Ctrl-C reaches us only, and we pass it on once
        )
        self._running.append(_Worker(process, time.monotonic()))
        log.info("worker.started", worker=process.pid)

    def _replace_dead(self, metrics: str, lifeline: int) -> None:
        for worker in list(self._running):
            status = worker.process.poll()
            if status is None:
                continue
            self._running.remove(worker)
            mark_process_dead(worker.process.pid, metrics)  # type: ignore[no-untyped-call]
            young = time.monotonic() - worker.started < YOUNG_SECONDS
            self._young_deaths = self._young_deaths + 1 if young else 0
            log.error("worker.died", worker=worker.process.pid, status=status)
            if self._young_deaths >= MOST_YOUNG_DEATHS:
                raise WorkersFailing
            self._start(metrics, lifeline)

    def _end(self) -> None:
        """Stop all, each with the time that its operations may take."""
        for worker in self._running:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._patience
        for worker in self._running:
            try:
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("worker.killed", worker=worker.process.pid)
                worker.process.kill()
                worker.process.wait()

"""Real server processes for tests that stop, kill or crowd them."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from api.auth import begin_session
from api.bootstrap import build
from api.settings import Settings
from graph_model.principal import Role
from graph_model.stores import open_store
from tests.fixtures import reference_case
from tests.fixtures.reference_case import ReferenceCase


@dataclass
class Home:
    """A home folder with users, a graph of the reference case, and a session for each role."""

    path: Path
    case: ReferenceCase
    tokens: dict[Role, str]

    def headers(self, role: Role = Role.INVESTIGATOR) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def audit(self) -> list[Any]:
        store = open_store(Settings(home=self.path).store_address, read_only=True)
        try:
            found: list[Any] = []
            while len(lines := store.audit(after=len(found), limit=20_000)) > 0:
                found += lines
            return found
        finally:
            store.close()


def make_home(users: Path, folder: Path) -> Home:
    shutil.copy(users / "users.json", folder)
    settings = Settings(home=folder)
    store = open_store(settings.store_address, create=True)
    case = reference_case.load(store)
    store.close()
    runtime = build(settings)
    people = {role: next(user for user in runtime.users.all() if user.name == role.value) for role in Role}
    tokens = {role: begin_session(runtime, people[role], now=runtime.clock())[0] for role in Role}
    runtime.store.close()
    return Home(folder, case, tokens)


@dataclass
class Serving:
    """`guanxi serve` in a process of its own."""

    process: "subprocess.Popen[str]"
    url: str
    home: Home
    log: Path

    def ask(self, query: str, variables: dict[str, Any] | None = None, *, role: Role = Role.INVESTIGATOR) -> Any:
        body = {"query": query, "variables": variables}
        return httpx.post(f"{self.url}/graphql", json=body, headers=self.home.headers(role), timeout=60).json()

    def metrics(self) -> str:
        """What Prometheus would read, as the operator."""
        return httpx.get(f"{self.url}/metrics", headers=self.home.headers(Role.OPERATOR), timeout=30).text

    def processes(self) -> list[psutil.Process]:
        """The server and the workers that it started, the server first."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children()]

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [line for line in self.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def stop(self, seconds: float = 40) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def serving_process(home: Home, *options: str, ready: int = 200, **environment: str) -> Iterator[Serving]:
    """Waits until it answers, with status `ready`; ends it and whatever it started."""
    log = home.path / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--home", str(home.path), *options],
            stderr=output,
            text=True,
            env={**os.environ, "GUANXI_RATE_CAPACITY": "10000000", **environment},
        )
    served = Serving(process, "", home, log)
    try:
        while len(started := served.events("serve")) == 0:
            assert process.poll() is None, log.read_text()
        served.url = f"http://127.0.0.1:{started[0]['port']}"
        transport = httpx.HTTPTransport(retries=10)  # the socket is bound a moment before it listens
        with httpx.Client(transport=transport, timeout=60) as http:
            assert http.get(f"{served.url}/readyz").status_code == ready
        yield served
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def held_for_writing(home: Home) -> Iterator[None]:
    """Nobody else gets to write meanwhile."""
    connection = sqlite3.connect(home.path / "guanxi.db", isolation_level=None, timeout=10)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()

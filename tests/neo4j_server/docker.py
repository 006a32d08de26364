"""The same server as a container, where a Docker engine answers. Same verbs as `server.Neo4jServer`."""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.neo4j_server import bolt

IMAGE = "neo4j:5.26-community"
_ENGINE_SECONDS = 10


def engine_answers() -> bool:
    """Whether the client is here and reaches an engine."""
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=_ENGINE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@dataclass(slots=True)
class DockerServer:
    """A container that keeps its data, port and password over kill and restart."""

    port: int
    password: str = field(repr=False)
    heap_mb: int = 512
    page_cache_mb: int = 64
    _container: str | None = field(default=None, init=False, repr=False)

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def user(self) -> str:
        return bolt.USER

    def start(self) -> None:
        """Returns when a query is answered over bolt; the first start pulls the image."""
        bolt.require_free(self.port)
        if self._container is None:
            settings = (
                f"NEO4J_server_bolt_advertised__address=127.0.0.1:{self.port}",
                f"NEO4J_server_memory_heap_max__size={self.heap_mb}m",
                f"NEO4J_server_memory_pagecache_size={self.page_cache_mb}m",
                "NEO4J_dbms_usage__report_enabled=false",
                "NEO4J_AUTH",  # by name only: the value stays out of the process list
            )
            variables = [word for setting in settings for word in ("--env", setting)]
            publish = ["--publish", f"127.0.0.1:{self.port}:7687"]
            self._container = self._docker("run", "--detach", *publish, *variables, IMAGE).splitlines()[-1]
        else:
            self._docker("start", self._container)
        bolt.wait(self.uri, self.password, alive=self._alive, last_words=self._last_words)

    def kill(self) -> None:
        """SIGKILL; the container and its data stay."""
        if self._container is not None and self._alive():
            self._docker("kill", self._container)

    def restart(self) -> None:
        """The same container again."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """SIGTERM and wait; the container and its data stay."""
        if self._container is not None:
            self._docker("stop", self._container)

    def remove(self) -> None:
        """The container, its data and its process go."""
        if self._container is not None:
            self._docker("rm", "--force", "--volumes", self._container)
            self._container = None

    def _alive(self) -> bool:
        return self._docker("inspect", "--format", "{{.State.Running}}", self._container or "") == "true"

    def _last_words(self) -> str:
        return f"The container's last lines:\n{self._docker('logs', '--tail', '25', self._container or '')}"

    def _docker(self, *words: str) -> str:
        done = subprocess.run(
            ["docker", *words],
            env={**os.environ, "NEO4J_AUTH": f"{bolt.USER}/{self.password}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise bolt.StartFailed(f"`docker {words[0]}` failed: {done.stdout.strip()[-2000:]}")
        return done.stdout.strip()


@contextlib.contextmanager
def running() -> Iterator[DockerServer]:
    """A fresh, empty server on a free port; the container is gone afterwards."""
    server = DockerServer(bolt.free_port(), secrets.token_hex(16))
    try:
        server.start()
        yield server
    finally:
        server.remove()

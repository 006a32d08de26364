"""One Neo4j Community process on loopback: a home of its own, and start, kill, restart and stop.

Also a command: `python -m tests.neo4j_server.server --port 7687 --home DIR` runs one until Ctrl-C.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from tests.neo4j_server import bolt, jars

_SHUTDOWN_SECONDS = 60
_LOG_LINES_SHOWN = 25

_JVM_OPTIONS = (
    # The serial collector needs the fewest threads and the least memory; the tests share their cores with the server.
    "-XX:+UseSerialGC",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
)

_CONF = """\
server.bolt.enabled=true
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
dbms.security.auth_enabled=true
dbms.usage_report.enabled=false
server.memory.pagecache.size={page_cache_mb}m
# Half a gigabyte of empty log files per home otherwise.
db.tx_log.preallocate=false
# Ten idle seconds per shutdown otherwise.
internal.server.bolt.thread_pool_shutdown_wait_time=0s
"""


@dataclass(slots=True)
class Neo4jServer:
    """A server whose home, port and password stay, so that after a kill it comes back as the same one."""

    home: Path
    port: int
    password: str = field(repr=False)
    lib: Path
    heap_mb: int = 512
    page_cache_mb: int = 64
    quick_start: bool = False
    """Only the first of Java's two compilers: half the CPU to start, less speed later. For tests, not for timings."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def user(self) -> str:
        return bolt.USER

    @property
    def pid(self) -> int | None:
        """The running process; None before start and after its end."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Returns when a query is answered over bolt."""
        bolt.require_free(self.port)
        self._write_home()
        compiler = ["-XX:TieredStopAtLevel=1"] if self.quick_start else []
        command = [jars.java(), f"-Xmx{self.heap_mb}m", *compiler, *_JVM_OPTIONS, "-cp", f"{self.lib}/*"]
        arguments = [f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}", "--console-mode"]
        with self._console.open("ab") as console:
            # In our process group: Ctrl-C and `timeout` reach the server too, so neither leaves an orphan.
            self._process = subprocess.Popen(
                [*command, jars.entry_class(self.lib), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        try:
            bolt.wait(self.uri, self.password, alive=lambda: self.pid is not None, last_words=self._last_words)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """As a crash does it: SIGKILL, nothing flushed, nobody told."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """The same server again, from whatever is on its disk."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """SIGTERM and wait; SIGKILL where that is not enough."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def wait(self) -> int:
        """Blocks until the process ends; its exit status."""
        return 0 if self._process is None else self._process.wait()

    @property
    def _console(self) -> Path:
        return self.home / "logs" / "console.log"

    def _last_words(self) -> str:
        with self._console.open(encoding="utf-8", errors="replace") as lines:
            tail = "".join(deque(lines, _LOG_LINES_SHOWN))
        return f"More in {self._console.parent}; its last lines:\n{tail}"

    def _write_home(self) -> None:
        conf = self.home / "conf" / "neo4j.conf"
        for folder in (conf.parent, self._console.parent):
            folder.mkdir(parents=True, exist_ok=True)
        conf.write_text(_CONF.format(port=self.port, page_cache_mb=self.page_cache_mb), encoding="utf-8")
        if (self.home / "data").exists():
            return
        tool = [jars.java(), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", f"{self.lib}/*", "org.neo4j.cli.AdminTool"]
        done = subprocess.run(
            [*tool, "dbms", "set-initial-password", self.password],
            env={**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(conf.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise bolt.StartFailed(f"Neo4j refused its password or its neo4j.conf:\n{done.stderr.strip()[:2000]}")


@contextlib.contextmanager
def running(*, heap_mb: int = 512, page_cache_mb: int = 64, quick_start: bool = True) -> Iterator[Neo4jServer]:
    """A fresh, empty server on a free port; process and home are gone afterwards."""
    lib = jars.fetch()
    home = Path(tempfile.mkdtemp(prefix="guanxi-neo4j-"))
    server = Neo4jServer(home, bolt.free_port(), secrets.token_hex(16), lib, heap_mb, page_cache_mb, quick_start)
    try:
        server.start()
        yield server
    finally:
        server.kill()  # Nobody opens this home again, so nothing needs an orderly shutdown.
        shutil.rmtree(home, ignore_errors=True)


def main(
    home: Annotated[Path, typer.Option(help="Folder of the data. Kept, and used again the next time.")],
    port: Annotated[int, typer.Option(help="Bolt port on loopback.")] = 7687,
    password: Annotated[str | None, typer.Option(help="Made up where none is given; kept in the home.")] = None,
    heap_mb: Annotated[int, typer.Option(help="Java heap.")] = 512,
    page_cache_mb: Annotated[int, typer.Option(help="Cache of the store files.")] = 64,
) -> None:
    """Runs a Neo4j for a developer until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    home = home.resolve()
    try:
        server = Neo4jServer(home, port, kept_password(home, password), jars.fetch(), heap_mb, page_cache_mb)
        server.start()
    except (jars.ServerUnavailable, bolt.StartFailed) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc
    typer.echo(f"NEO4J_URI={server.uri}\nNEO4J_USER={server.user}\nNEO4J_PASSWORD={server.password}")
    typer.echo(
        f"Neo4j {jars.version()} runs as process {server.pid}; its data is in {home}. Ctrl-C stops it.", err=True
    )
    try:
        raise typer.Exit(server.wait())
    except KeyboardInterrupt:
        server.stop()


def kept_password(home: Path, given: str | None) -> str:
    """The home's own password, chosen when the home was made."""
    kept = home / "password"
    if not kept.exists():
        home.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(given or secrets.token_hex(16), encoding="utf-8")
    password = kept.read_text(encoding="utf-8").strip()
    if given not in (None, password):
        raise bolt.StartFailed(f"{home} has another password. Leave out --password, or choose another --home.")
    return password


if __name__ == "__main__":
    typer.run(main)

"""`make demo STORE=neo4j`: the demo on a Neo4j of its own, which is started before and stopped after. Arguments go to `guanxi demo`."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from tests.neo4j_server import bolt, jars
from tests.neo4j_server.server import Neo4jServer, kept_password

_HOME = Path("var/neo4j-demo")
_HEAP_MB = 1024
_PAGE_CACHE_MB = 256


def main(arguments: list[str]) -> int:
    home = _HOME.resolve()
    try:
        server = Neo4jServer(home, bolt.free_port(), kept_password(home, None), jars.fetch(), _HEAP_MB, _PAGE_CACHE_MB)
        server.start()
    except (jars.ServerUnavailable, bolt.StartFailed) as exc:
        typer.echo(str(exc), err=True)
        return 1
    store = server.uri.replace("://", f"://{server.user}:{server.password}@", 1)
    try:
        guanxi = Path(sys.executable).with_name("guanxi")
        # By the environment: the process list shows a command line, and with it the password, to everyone.
        environment = {**os.environ, "GUANXI_DEMO_STORE": store}
        return subprocess.run([guanxi, "demo", *arguments], check=False, env=environment).returncode
    except KeyboardInterrupt:
        return 130
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

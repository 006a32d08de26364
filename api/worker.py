"""One of several server processes on one socket: `python -m api.worker SOCKET LIFELINE`, started by `api.supervisor` and by nobody else.

SOCKET and LIFELINE are descriptors that were inherited. The supervisor holds the other end of LIFELINE: when it is gone, so is the worker.
"""

import os
import signal
import socket
import sys
import threading

from api.cli.terminal import fail, settings_from
from api.logs import configure
from api.serving import serve


def main() -> None:
    listening, lifeline = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    settings = settings_from()
    configure(settings.log_level, json=settings.log_json)
    threading.Thread(target=_die_with_the_supervisor, args=(lifeline,), daemon=True).start()
    try:
        serve(settings, listening)
    except Exception as exc:  # the boundary to the supervisor: no traceback reaches a user
        sys.exit(fail(exc))


def _die_with_the_supervisor(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()

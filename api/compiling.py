"""Compiling ahead: a server's first assessment on a machine must not wait for the kernels, so a process of its own compiles them at the start."""

import subprocess
from contextlib import AbstractContextManager, nullcontext

from api.beside import beside

# Gently: whoever asks something meanwhile comes first.
_PROGRAM = "import os; os.nice(10); from gnn.warm import warm; warm()"


def compiling_ahead(*, wanted: bool) -> AbstractContextManager["subprocess.Popen[bytes] | None"]:
    """`gnn.warm` beside what runs inside: two seconds where everything is compiled, some ten more where nothing is."""
    return beside("-c", _PROGRAM) if wanted else nullcontext()

"""Which process a pid means. Pids are given again, after a reboot or in the next container; a boot, a pid namespace and a moment of start are not.

Linux tells all three in /proc. Where there is none, nothing more than "a process has this pid" can be said, and nobody is killed for that.
"""

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """`host`, `place` (boot and pid namespace) and `began` (clock ticks since that boot); the last two are empty where nobody tells them."""

    pid: int
    host: str
    place: str
    began: str

    @property
    def certain(self) -> bool:
        """Whether it can be told from every other process that ever had its pid."""
        return self.place != "" and self.began != ""


def identify(pid: int) -> Process:
    """The process that has this pid here and now."""
    return Process(pid, this_host(), this_place(), _field(pid, _BEGAN))


def is_here(process: Process) -> bool:
    """Whether its pid can be looked up here: the same machine since the same boot, and the same container."""
    return process.host == this_host() and process.place == this_place()


def is_running(process: Process) -> bool:
    """Whether a process that `is_here` is still there. Without /proc another one that got its pid is taken for it."""
    if not is_alive(process.pid):
        return False
    return process.began == "" or process.began == _field(process.pid, _BEGAN)


def is_alive(pid: int) -> bool:
    """Whether any process of this machine has the pid and is no mere remnant of one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _field(pid, _STATE) != "Z"


def this_host() -> str:
    return socket.gethostname()


@cache
def this_place() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


_STATE, _BEGAN = 3, 22  # of /proc/PID/stat, as proc(5) counts them


def _field(pid: int, number: int) -> str:
    """Empty where nobody tells it."""
    try:
        told = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The second field is a name in parentheses that may hold anything; those after it are told apart by blanks.
    return told.rpartition(")")[2].split()[number - 3]

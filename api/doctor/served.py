"""A server at its address: does it live, is it ready, how fast, and what time does it think it is?"""

import time
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from api.doctor.findings import SKEW_SECONDS, Area, Finding
from graph_model.stores import without_password

AREA = Area("served")
_SECONDS = 10.0
_SLOW_MS = 1_000.0


def findings(url: str, *, now: datetime) -> Iterator[Finding]:
    """Asks `/healthz` and `/readyz`, which anybody may."""
    base = without_password(url.rstrip("/"))
    try:
        with httpx.Client(timeout=_SECONDS) as http:
            begun = time.perf_counter()
            alive = http.get(f"{url.rstrip('/')}/healthz")
            milliseconds = (time.perf_counter() - begun) * 1000
            ready = http.get(f"{url.rstrip('/')}/readyz")
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        yield AREA.problem(
            "api",
            f"Nothing answers at {base} ({type(exc).__name__}).",
            "Start it with `guanxi serve`, or mend the address.",
            code="doctor.unreachable",
        )
        return
    if alive.status_code != httpx.codes.OK or b"alive" not in alive.content:
        yield AREA.problem(
            "api",
            f"What answers at {base} is no Guanxi (status {alive.status_code}).",
            "Mend the address.",
            code="doctor.unreachable",
        )
        return
    yield AREA.ok("api", f"{base} answers in {milliseconds:,.0f} ms", ms=round(milliseconds, 1))
    if ready.status_code != httpx.codes.OK:
        code = _code(ready)
        yield AREA.problem(
            "ready", f"It is not ready: {code}.", "The other lines say why; else look into its log.", code=code
        )
    elif (slow := _milliseconds(ready)) is None:
        yield AREA.warning(
            "ready", "It doesn't say how fast its graph answers: it is of another version.", "Update it."
        )
    elif slow > _SLOW_MS:
        yield AREA.warning(
            "ready",
            f"Its graph answers in {slow:,.0f} ms.",
            "Look at the disk and at what else the machine does.",
            ms=slow,
        )
    else:
        yield AREA.ok("ready", f"its graph answers in {slow:,.1f} ms", ms=slow)
    skew = _skew(alive, now)
    if abs(skew) > SKEW_SECONDS:
        yield AREA.warning(
            "clock", f"Its clock differs from this machine's by {abs(skew):,.0f} s.", "Set both by NTP.", skew=skew
        )


def _milliseconds(answer: httpx.Response) -> float | None:
    try:
        return float(answer.json()["ms"])
    except (ValueError, LookupError, TypeError):
        return None


def _skew(answer: httpx.Response, now: datetime) -> float:
    """Seconds by which its clock is ahead; 0 where it doesn't tell the time."""
    try:
        return (parsedate_to_datetime(answer.headers["date"]) - now).total_seconds()
    except (ValueError, LookupError, TypeError):
        return 0.0


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["errors"][0]["extensions"]["code"])
    except (ValueError, LookupError, TypeError):
        return f"status {answer.status_code}"

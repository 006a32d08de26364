"""`guanxi doctor`: everything that can be wrong with an installation, a line each, and what to do about it."""

import sys
from datetime import datetime
from typing import Annotated

import orjson
import typer

from api.cli.terminal import HomeOption, StoreOption, out, progress_bar, settings_from
from api.doctor.findings import Finding, Level, Unwell, problems
from api.version import product_version
from graph_model.store import utc_now

_STYLES = {Level.WARNING: "yellow", Level.PROBLEM: "red"}


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what reads the whole graph and its audit chain.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    url: Annotated[str | None, typer.Option(help="Look at the server at this address too.")] = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Say what is installed, reachable, writable, how big, how old and how sound, and what to do. A graph of an older version is brought
    up to date. The exit status is that of the first problem; warnings leave it 0."""
    from api.doctor.examine import examine

    settings, now = settings_from(home=home, store=store), utc_now()
    found: list[Finding] = []
    with progress_bar() as on_progress:
        for finding in examine(settings, url=url, quick=quick, now=now, on_progress=on_progress):
            found.append(finding)
            if not as_json:
                _tell(finding)
    if as_json:
        sys.stdout.write(_json(found, now) + "\n")
    elif len(problems(found)) == 0:
        warnings = sum(finding.level is Level.WARNING for finding in found)
        told = f"No problem was found, {warnings} {'warning' if warnings == 1 else 'warnings'}."
        out.print(told if warnings > 0 else "All is well.")
    wrong = problems(found)
    if len(wrong) > 0:
        more = f" ({len(wrong) - 1} more above)" if len(wrong) > 1 else ""
        raise Unwell(f"{wrong[0].message} {wrong[0].advice}".strip() + more, code=wrong[0].code)


def _tell(finding: Finding) -> None:
    told = f"{finding.level:<8} {finding.area + ' ' + finding.name:<26} {finding.message}"
    out.print(f"{told} {finding.advice}".rstrip(), style=_STYLES.get(finding.level))


def _json(found: list[Finding], now: datetime) -> str:
    report = {
        "version": product_version(),
        "at": now.isoformat(),
        "ok": len(problems(found)) == 0,
        "findings": [finding.plain() for finding in found],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()

"""What commands share: settings from options, progress bars, and errors as one clear line."""

import errno
import os
import sys
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from api.errors import describe_locally
from api.settings import Settings
from graph_model.errors import GuanxiError
from graph_model.store import OnProgress

# Wider than any table: what reads a pipe is to find every id whole.
_NO_TERMINAL = 10_000
# Markup is off: a message may hold brackets.
out = Console(highlight=False, soft_wrap=True, markup=False, width=None if sys.stdout.isatty() else _NO_TERMINAL)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Folder of users, secret and graph [GUANXI_HOME, else ./var].")
]
StoreOption = Annotated[
    str | None, typer.Option("--store", help="Address of the graph [GUANXI_STORE, else guanxi.db in the home folder].")
]


def columns(*names: str, whole: Collection[str] = ()) -> Table:
    """A plain table. Those of its columns that are `whole`, ids and what else is typed again, are cut last."""
    headers = (Column(name, no_wrap=name in whole, overflow="fold") for name in names)
    return Table(*headers, box=None, pad_edge=False)


def typed(text: str) -> str:
    """What was given as an argument; - stands for a line of standard input."""
    return sys.stdin.readline().strip() if text == "-" else text


class SettingsInvalid(GuanxiError):
    """A GUANXI_… variable that makes no sense."""

    code = "settings.invalid"


def settings_from(**given: object) -> Settings:
    """Options win over GUANXI_… variables, and those over a .env file. Raises SettingsInvalid."""
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate(Settings(**chosen))  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as exc:
        wrong = "; ".join(f"GUANXI_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in exc.errors())
        raise SettingsInvalid(f"A setting makes no sense: {wrong}.") from exc


class FileTrouble(GuanxiError):
    """A file or folder that the machine won't read or write."""

    code = "file.unusable"

    def __init__(self, error: OSError) -> None:
        words = error.strerror or str(error)
        what = f"{error.filename}: {words}" if error.filename is not None else words
        if error.errno == errno.ENOSPC or "No space left on device" in str(error):  # Polars gives no number
            super().__init__(f"{what}. Free some space and run it again; what was committed is safe.", code="disk.full")
        else:
            super().__init__(f"{what}. Choose another place, or mend its permissions.")


def fail(exc: BaseException) -> int:
    """Prints an error as one line with its code and what to do next; returns the exit status."""
    if isinstance(exc, OSError) and str(exc):
        exc = FileTrouble(exc)
    described = describe_locally(exc)
    message, hint = described.message, described.outcome.hint
    if not isinstance(exc, GuanxiError):
        place = traceback.extract_tb(exc.__traceback__)[-1:] if exc.__traceback__ is not None else []
        where = f" ({type(exc).__name__} at {Path(place[0].filename).name}:{place[0].lineno})" if place else ""
        message, hint = f"Something failed that should not have{where}. Nothing that was committed is lost.", None
        if os.environ.get("GUANXI_TRACEBACK"):
            traceback.print_exception(exc, file=sys.stderr)
        else:
            hint = "Run it again with GUANXI_TRACEBACK=1 to see where."
    err.print(f"error [{described.code}]: {message}{f' {hint}' if hint else ''}", style="red")
    return described.outcome.exit


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """A bar per stage on a terminal, nothing elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total or None)
            progress.update(tasks[stage], completed=done, total=total or None)

        yield report

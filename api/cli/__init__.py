"""The command line, `guanxi`: thin commands over the functions of the product. Heavy parts are imported when a command needs them."""

import os
import sys

import typer

from api.cli import (
    audience,
    audit,
    blocklist,
    consent,
    data,
    doctoring,
    explaining,
    jobs,
    keys,
    mapping,
    models,
    moving,
    people,
    referrals,
    restoring,
    run,
    scoring,
    segments,
    servers,
    tags,
    training,
)
from api.cli.terminal import fail
from api.logs import configure

app = typer.Typer(
    name="guanxi",
    help="Graph-first investigation and anti-fraud for consumer lenders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data.register(app)
doctoring.register(app)
moving.register(app)
restoring.register(app)
scoring.register(app)
explaining.register(app)
training.register(app)
servers.register(app)
run.register(app)
app.add_typer(mapping.app, name="mapping")
app.add_typer(models.app, name="models")
app.add_typer(people.app, name="users")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.add_typer(blocklist.app, name="blocklist")
app.add_typer(jobs.app, name="jobs")
app.add_typer(tags.app, name="tags")
app.add_typer(segments.app, name="segments")
app.add_typer(consent.app, name="consent")
app.add_typer(referrals.app, name="referrals")
app.add_typer(audience.app, name="audience")


def main() -> None:
    """Every expected failure is one line on stderr with its code, and an exit status from api/errors.py."""
    configure(os.environ.get("GUANXI_LOG_LEVEL", "warning"), json=False)
    try:
        app()
    except Exception as exc:  # the boundary to the shell: no traceback reaches a user
        sys.exit(fail(exc))

"""`guanxi keys`: API keys for machines."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.terminal import HomeOption, columns, err, out, settings_from
from graph_model.principal import Role
from graph_model.store import utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from api.keys import Keys

app = typer.Typer(
    help="API keys for machines. They hang on the server's secret: with another GUANXI_SECRET none of them is good any more.",
    no_args_is_help=True,
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whom the key is for: lower-case letters, digits or any of _ . -")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(Role)}.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="A right of the role; again for more. Without it the key has all of them.")
    ] = None,
    expires: Annotated[str, typer.Option(help="Hours, days or weeks from now (12h, 90d, 52w), or never.")] = "365d",
    home: HomeOption = None,
) -> None:
    """Create a key and show it, this once: only its HMAC is kept."""
    from api.cli.chain import audited_in_home
    from api.key_records import lifetime
    from api.users import NAME

    now, lasting = utc_now(), lifetime(expires)
    detail = {"name": name, "role": role, "scopes": sorted(scope or ())} if NAME.fullmatch(name) else {}
    with audited_in_home(settings_from(home=home), "keys.create", Role.OPERATOR, detail=detail):
        text, key = _keys(home).create(
            name, role, scopes=scope or (), expires_at=None if lasting is None else now + lasting, now=now
        )
    until = "until it is revoked" if key.expires_at is None else f"until {_day(key.expires_at)}"
    rights = ", ".join(sorted(key.principal.rights)) or "none"
    err.print(
        f"{key.name} ({key.id}) may ask as {key.role} {until}; rights: {rights}. Keep the key: it is not shown again."
    )
    out.print(text)


@app.command("list")
def list_keys(home: HomeOption = None) -> None:
    """Every key that was made, without what it takes to use it."""
    keys, now = _keys(home), utc_now()
    table = columns(
        *("name", "id", "role", "scopes", "state", "created", "expires", "last used"),
        whole=("name", "id", "role", "created", "expires", "last used"),
    )
    for key in keys.all():
        used = keys.last_used(key)
        table.add_row(
            key.name,
            key.id,
            key.role,
            "all of the role" if key.scopes is None else ", ".join(sorted(key.scopes)),
            keys.state(key, now=now).value,
            _day(key.created_at),
            "never" if key.expires_at is None else _day(key.expires_at),
            "never" if used is None else datetime.fromtimestamp(used, UTC).isoformat(timespec="minutes"),
        )
    out.print(table)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="A key's name, or its id.")],
    home: HomeOption = None,
) -> None:
    """Revoke a key for good, at once."""
    from api.cli.chain import audited_in_home
    from api.users import NAME

    detail = {"name": name} if NAME.fullmatch(name) else {}
    with audited_in_home(settings_from(home=home), "keys.revoke", Role.OPERATOR, detail=detail, takes_away=True):
        revoked = _keys(home).revoke(name, now=utc_now())
    for key in revoked:
        out.print(f"{key.name} ({key.id}) is revoked.")


def _keys(home: "Path | None") -> "Keys":
    from api.keys import Keys
    from api.secrets import server_secret

    settings = settings_from(home=home)
    return Keys(settings.home, server_secret(settings.home, settings.secret.get_secret_value()))


def _day(moment: datetime) -> str:
    return moment.date().isoformat()

"""`guanxi users`: who may log in, in which role."""

import sys
from typing import Annotated

import typer

from api.cli.terminal import HomeOption, columns, out, settings_from
from graph_model.principal import Role
from graph_model.store import utc_now

app = typer.Typer(help="Who may log in, in which role.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Lower-case letters, digits or any of _ . -")]


@app.command()
def add(
    name: NameArgument,
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(Role)}.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Set a user's role and password anew.")] = False,
    home: HomeOption = None,
) -> None:
    """Add a user. The password is asked for, or read from standard input; it is never an argument."""
    from api.cli.chain import audited_in_home
    from api.users import NAME, Users

    settings = settings_from(home=home)
    typed = None if password_stdin else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    password = sys.stdin.readline().rstrip("\n") if typed is None else str(typed)
    detail = {"name": name, "role": role, "replace": replace} if NAME.fullmatch(name) else {}
    with audited_in_home(settings, "users.add", Role.OPERATOR, detail=detail):
        user = Users(settings.home).add(name, role, password, now=utc_now(), replace=replace)
    out.print(f"{user.name} may log in as {user.role}.")


@app.command("list")
def list_users(home: HomeOption = None) -> None:
    """Names, roles and when they were added."""
    from api.users import Users

    table = columns("name", "role", "since", whole=("name", "role", "since"))
    for user in Users(settings_from(home=home).home).all():
        table.add_row(user.name, user.role, user.created_at)
    out.print(table)


@app.command()
def remove(name: NameArgument, home: HomeOption = None) -> None:
    """Remove a user; open sessions end at once."""
    from api.cli.chain import audited_in_home
    from api.users import NAME, Users

    settings = settings_from(home=home)
    detail = {"name": name} if NAME.fullmatch(name) else {}
    with audited_in_home(settings, "users.remove", Role.OPERATOR, detail=detail, takes_away=True):
        Users(settings.home).remove(name)
    out.print(f"{name} may no longer log in.")

"""`guanxi audience`: seed audiences from referral circles, drawn and exported through the gate. Every draw, export and withdrawal is in the audit chain."""

from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer

from api.audience_export import audience_export
from api.cli.chain import audited
from api.cli.people_file import CaptionsOption, OutOption, written
from api.cli.terminal import HomeOption, StoreOption, columns, err, out, progress_bar, settings_from
from api.exports import form_of
from api.gate import gate_of
from graph_model.principal import Principal, Role
from graph_model.services import audiences
from graph_model.services.audience_records import Audience, Recipe, Version
from graph_model.services.circle_lists import KeyOrder
from graph_model.services.consent_facts import CHANNELS
from graph_model.services.deliveries import deliveries
from graph_model.services.gate import told
from graph_model.services.gate_policy import Gate
from graph_model.services.referrals import Circles, circles_of
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

app = typer.Typer(
    help="Seed audiences (种子人群): people from referral circles, through the gate.", no_args_is_help=True
)

OPERATOR = Principal("command line", Role.SUPERVISOR)
MARKETER = Principal("command line", Role.MARKETER)
IdArgument = Annotated[str, typer.Argument(help="An audience's id, from the list.")]
VersionOption = Annotated[int | None, typer.Option("--version", help="Its number; the newest when left out.")]


@app.command()
def draw(
    name: Annotated[str, typer.Option(help="What it is called.")],
    channel: Annotated[str, typer.Option(help=f"One of: {', '.join(CHANNELS)}.")],
    purpose: Annotated[str, typer.Option(help="What for, in 4 to 500 characters.")],
    circle: Annotated[
        list[str] | None, typer.Option(help="A circle's id; may be given often. All when left out.")
    ] = None,
    spreaders: Annotated[int | None, typer.Option(min=1, help="Only so many of those who brought most.")] = None,
    by: Annotated[KeyOrder, typer.Option(help="How spreaders are ranked.")] = KeyOrder.REACH,
    grow: Annotated[int, typer.Option(min=0, help="How many who are like them, by tags of class marketing.")] = 0,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Draw a new audience, and tell whom the gate left out for what."""
    settings, now = settings_from(home=home, store=store), utc_now()
    gate = gate_of(settings)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "audience.draw", OPERATOR.role),
    ):
        audience, version = audiences.create(
            opened, gate, _circles(opened, gate, now), OPERATOR,
            audiences.Draft(name, channel, purpose, Recipe(tuple(circle or ()), spreaders, by, grow)), now=now,
        )  # fmt: skip
    _tell(audience, version)


@app.command()
def redraw(id: IdArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """Draw an audience once more by its recipe: its next version."""
    settings, now = settings_from(home=home, store=store), utc_now()
    gate = gate_of(settings)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "audience.redraw", OPERATOR.role),
    ):
        found = audiences.redraw(opened, gate, _circles(opened, gate, now), OPERATOR, id, now=now)
    _tell(*found)


@app.command("list")
def list_audiences(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The newest so many.")] = 50,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """The audiences, the newest first."""
    table = columns("id", "name", "channel", "version", "members", "drawn", "good until", whole=("id", "drawn"))
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        for audience in audiences.listed(opened, OPERATOR, first=limit):
            versions = audiences.versions(opened, OPERATOR, audience)
            shown = _in_short(versions[0]) if len(versions) > 0 else ("", "", "", "")
            table.add_row(audience.id, audience.name, audience.channel, *shown)
    out.print(table)


@app.command()
def show(id: IdArgument, version: VersionOption = None, home: HomeOption = None, store: StoreOption = None) -> None:
    """A version's waterfall: whom the gate left out for what."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        audience = audiences.one(opened, OPERATOR, id)
        found = audiences.version(opened, OPERATOR, audience, version)
        sent = deliveries(opened, OPERATOR, audience, found)
    _tell(audience, found)
    for each in sent:
        ended = "broken off" if each.ended_at is None else f"{each.ended_at:%Y-%m-%d %H:%M} UTC"
        out.print(f"{each.sent:,} sent to {each.receiver}, {ended}.")


@app.command()
def export(
    id: IdArgument,
    to: OutOption,
    version: VersionOption = None,
    captions: CaptionsOption = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Write the members who may be handed out now, by their opaque ids."""
    settings, now = settings_from(home=home, store=store), utc_now()
    form_of(to)
    principal = OPERATOR if captions else MARKETER
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "audience.export", principal.role),
    ):
        audience = audiences.one(opened, principal, id)
        found = audiences.version(opened, principal, audience, version)
        going = audience_export(opened, gate_of(settings), principal, audience, found, now=now)
        rows = written(opened, principal, going, to, named=captions)
    out.print(f"{rows:,} members of {audience.name}, version {found.number}, in {to}.")
    if rows < found.members:
        err.print(f"{found.members - rows:,} of those who were drawn may not be handed out any more.")


@app.command()
def send(
    id: IdArgument,
    to: Annotated[str, typer.Option(help="The receiver's name in GUANXI_WEBHOOKS.")],
    version: VersionOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Post the members who may be handed out now to a receiver, signed; run it again to go on where it was broken off."""
    from api.webhooks import receiver_of
    from api.webhooks import send as post

    settings = settings_from(home=home, store=store)
    receiver = receiver_of(settings, to)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "audience.send", MARKETER.role),
        progress_bar() as on_progress,
    ):
        audience = audiences.one(opened, MARKETER, id)
        found = audiences.version(opened, MARKETER, audience, version)
        done = post(
            opened, gate_of(settings), MARKETER, audience, found, receiver,
            clock=utc_now, note=lambda line: opened.append_audit([line]), on_progress=on_progress,
        )  # fmt: skip
    out.print(f"{done.sent:,} members of {audience.name}, version {found.number}, went to {to}.")


@app.command()
def withdraw(
    id: IdArgument,
    version: Annotated[int, typer.Option("--version", help="Its number.")],
    reason: Annotated[str, typer.Option(help="Why, in 4 to 500 characters.")],
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Hand out a version no more."""
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "audience.withdraw", OPERATOR.role),
    ):
        audience = audiences.one(opened, OPERATOR, id)
        audiences.withdraw(opened, OPERATOR, audience, version, reason=reason, now=utc_now())
    out.print(f"Version {version} of {audience.name} is withdrawn.")


def _circles(store: GraphStore, gate: Gate, now: datetime) -> Circles:
    with progress_bar() as on_progress:
        return circles_of(store, gate.secret, as_of=now, on_progress=on_progress)


def _in_short(version: Version) -> tuple[str, str, str, str]:
    until = "withdrawn" if version.withdrawn is not None else f"{version.valid_until:%Y-%m-%d %H:%M}"
    return str(version.number), f"{version.members:,}", f"{version.drawn_at:%Y-%m-%d %H:%M}", until


def _tell(audience: Audience, version: Version) -> None:
    table = columns("what", "people")
    table.add_row("candidates", f"{version.candidates:,}")
    for reason, count in told(OPERATOR, version.excluded).steps or ():
        table.add_row(f"- {reason}", f"{count:,}")
    table.add_row("members", f"{version.members:,}")
    out.print(table)
    if version.grown > 0:
        out.print(f"{version.grown:,} of them are like the others, by:")
        for tag in version.likeness:
            traits = ", ".join(f"{trait.value or 'without it'} {trait.weight:+.2f}" for trait in tag.traits)
            out.print(f"  {tag.code}: {traits}")
    number, _, drawn, until = _in_short(version)
    out.print(
        f"{audience.id}  {audience.name}, version {number}, {audience.channel}; drawn {drawn}, good until {until} UTC."
    )

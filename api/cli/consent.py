"""`guanxi consent`: state and show what one customer agreed to. Many at once come as files: consents.csv and contacts.csv with `guanxi ingest`."""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from api.cli.chain import audited
from api.cli.terminal import HomeOption, StoreOption, columns, out, settings_from, typed
from api.gate import gate_of
from graph_model.errors import InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import NodeRef
from graph_model.schema.property_types import Moment
from graph_model.services import consent
from graph_model.services.consent import Recorded, Statement
from graph_model.services.consent_facts import CHANNELS, GRANTED, REFUSED
from graph_model.services.lookup import clean_key
from graph_model.store import utc_now
from graph_model.stores import open_store

app = typer.Typer(help="Marketing consent (营销同意): what a customer agreed to, by channel.", no_args_is_help=True)

OPERATOR = Principal("command line", Role.SUPERVISOR)
IdArgument = Annotated[
    str, typer.Argument(help="ID number; - reads it from standard input, so that no shell remembers it.")
]
AtOption = Annotated[str | None, typer.Option(help="When it was said; now when left out.")]


@app.command()
def grant(
    id_number: IdArgument,
    channel: Annotated[str, typer.Option(help=f"One of: {', '.join(CHANNELS)}.")],
    at: AtOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """A customer agrees to be contacted through a channel."""
    _state(typed(id_number), [channel], GRANTED, at, home=home, store=store)


@app.command()
def refuse(
    id_number: IdArgument,
    channel: Annotated[str, typer.Option(help=f"One of: {', '.join(CHANNELS)}, or all.")],
    at: AtOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """A customer opts out: that holds until they agree again later."""
    channels = CHANNELS if channel == "all" else [channel]
    _state(typed(id_number), channels, REFUSED, at, home=home, store=store)


@app.command()
def show(id_number: IdArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """How a customer stands with every channel: agreed or not, and contacted how often."""
    settings = settings_from(home=home, store=store)
    ref = NodeRef("Customer", clean_key("Customer", typed(id_number)))
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "consent.show", OPERATOR.role, about=[ref]),
    ):
        node = opened.get(ref)
        if node is None:
            raise NotFound("No customer with this ID number is in the graph.")
        found = consent.standing(opened, OPERATOR, gate_of(settings).policy, node.node_id, moment=utc_now())
    table = columns("channel", "agreed", "since", "by", "contacts", "too often")
    for each in found:
        agreed = "never asked" if each.granted is None else "yes" if each.granted else "no"
        since = "" if each.since is None else each.since.isoformat(timespec="minutes")
        table.add_row(
            each.channel,
            agreed,
            since,
            each.source,
            f"{each.sent} in {each.days} days",
            "yes" if each.too_often else "no",
        )
    out.print(table)


def _state(id_number: str, channels: Sequence[str], value: str, at: str | None, **where: object) -> None:
    """All channels or, where one is refused or the store takes nothing, none."""
    settings = settings_from(**where)
    now = utc_now()
    moment = now if at is None else Moment().clean(at)
    said = [Statement(id_number, channel, value, moment) for channel in channels]
    ref = NodeRef("Customer", clean_key("Customer", id_number))
    with closing(open_store(settings.store_address)) as opened:
        detail = {"channels": list(channels)}
        with audited(settings, opened, "consent.state", OPERATOR.role, about=[ref], detail=detail):
            done = consent.record_consents(opened, OPERATOR, said, now=now)
            _raise_refused(done)
    for channel in channels:
        out.print(f"{channel}: {value}." if done.new > 0 else f"{channel}: {value}, as was stated before.")


def _raise_refused(done: Recorded) -> None:
    for refused in done.refused:
        raise InvalidRequest(refused.message, code=refused.code)

"""`guanxi blocklist`: whom and what no application may come with. Keys go in and are never printed: what is shown is masked."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from api.cli.chain import audited
from api.cli.terminal import HomeOption, StoreOption, columns, err, out, settings_from, typed
from graph_model.errors import GuanxiError, InvalidRequest, InvalidValue, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import NodeRef
from graph_model.schema import SCHEMA
from graph_model.schema.property_types import Moment
from graph_model.services import blocklist
from graph_model.services.blocklist import LISTABLE, Entry, Listing
from graph_model.services.lookup import by_node_id
from graph_model.services.masking import caption
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

app = typer.Typer(help="Whom and what no application may come with.", no_args_is_help=True)

OPERATOR = Principal("command line", Role.SUPERVISOR)
COLUMNS = ("type", "key", "reason")
EXPIRES_AT = "expires_at"
AT_ONCE = 500  # lines written in one transaction
TOLD = 50  # bad lines told one by one

TypeOption = Annotated[str, typer.Option("--type", help=f"One of: {', '.join(LISTABLE)}.")]
KeyArgument = Annotated[
    str, typer.Argument(help="ID number, phone, card …; - reads it from standard input, so that no shell remembers it.")
]
ReasonOption = Annotated[str, typer.Option(help="Why, in 4 to 500 characters.")]


@app.command()
def add(
    key: KeyArgument,
    type: TypeOption,
    reason: ReasonOption,
    expires: Annotated[str | None, typer.Option(help="A moment in the future; for good when left out.")] = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """List a person or something people use; what is not in the graph yet becomes a node."""
    now = utc_now()
    wanted = blocklist.listing(
        type, typed(key), reason=reason, expires_at=None if expires is None else _moment(expires), now=now
    )
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "blocklist.add", OPERATOR.role, about=[wanted.ref]),
    ):
        (entry,) = blocklist.add(opened, OPERATOR, [wanted], now=now)
    until = "" if entry.expires_at is None else f" until {_minute(entry.expires_at)}"
    out.print(f"{entry.node.label} {caption(entry.node, OPERATOR)} ({entry.node.node_id}) is on the blocklist{until}.")


@app.command("list")
def list_entries(
    type: Annotated[str | None, typer.Option("--type", help=f"One of: {', '.join(LISTABLE)}.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Who and what is on the blocklist now, the newest first."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        found = blocklist.page(opened, OPERATOR, label=type, first=limit, now=utc_now())
    table = columns(
        *("id", "type", "caption", "reason", "by", "since", "until"),
        whole=("id", "type", "since", "until"),
    )
    for entry in found.entries:
        table.add_row(*_row(entry))
    out.print(table if len(found.entries) > 0 else "Nothing of that is on the blocklist.")
    if found.more:
        err.print(f"There are more; ask for them with --limit ({found.total:,} entries of all types).")


@app.command()
def remove(
    key: Annotated[str, typer.Argument(help="A node's id from the list; with --type its key, or - to read that.")],
    reason: ReasonOption,
    type: Annotated[str | None, typer.Option("--type", help="The type whose key is given.")] = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Take somebody or something off the blocklist."""
    settings = settings_from(home=home, store=store)
    with closing(open_store(settings.store_address)) as opened:
        node = by_node_id(opened, key if type is None else _node_id(opened, type, typed(key)))
        with audited(settings, opened, "blocklist.remove", OPERATOR.role, about=[node.ref]):
            entry = blocklist.remove(opened, OPERATOR, node.node_id, reason=reason, now=utc_now())
    out.print(f"{entry.node.label} {caption(entry.node, OPERATOR)} is off the blocklist.")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV with a header: type,key,reason and, if you like, expires_at.")],
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """List all of a file. Bad lines are told, without their keys, and skipped; the same file again changes nothing."""
    settings = settings_from(home=home, store=store)
    opened = open_store(settings.store_address)
    listed = bad = 0
    now = utc_now()
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            lines = _read(source, now)
            while some := list(islice(lines, AT_ONCE)):
                wanted = [one for one in some if isinstance(one, Listing)]
                if len(wanted) > 0:
                    with audited(
                        settings, opened, "blocklist.import", OPERATOR.role, about=[one.ref for one in wanted]
                    ):
                        listed += len(blocklist.add(opened, OPERATOR, wanted, now=now))
                for refused in (one for one in some if isinstance(one, str)):
                    bad += 1
                    if bad <= TOLD:
                        err.print(refused, style="yellow")
    except UnicodeDecodeError as exc:
        raise InvalidRequest("The file is not UTF-8. Save it as UTF-8, then import it again.") from exc
    finally:
        opened.close()
    out.print(f"{listed:,} on the blocklist, {bad:,} bad lines skipped.")
    if listed == 0:
        raise InvalidRequest("Nothing of the file could be listed. Correct the lines, then import it again.")


def _read(source: Iterator[str], now: datetime) -> Iterator[Listing | str]:
    """Each line as what is to be listed, or as what is wrong with it. Raises InvalidRequest for a header that lacks a column."""
    rows = csv.DictReader(source)
    names = [name.strip().lower() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    if any(name not in names for name in COLUMNS):
        raise InvalidRequest(f"The first line names the columns {', '.join(COLUMNS)} and, if you like, {EXPIRES_AT}.")
    for row in rows:
        line = rows.line_num
        try:
            yield _listing(row, now)
        except InvalidValue as exc:
            yield f"line {line} [{exc.reason}]: {exc.message}"
        except GuanxiError as exc:
            yield f"line {line} [{exc.code}]: {exc.message}"


def _listing(row: dict[str, str | None], now: datetime) -> Listing:
    labels = {label.lower(): label for label in LISTABLE}
    label = labels.get((row["type"] or "").strip().lower())
    if label is None:  # what stands there is not repeated: where columns are swapped, it is a key
        raise InvalidRequest(f"The type is none of: {', '.join(LISTABLE)}.", code="blocklist.which")
    expires = (row.get(EXPIRES_AT) or "").strip()
    return blocklist.listing(
        label,
        row["key"] or "",
        reason=row["reason"] or "",
        expires_at=_moment(expires) if expires else None,
        now=now,
    )


def _node_id(store: GraphStore, label: str, key: str) -> str:
    node = store.get(NodeRef(label, str(SCHEMA.node(label).key.type.clean(key))))
    if node is None:
        raise NotFound("There is nothing with this key in the graph.")
    return node.node_id


def _moment(text: str) -> datetime:
    return Moment().clean(text)


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _row(entry: Entry) -> Sequence[str]:
    return (
        entry.node.node_id,
        entry.node.label,
        caption(entry.node, OPERATOR),
        entry.reason,
        entry.source,
        _minute(entry.since),
        "" if entry.expires_at is None else _minute(entry.expires_at),
    )

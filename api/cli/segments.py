"""`guanxi segments`: named filters over tags, properties and the graph; who is in them, and files of who may be handed out. docs/marketer-segments.md."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import orjson
import typer

from api.cli.chain import ACTOR, audited
from api.cli.people_file import CaptionsOption, OutOption, written
from api.cli.terminal import HomeOption, StoreOption, columns, err, out, progress_bar, settings_from
from api.exports import form_of
from api.gate import gate_of, policy_of
from api.segment_export import segment_export
from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.services.consent_facts import CHANNELS
from graph_model.services.segments import computing, counting, dictionary, members, reading
from graph_model.services.segments.definition import everything
from graph_model.services.segments.dictionary import Draft
from graph_model.services.segments.reading import EditionView, SegmentView
from graph_model.services.tags.definition import Schedule
from graph_model.store import utc_now
from graph_model.stores import open_store

app = typer.Typer(help="Segments (用户群): filters over tags, properties and the graph.", no_args_is_help=True)

OPERATOR = Principal(ACTOR, Role.SUPERVISOR)
MARKETER = Principal(ACTOR, Role.MARKETER)
CodeArgument = Annotated[str, typer.Argument(help="The segment's code.")]
RuleOption = Annotated[str | None, typer.Option(help="A rule in quotes, such as 'tag(referrer) and not segment(vip)'.")]
TreeOption = Annotated[Path | None, typer.Option(help="The rule as a tree, in a file of JSON.")]
EditionOption = Annotated[int | None, typer.Option("--edition", help="Its number; the newest when left out.")]
ChannelOption = Annotated[str, typer.Option(help=f"One of: {', '.join(CHANNELS)}.")]


@app.command()
def check(
    rule: Annotated[str | None, typer.Argument(help="A rule in quotes.")] = None,
    tree: TreeOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """What a rule means and whom it would reach today, condition by condition. Nothing is kept."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        found = counting.count(opened, OPERATOR, rule=rule, tree=_tree(tree), now=utc_now())
    out.print(f"rule: {found.rule}")
    out.print(f"reads: {', '.join(found.reads.everything) or 'nothing'}")
    if found.reads.risk:
        out.print("It says something of risk: the segment's code has to begin with risk_, and it is never handed out.")
    _waterfall(found)


@app.command()
def count(code: CodeArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """Whom a segment reaches today, condition by condition."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        segment = dictionary.find(opened, OPERATOR, code)
        found = counting.count(opened, OPERATOR, rule=segment.rule, now=utc_now())
    _waterfall(found)


@app.command()
def define(
    code: CodeArgument,
    name: Annotated[str, typer.Option(help="What people call it.")],
    rule: RuleOption = None,
    tree: TreeOption = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    daily: Annotated[bool, typer.Option("--daily", help="Computed every day, after the tags.")] = False,
    owner: Annotated[str, typer.Option(help="Who answers for it; you when left out.")] = "",
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Define a segment, or change the one of this code: its next version. The same again makes none."""
    schedule = Schedule.DAILY if daily else Schedule.MANUAL
    draft = Draft(code, name, rule, _tree(tree), description, schedule, owner)
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "segments.define", OPERATOR.role, detail={"segment": code}),
    ):
        write = dictionary.change if code in everything(opened) else dictionary.define
        made = write(opened, OPERATOR, draft, now=utc_now())
    out.print(f"{made.code}, version {made.version}: {made.rule}")


@app.command("list")
def list_segments(home: HomeOption = None, store: StoreOption = None) -> None:
    """Every segment with its newest edition."""
    table = columns("code", "name", "schedule", "version", "edition", "members", "base date", "status", whole=("code",))
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        for view in reading.listed(opened, OPERATOR, now=utc_now()):
            segment, newest = view.segment, view.newest
            table.add_row(
                segment.code,
                segment.name,
                segment.schedule,
                str(segment.version),
                "" if newest is None else str(newest.edition.number),
                "" if newest is None else f"{newest.edition.members:,}",
                "" if newest is None else str(newest.edition.base_date),
                _status(view),
            )
    out.print(table if table.row_count > 0 else "There are no segments. `guanxi segments define` makes one.")


@app.command()
def show(code: CodeArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """One segment: its rule, what it reads and who reads it, its versions and editions."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        view = reading.view(opened, OPERATOR, code, now=utc_now())
        versions = dictionary.versions(opened, OPERATOR, code)
        editions = reading.edition_views(opened, OPERATOR, view.segment, limit=20, now=utc_now())
    segment = view.segment
    out.print(f"{segment.code}  {segment.name}  ({segment.schedule}, owner {segment.owner}, {_status(view)})")
    if segment.description:
        out.print(segment.description)
    out.print(f"rule: {segment.rule}")
    out.print(f"reads: {', '.join(segment.reads.everything) or 'nothing'}")
    out.print(
        f"names segments: {', '.join(segment.segments) or 'none'}; named by: {', '.join(view.dependants) or 'none'}"
    )
    if view.run is not None and view.run.code:
        out.print(f"[{view.run.code}] {view.run.message}", style="red")
    for version in versions:
        changed = version.changed_at.isoformat(timespec="minutes")
        out.print(f"version {version.version} of {changed} by {version.changed_by}: {version.rule}")
    for edition in editions:
        out.print(_edition(edition))


@app.command()
def compute(
    codes: Annotated[
        list[str] | None, typer.Argument(help="Some segments; all of the daily schedule when none.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also those for which nothing has changed.")] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Compute who is in segments today. Broken off, it goes on; again, it changes nothing."""
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "segments.compute", OPERATOR.role, detail={"segments": codes or "daily"}),
        progress_bar() as on_progress,
    ):
        done = computing.compute(
            opened,
            policy_of(settings),
            codes=codes or None,
            again=again,
            by=OPERATOR.source,
            clock=utc_now,
            on_progress=on_progress,
        )
    for outcome in done:
        if outcome.run is not None and outcome.failed:
            err.print(f"{outcome.code}: [{outcome.run.code}] {outcome.run.message}", style="red")
        elif outcome.edition is not None:
            told = (
                "current" if outcome.run is None else f"{outcome.edition.members:,} of {outcome.edition.population:,}"
            )
            out.print(f"{outcome.code}: edition {outcome.edition.number}, {told}")
    failed = sum(outcome.failed for outcome in done)
    if failed > 0:
        raise InvalidRequest(
            f"{failed} of {len(done)} segments could not be computed. `guanxi segments show` says why.",
            code="segment.failed",
        )


@app.command("members")
def show_members(
    code: CodeArgument,
    channel: ChannelOption,
    edition: EditionOption = None,
    first: Annotated[int, typer.Option(min=0, max=1_000, help="Also the ids of so many.")] = 0,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Who of an edition may be handed out now through a channel, and whom the gate leaves out for what."""
    settings, now = settings_from(home=home, store=store), utc_now()
    gate = gate_of(settings)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "segments.members", OPERATOR.role, detail={"segment": code, "channel": channel}),
    ):
        segment = dictionary.find(opened, OPERATOR, code)
        of = members.edition(opened, segment, edition)
        reach = members.reach(opened, gate, OPERATOR, segment, of, channel, now=now)
        page = (
            members.member_page(opened, gate, OPERATOR, segment, of, channel, first=first, now=now).node_ids
            if first > 0
            else []
        )
    table = columns("what", "people")
    table.add_row("candidates", f"{reach.candidates:,}")
    for reason, number in reach.told.steps or ():
        table.add_row(f"- {reason}", f"{number:,}")
    table.add_row("members", f"{reach.members:,}")
    out.print(table)
    for node_id in page:
        out.print(node_id)


@app.command()
def diff(
    code: CodeArgument,
    before: Annotated[int, typer.Argument(help="The earlier edition.")],
    after: Annotated[int, typer.Argument(help="The later one.")],
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """How many stayed, left and joined from one edition to a later one, and whether the rule is the same."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        segment = dictionary.find(opened, OPERATOR, code)
        told = members.difference(opened, OPERATOR, segment, before, after)
        rules = {version.version: version.rule for version in dictionary.versions(opened, OPERATOR, code)}
    out.print(f"stayed {told.stayed:,}, left {told.left:,}, joined {told.joined:,}")
    if told.before.version != told.after.version:
        out.print(f"the rule was: {rules[told.before.version]}")
        out.print(f"and became: {rules[told.after.version]}")


@app.command()
def export(
    code: CodeArgument,
    channel: ChannelOption,
    to: OutOption,
    edition: EditionOption = None,
    captions: CaptionsOption = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Write who may be handed out now, by their opaque ids."""
    settings, now = settings_from(home=home, store=store), utc_now()
    form_of(to)
    principal = OPERATOR if captions else MARKETER
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "segments.export", principal.role, detail={"segment": code, "channel": channel}),
    ):
        segment = dictionary.find(opened, principal, code)
        of = members.edition(opened, segment, edition)
        going = segment_export(opened, gate_of(settings), principal, segment, of, channel, now=now)
        rows = written(opened, principal, going, to, named=captions)
    out.print(f"{rows:,} of {segment.code}, edition {of.number}, in {to}.")


@app.command()
def delete(code: CodeArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """Take a segment out of the dictionary. Refused, with the list, where others name it; the history stays."""
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "segments.delete", OPERATOR.role, detail={"segment": code}),
    ):
        dictionary.delete(opened, OPERATOR, code)
    out.print(f"The segment {code} is gone. Its history is kept.")


def _tree(file: Path | None) -> object:
    if file is None:
        return None
    try:
        return orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as exc:
        raise InvalidRequest(f"{file} is no JSON: line {exc.lineno}, column {exc.colno}.", code="segment.tree") from exc


def _waterfall(counted: counting.Counted) -> None:
    table = columns("condition", "kept", "dropped")
    table.add_row("all customers", f"{counted.population:,}", "")
    for step in counted.steps:
        table.add_row(step.text, f"{step.kept:,}", f"{step.dropped:,}")
    out.print(table)


def _status(view: SegmentView) -> str:
    if view.run is None:
        return "never computed"
    return f"{view.run.status}, stale" if view.stale else str(view.run.status)


def _edition(view: EditionView) -> str:
    edition = view.edition
    until = f"open until {edition.valid_until:%Y-%m-%d %H:%M} UTC" if view.open else "not to be handed out"
    return (
        f"edition {edition.number} of {edition.base_date}, version {edition.version}: {edition.members:,} of "
        f"{edition.population:,}, {until}"
    )

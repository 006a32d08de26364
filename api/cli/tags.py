"""`guanxi tags`: the dictionary of tags, their computation and what they say. Rules are explained in docs/marketer.md."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.cli.chain import ACTOR, audited
from api.cli.portraits import cross
from api.cli.tag_file import read_drafts
from api.cli.terminal import HomeOption, StoreOption, columns, err, out, progress_bar, settings_from, typed
from graph_model.errors import GuanxiError, InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import NodeRef
from graph_model.schema import SCHEMA
from graph_model.schema.property_types import Day
from graph_model.services.lookup import clean_key
from graph_model.services.tags import computed, computing, dictionary, given, reading
from graph_model.services.tags.definition import TagDefinition, TagKind
from graph_model.services.tags.reading import Figures, RunFigures, Share, TagView
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

app = typer.Typer(help="Tags: rules, their daily computation, and what they say.", no_args_is_help=True)

PRINCIPAL = Principal(ACTOR, Role.SUPERVISOR)

TypeOption = Annotated[str, typer.Option("--type", help=f"One of: {', '.join(SCHEMA.labels)}.")]
OnOption = Annotated[str | None, typer.Option("--on", help="A base date, such as 2026-03-31.")]
KeyArgument = Annotated[
    str, typer.Argument(help="ID number, or the key of the tag's type; - reads it from standard input.")
]
CodeArgument = Annotated[str, typer.Argument(help="The tag's code.")]


@app.command()
def check(
    rule: Annotated[str, typer.Argument(help="A rule in quotes, such as 'degree(USES_PHONE) >= 3'.")],
    type: TypeOption = "Customer",
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """What a rule means and whom it would reach today. Nothing is kept."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        found = reading.check(opened, PRINCIPAL, rule, label=type, now=utc_now())
    out.print(f"gives {found.value_type}; reads {', '.join(found.reads.everything) or 'nothing'}")
    if found.reads.risk:
        out.print("It says something of risk: the tag's class has to be risk.")
    for share in found.counts:
        out.print(f"{share.value}: {_number(share.count)} of {found.population:,}")


@app.command()
def computations() -> None:
    """What tags of kind computed may have their values from."""
    table = columns("computation", "name", "gives", "reads", "what a value tells", whole=("computation",))
    for each in computed.catalogue(PRINCIPAL):
        reads = ", ".join(each.reads.everything)
        risk = "; class risk" if each.reads.risk else ""
        table.add_row(each.name, f"{each.name_zh} {each.name_en}", each.value_type, f"{reads}{risk}", each.means_en)
    out.print(table)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="TOML with a [[tag]] for each; docs/marketer.md has an example.")],
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Define the tags of a file, or change those that differ. In the order of the file: a rule reads tags that stand before it."""
    drafts = read_drafts(file)
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "tags.load", PRINCIPAL.role, detail={"tags": [draft.code for draft in drafts]}),
    ):
        before = dictionary.everything(opened)
        for draft in drafts:
            try:
                made = _put(opened, draft, before)
            except GuanxiError as exc:
                raise type(exc)(f"{draft.code}: {exc.message}", code=exc.code) from exc
            if made != before.get(draft.code):
                out.print(f"{made.code}, version {made.version}")
    out.print(f"{len(drafts):,} tags are as the file has them.")


def _put(store: GraphStore, draft: dictionary.Draft, before: Mapping[str, TagDefinition]) -> TagDefinition:
    write = dictionary.change if draft.code in before else dictionary.define
    return write(store, PRINCIPAL, draft, now=utc_now())


@app.command("list")
def list_tags(home: HomeOption = None, store: StoreOption = None) -> None:
    """The tag market: every tag with who has it."""
    table = columns(
        "code", "name", "category", "type", "class", "coverage", "base date", "status", whole=("code", "base date")
    )
    for view in _market(home, store):
        tag, figures = view.tag, view.figures
        table.add_row(
            tag.code,
            f"{tag.name_zh} {tag.name_en}",
            f"{tag.category} / {tag.subcategory}",
            tag.value_type,
            tag.consent,
            "" if figures is None else _number(figures.coverage),
            "" if figures is None else str(figures.base_date),
            _status(figures),
        )
    out.print(table if table.row_count > 0 else "There are no tags. `guanxi tags load FILE` defines some.")


@app.command()
def status(home: HomeOption = None, store: StoreOption = None) -> None:
    """The last run of every tag: for which day, how it went, and why it failed."""
    table = columns("code", "status", "base date", "last heard of", "by", "error", whole=("code", "base date"))
    for view in _market(home, store):
        figures = view.figures
        if figures is None:
            table.add_row(view.tag.code, "never computed", "", "", "", "")
        else:
            told = f"[{figures.code}] {figures.message}" if figures.code else ""
            heard = figures.heard_at.isoformat(timespec="minutes")
            table.add_row(view.tag.code, _status(figures), str(figures.base_date), heard, figures.by, told)
    out.print(table if table.row_count > 0 else "There are no tags.")


@app.command()
def show(code: CodeArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """One tag: its rule, what it reads and who reads it, its distribution and versions."""
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        view = reading.view(opened, PRINCIPAL, code, now=utc_now())
        versions = dictionary.versions(opened, PRINCIPAL, code)
        runs = reading.runs(opened, PRINCIPAL, code, now=utc_now())
    tag, figures = view.tag, view.figures
    out.print(f"{tag.code}  {tag.name_zh} {tag.name_en}  ({tag.category} / {tag.subcategory})")
    out.print(f"{tag.value_type} about {tag.label}, class {tag.consent}, {tag.schedule}, owner {tag.owner}")
    out.print(f"rule: {tag.rule}" if tag.kind is TagKind.RULE else f"values: {tag.kind} {tag.computation}".rstrip())
    out.print(f"reads: {', '.join(tag.reads.everything) or 'nothing'}")
    out.print(f"read by: {', '.join(view.dependants) or 'no tag'}")
    if figures is not None:
        out.print(f"{_status(figures)}, base date {figures.base_date}, version {figures.version}")
        for share in figures.distribution:
            out.print(f"  {_share(share, figures)}")
        if figures.code:
            out.print(f"[{figures.code}] {figures.message}", style="red")
    for version in versions:
        changed = version.changed_at.isoformat(timespec="minutes")
        said = version.rule or version.computation or version.kind
        out.print(f"version {version.version} of {changed} by {version.changed_by}: {said}")
    if len(runs) > 0:
        out.print(_runs(runs))


@app.command()
def delete(code: CodeArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """Take a tag out of the dictionary and from everybody. Refused, with the list, where others read it; the history stays."""
    settings = settings_from(home=home, store=store)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "tags.delete", PRINCIPAL.role, detail={"tag": code}),
    ):
        dictionary.delete(opened, PRINCIPAL, code)
        computing.end_deleted(opened, by=PRINCIPAL.source, clock=utc_now)
    out.print(f"The tag {code} is gone. Its history is kept.")


@app.command()
def compute(
    codes: Annotated[list[str] | None, typer.Argument(help="Some tags; all of the daily schedule when none.")] = None,
    on: OnOption = None,
    again: Annotated[bool, typer.Option("--again", help="Also those for which nothing has changed.")] = False,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Compute tags for a base date, today when left out. Broken off, it goes on where it was; again, it changes nothing."""
    settings = settings_from(home=home, store=store)
    base_date = computing.base_date_of(utc_now()) if on is None else _day(on)
    with (
        closing(open_store(settings.store_address)) as opened,
        audited(settings, opened, "tags.compute", PRINCIPAL.role, detail={"tags": codes or "daily"}),
        progress_bar() as on_progress,
    ):
        done = computing.compute(
            opened,
            base_date=base_date,
            codes=codes or None,
            again=again,
            by=PRINCIPAL.source,
            clock=utc_now,
            on_progress=on_progress,
        )
    for outcome in done:
        if outcome.run is None:
            out.print(f"{outcome.code}: current")
        elif outcome.failed:
            err.print(f"{outcome.code}: [{outcome.run.code}] {outcome.run.message}", style="red")
        else:
            out.print(
                f"{outcome.code}: {outcome.run.coverage:,} of {outcome.run.population:,}, {outcome.run.changed:,} changed"
            )
    failed = [outcome.code for outcome in done if outcome.failed]
    if len(failed) > 0:
        raise InvalidRequest(
            f"{len(failed)} of {len(done)} tags could not be computed. `guanxi tags status` says why.",
            code="tag.failed",
        )


app.command("cross")(cross)


@app.command("import")
def import_values(
    code: CodeArgument,
    file: Annotated[
        Path, typer.Argument(help="CSV, JSON Lines or Parquet, as it is or in gzip: a row for each customer.")
    ],
    key: Annotated[str | None, typer.Option(help="Column of the ID number, or the key of the tag's type.")] = None,
    value: Annotated[str | None, typer.Option(help="Column of the value [value, or the tag's code].")] = None,
    on: OnOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Give the values of a file to a tag of kind imported. An empty value takes the tag away; who is not in the file keeps theirs."""
    from ingest.quarantine import Quarantine
    from ingest.tag_values import TagValues

    settings = settings_from(home=home, store=store)
    now = utc_now()
    base_date = computing.base_date_of(now) if on is None else _day(on)
    with closing(open_store(settings.store_address)) as opened:
        values = TagValues(file, dictionary.find(opened, PRINCIPAL, code), key=key, value=value)
        quarantine = Quarantine.fresh(
            settings.home / "quarantine", f"tag-{code}", f"{now:%Y%m%dT%H%M%SZ}", file.name, values.header.names
        )
        with (
            audited(settings, opened, "tags.import", PRINCIPAL.role, detail={"tag": code}),
            progress_bar() as on_progress,
        ):
            done = given.take_in(
                opened,
                PRINCIPAL,
                code,
                values.parts(quarantine),
                source=PRINCIPAL.source,
                base_date=base_date,
                clock=utc_now,
                on_refused=lambda rows: quarantine.append(values.refused(rows)),
                on_progress=on_progress,
            )
    out.print(f"{code}: {done.read:,} rows, {done.changed:,} changed, {done.refused + values.broken:,} refused.")
    for reason, number in sorted(done.reasons.items()):
        err.print(f"  {number:,} [{reason}]", style="yellow")
    if quarantine.size > 0:
        err.print(f"The refused rows are in {quarantine.path}: correct them there and import the file.", style="yellow")


@app.command("set")
def set_value(
    code: CodeArgument,
    key: KeyArgument,
    value: Annotated[str, typer.Option(help="The value; yes for a tag that says yes.")] = "yes",
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Give one customer a value of a tag of kind manual."""
    _give(code, typed(key), value, home, store)


@app.command()
def unset(code: CodeArgument, key: KeyArgument, home: HomeOption = None, store: StoreOption = None) -> None:
    """Take a tag of kind manual from one customer. What it said stays in the history."""
    _give(code, typed(key), None, home, store)


def _give(code: str, key: str, value: str | None, home: Path | None, store: str | None) -> None:
    settings = settings_from(home=home, store=store)
    with closing(open_store(settings.store_address)) as opened:
        label = dictionary.find(opened, PRINCIPAL, code).label
        ref = NodeRef(label, clean_key(label, key))
        node = opened.get(ref)
        if node is None:
            raise NotFound("There is nothing with this key in the graph.")
        with audited(settings, opened, "tags.set", PRINCIPAL.role, about=[ref], detail={"tag": code}):
            change = given.give(opened, PRINCIPAL, code, node.node_id, value, now=utc_now())
    out.print(f"{code}: as it was." if change is None else f"{code}: {'taken away' if value is None else 'given'}.")


@app.command()
def portrait(
    key: Annotated[str, typer.Argument(help="ID number, or the key of another type; - reads it from standard input.")],
    type: TypeOption = "Customer",
    on: OnOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """The tags of one customer, as they are or as they were on a base date."""
    text = typer.get_text_stream("stdin").readline().strip() if key == "-" else key
    ref = NodeRef(SCHEMA.node(type).label, str(SCHEMA.node(type).key.type.clean(text)))
    settings = settings_from(home=home, store=store)
    with closing(open_store(settings.store_address)) as opened:
        node = opened.get(ref)
        if node is None:
            raise NotFound("There is nothing with this key in the graph.")
        with audited(settings, opened, "tags.portrait", PRINCIPAL.role, about=[ref]):
            found = reading.portrait(opened, PRINCIPAL, node.node_id, on=None if on is None else _day(on))
    table = columns("category", "tag", "code", "value", "since", "version", whole=("code", "since"))
    for entry in found:
        tag = entry.tag
        table.add_row(
            f"{tag.category} / {tag.subcategory}",
            f"{tag.name_zh} {tag.name_en}",
            tag.code,
            entry.value,
            str(entry.since),
            str(entry.version),
        )
    out.print(table if len(found) > 0 else "No tag is known of this one.")


def _runs(runs: Sequence[RunFigures]) -> Table:
    table = columns(
        "base date", "version", "started", "took", "by", "coverage", "changed", "status", whole=("base date",)
    )
    for run in runs:
        table.add_row(
            str(run.base_date),
            str(run.version),
            run.started_at.isoformat(timespec="minutes"),
            f"{(run.heard_at - run.started_at).total_seconds():,.1f} s",
            run.by,
            f"{_number(run.coverage)} of {run.population:,}",
            _number(run.changed),
            f"{run.status} [{run.code}] {run.message}" if run.code else str(run.status),
        )
    return table


def _market(home: Path | None, store: str | None) -> Sequence[TagView]:
    with closing(open_store(settings_from(home=home, store=store).store_address, read_only=True)) as opened:
        return reading.market(opened, PRINCIPAL, now=utc_now())


def _day(text: str) -> date:
    found = Day().clean(text)
    assert isinstance(found, date)  # what the type cleans to
    return found


def _status(figures: Figures | None) -> str:
    if figures is None:
        return "never computed"
    return f"{figures.status}, stale" if figures.stale else str(figures.status)


def _share(share: Share, figures: Figures) -> str:
    if share.count is None or figures.population == 0:
        return f"{share.value}: {_number(share.count)}"
    return f"{share.value}: {share.count:,} ({share.count / figures.population:.1%})"


def _number(number: int | None) -> str:
    return "fewer than 10" if number is None else f"{number:,}"

"""One seed audience: its draws, whom the gate left out (for who may know), downloads, drawing it anew and withdrawing a draw."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.errors import Refused
from investigator_ui.marketing import circles, forms, jobs
from investigator_ui.marketing.audience_contract import (
    AUDIENCE,
    LIKENESS,
    SENT,
    WATERFALLS,
    WITHDRAW,
    Alike,
    Audience,
    Delivery,
    Likeness,
    Sent,
    Version,
    Waterfall,
)
from investigator_ui.marketing.audiences import HOME, channel, state
from investigator_ui.marketing.circle_contract import KeyOrder, short
from investigator_ui.marketing.page import Call, Download, Look, Outcome, Page
from investigator_ui.marketing.parts import Bar, bars, card, chip, counted, notice, page_shell
from investigator_ui.marketing.tag_words import by
from investigator_ui.panels.lists import column
from investigator_ui.panels.parts import Child, facts, icon
from investigator_ui.texts import TEXTS, text

MOST_TAGS, MOST_TRAITS = 6, 2  # of what look-alikes were found by, that are shown
CLEAR = 0.1  # nats: a value that weighs less is hardly more frequent among those who were chosen than among everybody
FORMS = ("csv", "parquet", "jsonl")
REASON = "audiences.left_"
_PATH = re.compile(rf"^{HOME}/([0-9]{{13}}-[0-9a-f]{{8}})$")


@dataclass(frozen=True, slots=True, config=ANSWER)
class AudienceAsked:
    """`version`: the newest where there is none of this number."""

    id: str
    version: int | None = None

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "AudienceAsked | None":
        match, said = _PATH.match(path), query.get("version", "")
        if match is None:
            return None
        return cls(match[1], int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None)


@dataclass(frozen=True, slots=True, config=ANSWER)
class AudienceFound:
    """`waterfalls` for who may see exclusions; `alike` where look-alikes were asked for; `job`: the newest that draws or sends it, or did."""

    audience: Audience
    waterfalls: tuple[Waterfall, ...] = ()
    alike: tuple[Alike, ...] = ()
    sent: tuple[Sent, ...] = ()
    receivers: tuple[str, ...] = ()
    job: jobs.Job | None = None

    def likeness(self, number: int) -> tuple[Likeness, ...]:
        return next((each.likeness for each in self.alike if each.number == number), ())

    def waterfall(self, number: int) -> Waterfall | None:
        return next((each for each in self.waterfalls if each.number == number), None)

    def deliveries(self, number: int) -> tuple[Delivery, ...]:
        return next((each.deliveries for each in self.sent if each.number == number), ())

    def sending(self, number: int, receiver: str) -> bool:
        """Whether a version is on its way to a receiver now."""
        job = self.job
        return job is not None and job.open and (job.version, job.receiver) == (number, receiver)


def load(user: UserApi, asked: AudienceAsked, _moment: datetime | None) -> AudienceFound:
    found = user.run(AUDIENCE, id=asked.id)["audience"]
    if found is None:
        raise Refused("audience.unknown")
    audience = read(Audience, found)
    waterfalls: tuple[Waterfall, ...] = ()
    alike: tuple[Alike, ...] = ()
    if "see_exclusions" in user.me().rights:
        waterfalls = read(tuple[Waterfall, ...], user.run(WATERFALLS, id=asked.id)["audience"]["versions"])
    if audience.grow:
        alike = read(tuple[Alike, ...], user.run(LIKENESS, id=asked.id)["audience"]["versions"])
    told = user.run(SENT, id=asked.id)
    sent = read(tuple[Sent, ...], told["audience"]["versions"])
    job = jobs.newest(user, lambda job: job.audience == asked.id)
    return AudienceFound(audience, waterfalls, alike, sent, read(tuple[str, ...], told["receivers"]), job)


def redraw(asked: Call[AudienceAsked]) -> Outcome:
    """In a job: the page may be left meanwhile."""
    return Outcome(progress=jobs.start(asked.user, "AUDIENCE", audience={"id": asked.question.id}).id)


def send(asked: Call[AudienceAsked]) -> Outcome:
    """A version to a receiver, in a job that goes on where an earlier one was broken off."""
    values = asked.values
    about = {"audience": asked.question.id, "version": int(values["version"]), "receiver": str(values["receiver"])}
    return Outcome(progress=jobs.start(asked.user, "SEND", send=about).id)


def withdraw(asked: Call[AudienceAsked]) -> Outcome:
    version, reason = int(asked.values["version"]), str(asked.values.get("reason", ""))
    asked.user.run(WITHDRAW, id=asked.question.id, version=version, reason=reason)
    return Outcome(message=text("audiences.was_withdrawn", asked.look.lang), reload=True)


def members(asked: Call[AudienceAsked]) -> Download:
    """The members who may be handed out now, as a file."""
    values = asked.values
    form = str(values.get("format", ""))
    return Download(
        path=f"/exports/audiences/{asked.question.id}",
        params={
            "format": form if form in FORMS else FORMS[0],
            "version": str(int(values["version"])),
            "captions": "true" if values.get("captions") else "false",
        },
    )


def draw(asked: AudienceAsked, found: AudienceFound, look: Look) -> Component:
    lang, audience = look.lang, found.audience
    shown = audience.version(asked.version)
    again = forms.act(
        "redraw",
        [icon("redo"), text("audiences.redraw", lang)],
        title=text("audiences.redraw", lang),
        confirm=text("audiences.redraw_what", lang),
    )
    beside: list[Child] = [chip(channel(audience.channel, lang))]
    running = found.job.id if found.job is not None and found.job.open else ""
    # Drawn anew, the newest version is what one came for.
    bar = forms.progress(running, action="job" if asked.version is None else "arriving", stop=text("jobs.stop", lang))
    parts: list[Child] = [bar, notice(text("audiences.no_draw", lang), tone="warn")]
    if shown is not None:
        beside.append(state(shown, lang))
        parts = [bar, _trouble(found, look), _missing(asked, shown, lang), _closed(shown, lang)]
        left = html.Div(
            [
                _numbers(shown, found, look),
                _alike(found.likeness(shown.number), look),
                _files(shown, look),
                _sending(shown, found, look),
            ],
            className="stack",
        )
        right = html.Div([_recipe(audience, look), _versions(asked, found, look)], className="stack")
        parts.append(html.Div([left, right], className="columns"))
    return page_shell(
        "audience",
        "megaphone",
        audience.name,
        *parts,
        beside=beside,
        tools=[again],
        back=forms.link(HOME, [icon("chevron"), text("audiences.title", lang)], "page-back"),
    )


def _trouble(found: AudienceFound, look: Look) -> Component | None:
    """Why what was asked for last did not come to be, until something newer has."""
    job, newest = found.job, found.audience.version(None)
    if job is None or not job.failed or newest is None:
        return None
    if job.kind == "AUDIENCE":
        later, key = newest.drawn_at > job.started_at, "audiences.not_redrawn"
    else:
        begun = [each for each in found.deliveries(job.version or 0) if each.receiver == job.receiver]
        later, key = any(each.ended_at is not None for each in begun), "audiences.not_sent"
    return None if later else notice(text(key, look.lang, why=jobs.why(job, look.lang)), tone="problem")


def _missing(asked: AudienceAsked, shown: Version, lang: Language) -> Component | None:
    if asked.version in (None, shown.number):
        return None
    return notice(text("audiences.no_version", lang, n=asked.version, newest=shown.number), tone="warn")


def _closed(version: Version, lang: Language) -> Component | None:
    if version.withdrawn:
        return notice(text("audiences.withdrawn_why", lang), tone="problem")
    return notice(text("audiences.expired_why", lang), tone="warn") if version.expired else None


def _numbers(version: Version, found: AudienceFound, look: Look) -> Component:
    """How many came out of the gate: to the last person with every reason for who may know, else all who did not in one rounded number."""
    lang, told = look.lang, found.waterfall(version.number)
    heading = text("audiences.version", lang, n=version.number)
    grown: list[tuple[str, Child]] = (
        [(text("audiences.grown", lang), words.number(version.grown))] if version.grown else []
    )
    asked_for = found.audience.spreaders
    spreaders: list[tuple[str, Child]] = []
    if asked_for is not None and version.members - version.grown < asked_for:
        only = html.Span(text("audiences.only_these", lang, n=words.number(asked_for)), className="hint")
        few = html.Span([words.number(version.members - version.grown), " ", only])
        spreaders.append((text("audiences.spreaders_drawn", lang), few))
    split = [*spreaders, *grown]
    rows: list[tuple[str, Child]] = [
        (text("audiences.members", lang), words.number(version.members)),
        *split,
        (text("audiences.drawn", lang), words.moment(version.drawn_at, look.zone)),
        (text("audiences.drawn_by", lang), by(version.drawn_by, lang)),
        (text("audiences.until", lang), words.moment(version.valid_until, look.zone)),
        (text("audiences.policy", lang), version.policy_version),
    ]
    if told is None:
        rows.insert(1 + len(split), (text("audiences.excluded", lang), counted(version.excluded, lang)))
        return card(heading, facts(rows), html.P(text("audiences.excluded_why", lang), className="hint"))
    rows.append((text("audiences.risk_at", lang), words.moment(told.risk_at, look.zone)))
    if told.withdrawal_reason:
        rows.append((text("audiences.withdrawal_reason", lang), told.withdrawal_reason))
    steps = [
        Bar(text("audiences.candidates", lang), told.candidates),
        *(Bar(f"− {_reason(step.reason, lang)}", step.count) for step in told.waterfall if step.count > 0),
        Bar(text("audiences.members", lang), version.members),
    ]
    return card(
        heading,
        facts(rows),
        html.H2(text("audiences.waterfall", lang)),
        bars(steps, lang, label=text("audiences.waterfall", lang), whole=told.candidates),
    )


def _reason(reason: str, lang: Language) -> str:
    key = f"{REASON}{reason}"
    return text(key, lang) if key in TEXTS else reason


def _alike(likeness: tuple[Likeness, ...], look: Look) -> Component | None:
    """What the look-alikes have in common with those who were chosen."""
    if not likeness:
        return None
    lang = look.lang
    heads = ["audiences.tag", "audiences.value", "audiences.of_seed", "audiences.of_everybody"]
    head = html.Tr(_heads(heads, ("audiences.of_seed", "audiences.of_everybody"), lang))
    clear = [(tag, [trait for trait in tag.traits if trait.weight > CLEAR][:MOST_TRAITS]) for tag in likeness]
    shown = [(tag, traits) for tag, traits in clear if traits][:MOST_TAGS]
    if not shown:
        return card(text("audiences.alike", lang), html.P(text("audiences.alike_none", lang), className="hint"))
    rows = [
        html.Tr(
            [
                html.Th(tag.name_zh if lang == "zh" else tag.name_en, scope="row"),
                html.Td(
                    text("audiences.without", lang)
                    if trait.value is None
                    else text("tags.yes", lang)
                    if trait.value == "true"
                    else trait.value
                ),
                html.Td(words.share(trait.of_seed), className="count"),
                html.Td(words.share(trait.of_everybody), className="count"),
            ]
        )
        for tag, traits in shown
        for trait in traits
    ]
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="nodes rows alike")
    return card(text("audiences.alike", lang), table, html.P(text("audiences.alike_hint", lang), className="hint"))


def _heads(keys: Sequence[str], numbers: Sequence[str], lang: Language) -> list[Component]:
    return [column(text(key, lang), number=key in numbers) for key in keys]


def _files(version: Version, look: Look) -> Component:
    lang = look.lang
    if not version.open:
        return card(text("audiences.files", lang), html.P(text("audiences.files_closed", lang), className="hint"))
    buttons: list[Child] = [
        forms.download("members", text(key, lang), values={"format": form, "version": version.number})
        for form, key in zip(FORMS, ("audiences.csv", "audiences.parquet", "audiences.jsonl"), strict=True)
    ]
    if look.may("see_graph"):
        named = {"format": "csv", "version": version.number, "captions": True}
        buttons.append(forms.download("members", text("audiences.named", lang), values=named))
    return card(
        text("audiences.files", lang),
        html.Div(buttons, className="actions start"),
        html.P(text("audiences.files_hint", lang), className="hint"),
    )


def _sending(version: Version, found: AudienceFound, look: Look) -> Component | None:
    """To whom this version went, and buttons for those to whom it may go yet."""
    lang, sent = look.lang, found.deliveries(version.number)
    if not sent and not found.receivers:
        return None
    done = {each.receiver for each in sent if each.ended_at is not None}
    begun = {each.receiver for each in sent}
    buttons: list[Child] = []
    for receiver in found.receivers if version.open else ():
        if receiver not in done and not found.sending(version.number, receiver):
            go_on = receiver in begun
            label = text("audiences.send_on" if go_on else "audiences.send_to", lang, receiver=receiver)
            buttons.append(
                forms.act(
                    "send",
                    [icon("megaphone"), label],
                    values={"version": version.number, "receiver": receiver},
                    title=f"{label} · {text('audiences.version', lang, n=version.number)}",
                    confirm=text("audiences.send_what", lang, n=words.number(version.members), channel=channel(found.audience.channel, lang)),
                )
            )  # fmt: skip
    parts: list[Child] = []
    if sent:
        heads = ["audiences.receiver", "audiences.begun", "audiences.sent", "audiences.state"]
        rows = [_delivery(each, found.sending(version.number, each.receiver), look) for each in _newest_first(sent)]
        head = html.Tr(_heads(heads, ("audiences.sent",), lang))
        parts.append(html.Table([html.Thead(head), html.Tbody(rows)], className="nodes rows deliveries"))
    if buttons:
        parts.append(html.Div(buttons, className="actions start"))
    return card(text("audiences.sending", lang), *parts, html.P(text("audiences.send_hint", lang), className="hint"))


def _newest_first(sent: Sequence[Delivery]) -> list[Delivery]:
    return sorted(sent, key=lambda each: each.begun_at, reverse=True)


def _delivery(delivery: Delivery, running: bool, look: Look) -> html.Tr:
    lang = look.lang
    if delivery.ended_at is not None:
        when = words.moment(delivery.ended_at, look.zone)
        sign = chip(text("audiences.was_sent", lang), "good", title=text("audiences.sent_at", lang, when=when))
    else:
        sign = chip(
            text("audiences.on_its_way" if running else "audiences.broken_off", lang), "" if running else "warn"
        )
    return html.Tr(
        [
            html.Th(delivery.receiver, scope="row", className="mono"),
            html.Td(words.moment(delivery.begun_at, look.zone)),
            html.Td(words.number(delivery.sent), className="count"),
            html.Td(sign),
        ]
    )


def _recipe(audience: Audience, look: Look) -> Component:
    lang = look.lang
    where: Child = text("audiences.every_circle", lang)
    if audience.circles:
        where = html.Span(
            [forms.link(f"{circles.HOME}/{each}", short(each), "page-anchor mono") for each in audience.circles],
            className="pairs",
        )
    ranked = text("circle.by_influence" if audience.by is KeyOrder.INFLUENCE else "circle.by_reach", lang)
    who = (
        text("audiences.everybody", lang)
        if audience.spreaders is None
        else text("audiences.strongest", lang, n=words.number(audience.spreaders), by=ranked)
    )
    if audience.grow:
        stop = "，" if lang == "zh" else ", "
        who += stop + text("audiences.added", lang, n=words.number(audience.grow))
    rows: list[tuple[str, Child]] = [
        (text("audiences.purpose", lang), audience.purpose),
        (text("audiences.from", lang), where),
        (text("audiences.who", lang), who),
        (
            text("audiences.created", lang),
            f"{words.moment(audience.created_at, look.zone)} · {by(audience.created_by, lang)}",
        ),
    ]
    return card(text("audiences.recipe", lang), facts(rows))


def _versions(asked: AudienceAsked, found: AudienceFound, look: Look) -> Component:
    lang, audience = look.lang, found.audience
    shown = audience.version(asked.version)
    heads = ["audiences.number", "audiences.drawn", "audiences.members", "audiences.state"]
    if look.may("see_exclusions"):
        heads.append("audiences.action")
    head = html.Tr(_heads(heads, ("audiences.members",), lang))
    rows = [_version_row(version, audience, look, shown=version is shown) for version in audience.versions]
    return card(
        text("audiences.versions", lang),
        html.Table([html.Thead(head), html.Tbody(rows)], className="nodes rows versions"),
    )


def _version_row(version: Version, audience: Audience, look: Look, *, shown: bool) -> html.Tr:
    lang = look.lang
    name = text("audiences.version", lang, n=version.number)
    cells: list[Component] = [
        html.Th(
            name if shown else forms.link(f"{HOME}/{audience.id}?version={version.number}", name, "page-anchor"),
            scope="row",
        ),
        html.Td(words.moment(version.drawn_at, look.zone)),
        html.Td(words.number(version.members), className="count"),
        html.Td(state(version, lang)),
    ]
    if look.may("see_exclusions"):
        button = forms.act(
            "withdraw",
            text("audiences.withdraw", lang),
            values={"version": version.number},
            title=f"{text('audiences.withdraw', lang)} · {name}",
            confirm=text("audiences.withdraw_what", lang),
            reason=True,
            danger=True,
        )
        cells.append(html.Td(None if version.withdrawn else button))
    return html.Tr(cells)


PAGE = Page(
    name="audience",
    rights=frozenset({"market"}),
    question=AudienceAsked,
    answer=AudienceFound,
    parse=AudienceAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, found, _lang: found.audience.name,
    actions={"redraw": redraw, "withdraw": withdraw, "send": send},
    downloads={"members": members},
)

"""The page of seed audiences 种子人群: which there are, how many people each hands out, and until when."""

from collections.abc import Mapping
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.marketing import forms, jobs
from investigator_ui.marketing.audience_contract import AUDIENCES, Audience, Version
from investigator_ui.marketing.page import Look, Page
from investigator_ui.marketing.parts import card, chip, counted, empty, notice, page_shell
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.lists import column
from investigator_ui.panels.parts import icon
from investigator_ui.texts import TEXTS, text

HOME = "/audiences"
NEW = f"{HOME}/~new"
CHANNEL = "audiences.channel_"
COLUMNS = (
    "audiences.name",
    "audiences.channel",
    "audiences.members",
    "audiences.excluded",
    "audiences.drawn",
    "audiences.until",
    "audiences.state",
)
NUMBERS = ("audiences.members", "audiences.excluded")


@dataclass(frozen=True, slots=True, config=ANSWER)
class AudiencesAsked:
    @classmethod
    def parse(cls, path: str, _query: Mapping[str, str]) -> "AudiencesAsked | None":
        return cls() if path == HOME else None


@dataclass(frozen=True, slots=True, config=ANSWER)
class AudiencesFound:
    """`drawing`: the user's newest job that draws a new one, or drew it."""

    audiences: tuple[Audience, ...]
    drawing: jobs.Job | None = None


def load(user: UserApi, _asked: AudiencesAsked, _moment: datetime | None) -> AudiencesFound:
    me = user.me().name
    drawing = jobs.newest(user, lambda job: job.draws is not None and job.started_by == me)
    return AudiencesFound(read(tuple[Audience, ...], user.run(AUDIENCES)["audiences"]), drawing)


def draw(_asked: AudiencesAsked, found: AudiencesFound, look: Look) -> Component:
    lang = look.lang
    body = _table(found, look) if found.audiences else card("", _none(lang))
    count = html.Span(text("audiences.count", lang, n=words.number(len(found.audiences))), className="quiet")
    new = forms.link(NEW, [icon("plus"), text("audiences.new", lang)], "button primary")
    return page_shell(
        "audiences",
        "megaphone",
        text("audiences.title", lang),
        forms.progress(
            found.drawing.id if found.drawing is not None and found.drawing.open else "", stop=text("jobs.stop", lang)
        ),
        _trouble(found, lang),
        body,
        beside=[count],
        tools=[new],
    )


def _trouble(found: AudiencesFound, lang: Language) -> Component | None:
    """Why the user's last new audience is not there, until there is another of theirs."""
    job = found.drawing
    if job is None or not job.failed or any(_is_later(each, job) for each in found.audiences):
        return None
    return notice(text("audiences.not_drawn", lang, name=job.draws or "", why=jobs.why(job, lang)), tone="problem")


def _is_later(audience: Audience, job: jobs.Job) -> bool:
    return audience.created_by == job.started_by and audience.created_at > job.started_at


def _none(lang: Language) -> Component:
    choose = forms.link("/circles", text("audiences.to_circles", lang), "button")
    return empty("megaphone", text("audiences.none", lang), text("audiences.none_todo", lang), choose)


def _table(found: AudiencesFound, look: Look) -> Component:
    lang = look.lang
    heads = [column(text(key, lang), number=key in NUMBERS) for key in COLUMNS]
    return html.Div(
        html.Table(
            [html.Thead(html.Tr(heads)), html.Tbody([_row(audience, look) for audience in found.audiences])],
            className="nodes rows audiences",
        ),
        className="card table-card",
        tabIndex=0,
        role="region",
        **attrs(aria_labelledby="page-title"),
    )


def _row(audience: Audience, look: Look) -> html.Tr:
    lang, newest = look.lang, audience.version(None)
    name = [
        forms.link(f"{HOME}/{audience.id}", audience.name, "page-anchor row-name"),
        html.Span(audience.purpose, className="tag-under"),
    ]
    cells: list[Component] = [html.Th(name, scope="row"), html.Td(channel(audience.channel, lang))]
    if newest is None:
        cells += [html.Td("–") for _ in COLUMNS[2:]]
    else:
        cells += [
            html.Td(words.number(newest.members), className="count"),
            html.Td(counted(newest.excluded, lang), className="count"),
            html.Td(words.moment(newest.drawn_at, look.zone)),
            html.Td(words.moment(newest.valid_until, look.zone)),
            html.Td(state(newest, lang)),
        ]
    return html.Tr(cells, **attrs(data_row=audience.id))


def channel(of: str, lang: Language) -> str:
    key = f"{CHANNEL}{of.lower()}"
    return text(key, lang) if key in TEXTS else of


def state(version: Version, lang: Language) -> Component:
    """Whether it is handed out, and if not, why."""
    if version.withdrawn:
        return chip(text("audiences.withdrawn", lang), "problem")
    if version.expired:
        return chip(text("audiences.expired", lang), "warn", title=text("audiences.expired_why", lang))
    return chip(text("audiences.open", lang), "good")


PAGE = Page(
    name="audiences",
    rights=frozenset({"market"}),
    question=AudiencesAsked,
    answer=AudiencesFound,
    parse=AudiencesAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, _found, lang: text("audiences.title", lang),
    home=HOME,
    picture="megaphone",
)

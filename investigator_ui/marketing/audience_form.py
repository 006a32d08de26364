"""The seed-audience studio: people from chosen circles, or the strongest spreaders, through one channel, for a purpose."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER, Json
from investigator_ui.marketing import circles, forms, jobs
from investigator_ui.marketing.audience_contract import CHANNELS
from investigator_ui.marketing.audiences import HOME, NEW, channel
from investigator_ui.marketing.circle_contract import CIRCLE, CircleRow, KeyOrder
from investigator_ui.marketing.page import Call, Look, Outcome, Page
from investigator_ui.marketing.parts import card, notice, page_shell
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import text

FIELDS = ("name", "channel", "purpose", "spreaders", "by", "grow")
NUMBERS = {"spreaders": 1, "grow": 0}  # the least of each
MOST, LONGEST = 100_000, 10  # of each, and how many digits it may have
AT = {
    "audience.name": "name",
    "audience.channel": "channel",
    "audience.purpose": "purpose",
    "audience.recipe": "spreaders",
    "audience.unlike": "grow",
}


@dataclass(frozen=True, slots=True, config=ANSWER)
class StudioAsked:
    """`circles`: those that were chosen; none of them means all."""

    circles: tuple[str, ...] = ()

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "StudioAsked | None":
        return cls(circles.chosen_in(query.get("circles", ""))) if path == NEW else None


@dataclass(frozen=True, slots=True, config=ANSWER)
class StudioFound:
    """The chosen circles that are there; `running`: the job that draws what was asked for here before."""

    circles: tuple[CircleRow, ...]
    running: str = ""


def load(user: UserApi, asked: StudioAsked, _moment: datetime | None) -> StudioFound:
    found = [user.run(CIRCLE, id=each)["referralCircle"] for each in asked.circles]
    me = user.me().name
    running = jobs.newest(user, lambda job: job.open and job.draws is not None and job.started_by == me)
    chosen = read(tuple[CircleRow, ...], [each for each in found if each is not None])
    return StudioFound(chosen, running.id if running else "")


def draw_audience(asked: Call[StudioAsked]) -> Outcome:
    """Drawn through the gate in a job, which the page follows to what came out."""
    said = {name: str(asked.values.get(name) or "").strip() for name in FIELDS}
    recipe: dict[str, Json] = {"circles": list(asked.question.circles), "by": said["by"] or KeyOrder.REACH.value}
    for number, least in NUMBERS.items():
        if said[number]:
            if not _is_whole(said[number]) or not least <= int(said[number]) <= MOST:
                return Outcome(problems={number: _limits("audiences.whole", number, asked.look.lang)})
            recipe[number] = int(said[number])
    draft = {"name": said["name"], "channel": said["channel"], "purpose": said["purpose"], "recipe": recipe}
    return Outcome(progress=jobs.start(asked.user, "AUDIENCE", audience=draft).id)


def _is_whole(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) <= LONGEST


def _limits(key: str, number: str, lang: Language) -> str:
    return text(key, lang, least=NUMBERS[number], most=words.number(MOST))


def draw(asked: StudioAsked, found: StudioFound, look: Look) -> Component:
    lang = look.lang
    ranks = [
        (KeyOrder.REACH.value, text("circle.by_reach", lang)),
        (KeyOrder.INFLUENCE.value, text("circle.by_influence", lang)),
    ]
    fields: list[Child] = [
        html.Div(
            [
                forms.field(
                    "name", text("audiences.name", lang), required=True, most=80, hint=text("audiences.name_hint", lang)
                ),
                forms.field(
                    "channel",
                    text("audiences.channel", lang),
                    kind="select",
                    value=CHANNELS[0],
                    options=[(each, channel(each, lang)) for each in CHANNELS],
                    hint=text("audiences.channel_hint", lang),
                ),
            ],
            className="form-row",
        ),
        forms.field(
            "purpose",
            text("audiences.purpose", lang),
            kind="textarea",
            required=True,
            most=500,
            rows=2,
            hint=text("audiences.purpose_hint", lang),
        ),
        html.Div(
            [
                forms.field(
                    "spreaders",
                    text("audiences.spreaders", lang),
                    kind="number",
                    required=not found.circles,
                    hint=_limits(
                        "audiences.spreaders_hint" if found.circles else "audiences.spreaders_all", "spreaders", lang
                    ),
                ),
                forms.field("by", text("audiences.by", lang), kind="select", value=ranks[0][0], options=ranks),
            ],
            className="form-row",
        ),
        forms.field(
            "grow", text("audiences.grow", lang), kind="number", hint=_limits("audiences.grow_hint", "grow", lang)
        ),
    ]
    form = forms.form(
        "draw",
        fields,
        submit=text("audiences.draw", lang),
        more=[forms.link(HOME, text("market.cancel", lang), "button")],
    )
    gone = len(asked.circles) - len(found.circles)
    return page_shell(
        "audience-form",
        "megaphone",
        text("audiences.new", lang),
        forms.progress(found.running, action="arriving", stop=text("jobs.stop", lang)),
        notice(text("audiences.gone", lang, n=words.number(gone)), tone="warn") if gone else None,
        html.Div(
            [
                html.Div([_source(asked, found.circles, look), card(text("audiences.about", lang), form)], className="stack"),
                _gate(lang),
            ],
            className="columns main",
        ),
        back=forms.link(HOME, [icon("chevron"), text("audiences.title", lang)], "page-back"),
    )  # fmt: skip


def _source(asked: StudioAsked, chosen: Sequence[CircleRow], look: Look) -> Component:
    lang = look.lang
    more = forms.link(
        f"{circles.HOME}?chosen={','.join(asked.circles)}" if asked.circles else circles.HOME,
        text("audiences.choose_more" if chosen else "audiences.to_circles", lang),
        "button",
    )
    if not chosen:
        return card(
            text("audiences.from", lang),
            html.P(text("audiences.from_all", lang)),
            html.Div(more, className="actions"),
        )
    people = sum(each.size for each in chosen)
    rows: list[Child] = [
        html.Span(
            [
                forms.link(f"{circles.HOME}/{each.id}", each.code, "page-anchor mono"),
                text("audiences.people", lang, n=words.number(each.size)),
            ],
            className="pair",
        )
        for each in chosen
    ]
    return card(
        text("audiences.from", lang),
        html.Div(rows, className="pairs"),
        html.P(text("audiences.together", lang, n=words.number(people)), className="hint"),
        html.Div(more, className="actions"),
    )


def _gate(lang: Language) -> Component:
    """What the gate looks at, in the words that a marketer may know."""
    points = [
        "audiences.gate_consent",
        "audiences.gate_contacts",
        "audiences.gate_policy",
        "audiences.gate_least",
        "audiences.gate_days",
    ]
    return card(text("audiences.gate", lang), html.Ul([html.Li(text(key, lang)) for key in points], className="points"))


PAGE = Page(
    name="audience-form",
    rights=frozenset({"market"}),
    question=StudioAsked,
    answer=StudioFound,
    parse=StudioAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, _found, lang: text("audiences.new", lang),
    actions={"draw": draw_audience},
    at=AT,
)

"""The tag market 标签市场: every tag by its two-level category, who has it, how fresh it is and how its last run went; computing all of them now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER
from investigator_ui.marketing import forms, jobs
from investigator_ui.marketing.page import Call, Look, Outcome, Page
from investigator_ui.marketing.parts import card, empty, page_shell, share_bar
from investigator_ui.marketing.tag_contract import TAGS, TagRow
from investigator_ui.marketing.tag_words import CONSENT_TONES, consent, freshness, kind, run_sign, source, why
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.inert import inert
from investigator_ui.panels.lists import choice_field, clear, column, search_field
from investigator_ui.panels.parts import Child, icon
from investigator_ui.texts import text

HOME = "/tags"
NEW = f"{HOME}/~new"  # no tag is called so
TROUBLES = ("FAILED", "STUCK")
STATES = ("trouble", "stale", "never")  # what a market can be narrowed down to
RULE = "RULE"
COLUMNS = ("name", "kind", "consent", "coverage", "fresh", "run")
MOST = 80


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagsAsked:
    """Which of the tags are listed."""

    text: str = ""
    category: str = ""
    subcategory: str = ""
    consent: str = ""
    state: str = ""

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "TagsAsked | None":
        if path != HOME:
            return None
        consent, state = query.get("consent", ""), query.get("state", "")
        category = query.get("category", "")[:MOST]
        return cls(
            text=query.get("q", "")[:MOST],
            category=category,
            subcategory=query.get("subcategory", "")[:MOST] if category else "",
            consent=consent if consent in CONSENT_TONES else "",
            state=state if state in STATES else "",
        )

    @property
    def filtered(self) -> bool:
        return self != TagsAsked()

    def takes(self, tag: TagRow) -> bool:
        wanted = self.text.casefold()
        return (
            (not self.category or tag.category == self.category)
            and (not self.subcategory or tag.subcategory == self.subcategory)
            and (not self.consent or tag.consent == self.consent)
            and (not self.state or self.state == _state(tag))
            and any(wanted in said.casefold() for said in (tag.code, tag.name_zh, tag.name_en, tag.subcategory))
        )


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagsFound:
    """`running`: the job that computes tags now, for who may see jobs."""

    tags: tuple[TagRow, ...]
    running: str = ""


def _state(tag: TagRow) -> str:
    if tag.figures is None:
        return "never"
    if tag.figures.status in TROUBLES:
        return "trouble"
    return "stale" if tag.figures.stale else ""


def load(user: UserApi, _asked: TagsAsked, _moment: datetime | None) -> TagsFound:
    tags = read(tuple[TagRow, ...], user.run(TAGS)["tags"])
    running = jobs.at_work(user, "TAGS") if "see_jobs" in user.me().rights else None
    return TagsFound(tags, running.id if running else "")


def compute(asked: Call[TagsAsked]) -> Outcome:
    """All tags of the daily schedule, in a job of the server."""
    return Outcome(progress=jobs.start(asked.user, "TAGS").id)


def draw(asked: TagsAsked, found: TagsFound, look: Look) -> Component:
    lang = look.lang
    shown = [tag for tag in found.tags if asked.takes(tag)]
    counted = text("tags.count", lang, n=words.number(len(found.tags)))
    tools: list[Child] = []
    if look.may("run_jobs"):
        tools.append(
            forms.act("compute", [icon("redo"), text("tags.compute", lang)], confirm=text("tags.compute_what", lang))
        )
    if look.may("edit_tags"):
        tools.append(forms.link(NEW, [icon("plus"), text("tags.new", lang)], "button primary"))
    if not found.tags:
        todo = text("tags.none_todo" if look.may("edit_tags") else "tags.none_wait", lang)
        body: Component = card("", empty("tag", text("tags.none", lang), todo))
    else:
        body = html.Div([_tree(asked, found.tags, lang), html.Div([_filters(asked, look), _table(shown, look)], className="stack")],
                        className="market-columns")  # fmt: skip
    return page_shell(
        "tags",
        "tag",
        text("tags.title", lang),
        forms.progress(found.running),
        body,
        beside=[html.Span(counted, className="quiet")],
        tools=tools,
    )


def _tree(asked: TagsAsked, tags: Sequence[TagRow], lang: Language) -> Component:
    """Both levels of categories, with how many tags are in each."""
    first = Counter(tag.category for tag in tags)
    second = Counter((tag.category, tag.subcategory) for tag in tags)
    rows: list[Component] = [_branch(asked, text("tags.every", lang), "", "", len(tags))]
    for category in sorted(first):
        rows.append(_branch(asked, category, category, "", first[category]))
        rows += [
            _branch(asked, subcategory, category, subcategory, count)
            for (of, subcategory), count in sorted(second.items())
            if of == category
        ]
    return inert(html.Nav(html.Ul(rows), className="card tag-tree", **attrs(aria_label=text("tags.categories", lang))))


def _branch(asked: TagsAsked, label: str, category: str, subcategory: str, count: int) -> Component:
    chosen = (asked.category, asked.subcategory) == (category, subcategory)
    choose = html.Button(
        [html.Span(label), html.Span(words.number(count), className="count quiet")],
        type="button",
        className="branch",
        **attrs(data_category=category, data_subcategory=subcategory, **({"aria_current": "true"} if chosen else {})),
    )
    return html.Li(choose, className="second" if subcategory else "first")


def _filters(asked: TagsAsked, look: Look) -> Component:
    lang, may_risk = look.lang, look.may("see_risk")
    classes = [
        (each, text(f"tags.consent_{each.lower()}", lang)) for each in CONSENT_TONES if may_risk or each != "RISK"
    ]
    states = [(each, text(f"tags.state_{each}", lang)) for each in STATES]
    everything = text("list.all", lang)
    tools: list[Child] = [
        search_field("q", text("tags.search", lang), asked.text),
        choice_field("consent", text("tags.consent", lang), asked.consent, classes, all_=everything),
        choice_field("state", text("tags.state", lang), asked.state, states, all_=everything),
    ]
    if asked.filtered:
        tools.append(clear(lang))
    return html.Div(tools, className="list-tools", role="search")


def _table(tags: Sequence[TagRow], look: Look) -> Component:
    lang = look.lang
    if not tags:
        return html.Div(empty("search", text("tags.none_match", lang)), className="card")
    heads = [column(text(f"tags.column_{name}", lang)) for name in COLUMNS]
    groups: list[Component] = [html.Thead(html.Tr(heads))]
    for category in sorted({tag.category for tag in tags}):
        inside = sorted((tag for tag in tags if tag.category == category), key=lambda tag: (tag.subcategory, tag.code))
        label = html.Th(category, colSpan=len(COLUMNS), scope="rowgroup", className="group")
        groups.append(html.Tbody([html.Tr(label), *(_row(tag, look) for tag in inside)]))
    table = html.Table(groups, className="nodes rows tags")
    scrolled = attrs(aria_labelledby="page-title")
    return inert(html.Div(table, className="card table-card", tabIndex=0, role="region", **scrolled))


def _row(tag: TagRow, look: Look) -> html.Tr:
    lang, figures = look.lang, tag.figures
    name = [
        forms.link(f"{HOME}/{tag.code}", tag.name(lang), "page-anchor row-name"),
        html.Span(
            [html.Span(tag.subcategory), html.Span(tag.code, className="mono"), *_from(tag, lang)],
            className="tag-under",
        ),
    ]
    coverage = (
        html.Span("–", className="quiet") if figures is None else share_bar(figures.coverage, figures.population, lang)
    )
    return html.Tr(
        [
            html.Th(name, scope="row"),
            html.Td(kind(tag.value_type, lang)),
            html.Td(consent(tag.consent, lang)),
            html.Td(coverage),
            html.Td(freshness(figures, lang)),
            html.Td([run_sign(figures, lang, look.zone), *_failure(tag, lang)]),
        ],
        **attrs(data_row=tag.code),
    )


def _from(tag: TagRow, lang: Language) -> list[Component]:
    """Where values come from; most have a rule, which goes without saying."""
    return [] if tag.kind == RULE else [html.Span(source(tag.kind, lang))]


def _failure(tag: TagRow, lang: Language) -> list[Component]:
    if tag.figures is None or not tag.figures.error:
        return []
    return [html.Span(why(tag.figures, lang), className="hint tag-error")]


PAGE = Page(
    name="tags",
    rights=frozenset({"see_tags"}),
    question=TagsAsked,
    answer=TagsFound,
    parse=TagsAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, _found, lang: text("tags.title", lang),
    home=HOME,
    picture="tag",
    actions={"compute": compute},
)

"""The page of one tag: its dictionary entry, where its values come from and how they are spread, lineage and dependants, versions and runs; computing and
deleting it."""

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
from investigator_ui.marketing import forms, jobs
from investigator_ui.marketing.page import Call, Look, Outcome, Page
from investigator_ui.marketing.parts import Bar, bars, card, chip, counted, empty, notice, page_shell, share_bar
from investigator_ui.marketing.segment_contract import NamedSegment
from investigator_ui.marketing.segment_lineage import segment_link, segments_named
from investigator_ui.marketing.tag_contract import DELETE, TAG, Computation, TagName, TagVersion, WholeTag
from investigator_ui.marketing.tag_runs import runs_card
from investigator_ui.marketing.tag_words import (
    GIVEN,
    by,
    code_at,
    consent,
    kind,
    run_sign,
    schedule,
    source,
    value,
    why,
)
from investigator_ui.marketing.tags import HOME
from investigator_ui.panels.parts import Child, facts, icon, name_of
from investigator_ui.texts import text

MOST_BARS = 12
FEW = 10  # smaller numbers are told to those only who may see risk
TAG_READ = "tag "  # begins what a rule reads of another tag


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagAsked:
    code: str

    @classmethod
    def parse(cls, path: str, _query: Mapping[str, str]) -> "TagAsked | None":
        code = code_at(path, f"{HOME}/")
        return None if code is None else cls(code)


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagFound:
    """`names`: of the tags that it reads and that read it; `computation`: what its values come from, where that is one;
    `segments`: those that read it; `running`: the job that computes it now, by name."""

    tag: WholeTag
    names: tuple[TagName, ...]
    computation: Computation | None = None
    segments: tuple[NamedSegment, ...] = ()
    running: str = ""

    def name(self, code: str, lang: Language) -> str:
        return next((each.name(lang) for each in self.names if each.code == code), code)


def load(user: UserApi, asked: TagAsked, _moment: datetime | None) -> TagFound:
    answer = user.run(TAG, code=asked.code)
    if answer["tag"] is None:
        raise Refused("tag.unknown")
    tag = read(WholeTag, answer["tag"])
    near = {*tag.dependants, *(each.removeprefix(TAG_READ) for each in tag.reads if each.startswith(TAG_READ))}
    names = read(tuple[TagName, ...], answer["tags"])
    known = read(tuple[Computation, ...], answer["tagComputations"])
    computation = next((each for each in known if each.name == tag.computation), None)
    readers = segments_named(user, tag.segments)
    running = "" if tag.kind in GIVEN else jobs.computing(user, "TAGS", asked.code)
    shown = tuple(each for each in names if each.code in near)
    return TagFound(tag, shown, computation, readers, running)


def compute(asked: Call[TagAsked]) -> Outcome:
    """For today, in a job: the page may be left meanwhile."""
    return Outcome(progress=jobs.start(asked.user, "TAGS", codes=[asked.question.code]).id)


def delete(asked: Call[TagAsked]) -> Outcome:
    asked.user.run(DELETE, code=asked.question.code)
    return Outcome(message=text("tags.deleted", asked.look.lang, code=asked.question.code), go=HOME)


def draw(asked: TagAsked, found: TagFound, look: Look) -> Component:
    tag, lang = found.tag, look.lang
    beside: list[Child] = [
        html.Span(tag.code, className="mono quiet"),
        consent(tag.consent, lang),
        chip(text("tags.version", lang, n=tag.version)),
    ]
    tools: list[Child] = []
    if look.may("edit_tags"):
        if not _readers(tag):
            tools.append(
                forms.act("delete", text("tags.delete", lang), title=text("tags.delete_title", lang, name=tag.name(lang)),
                          confirm=text("tags.delete_what", lang), danger=True)
            )  # fmt: skip
        if tag.kind not in GIVEN:
            tools.append(forms.act("compute", [icon("redo"), text("tags.compute", lang)]))
        tools.append(forms.link(f"{HOME}/{tag.code}/edit", text("tags.edit", lang), "button primary"))
    left = html.Div(
        [_spread(tag, look), _source(found, look), runs_card(tag.runs, look), _versions(tag, look)], className="stack"
    )
    right = html.Div([_entry(tag, look), _run(tag, look), _lineage(found, look)], className="stack")
    return page_shell(
        "tag",
        "tag",
        tag.name(lang),
        forms.progress(found.running, stop=text("jobs.stop", lang)),
        *_notices(tag, look),
        html.Div([left, right], className="columns main"),
        beside=beside,
        tools=tools,
        back=forms.link(HOME, [icon("chevron"), text("tags.title", lang)], "page-back"),
    )


def _readers(tag: WholeTag) -> int:
    return len(tag.dependants) + len(tag.segments)


def _notices(tag: WholeTag, look: Look) -> list[Component]:
    lang, figures = look.lang, tag.figures
    if figures is None:
        if tag.kind in GIVEN:
            return [notice(text(f"tags.never_{tag.kind.lower()}", lang, code=tag.code))]
        wait = "tags.never_now" if look.may("edit_tags") else "tags.never_why"
        return [notice(text(wait, lang, schedule=schedule(tag.schedule, lang)))]
    told: list[Component] = []
    if figures.status == "FAILED":
        told.append(notice(" ".join((text("tags.failed_why", lang), why(figures, lang))).strip(), tone="problem"))
    if figures.status == "STUCK":
        heard = words.moment(figures.heard_at, look.zone)
        told.append(notice(text("tags.stuck_why", lang, when=heard), tone="problem"))
    if figures.version != tag.version:
        told.append(notice(text("tags.older_version", lang, of=figures.version, now=tag.version), tone="warn"))
    if figures.stale:
        told.append(notice(text("tags.stale_why", lang), tone="warn"))
    return told


def _spread(tag: WholeTag, look: Look) -> Component:
    lang, figures = look.lang, tag.figures
    heading = text("tags.spread", lang)
    if figures is None:
        return card(heading, empty("tag", text("tags.never", lang)))
    many = figures.distribution[:MOST_BARS]
    if tag.value_type == "NUMBER":
        many = tuple(sorted(many, key=lambda share: float(share.value)))
    rows = [Bar(value(tag.value_type, share.value, lang), share.count) for share in many]
    left_out = len(figures.distribution) - len(many)
    if figures.coverage is not None:
        others = max(figures.population - figures.coverage, 0)
        tell = others >= FEW or look.may("see_risk")
        rows.append(Bar(text("tags.without", lang), others if tell else None))
    return card(
        heading,
        html.P(
            [
                share_bar(figures.coverage, figures.population, lang),
                html.Span([counted(figures.coverage, lang), f" / {words.number(figures.population)}"], className="quiet count"),
            ],
            className="spread-head",
        ),
        bars(rows, lang, label=heading, whole=figures.population),
        html.P(text("tags.more_values", lang, n=left_out), className="hint") if left_out else None,
    )  # fmt: skip


def _source(found: TagFound, look: Look) -> Component:
    """Where its values come from: the rule, or what the computation does, or how they are given."""
    tag, lang = found.tag, look.lang
    if tag.kind in GIVEN:
        return card(text("tags.source", lang), html.P(text(f"tags.given_{tag.kind.lower()}", lang, code=tag.code)))
    if found.computation is None:
        return card(text("tags.rule", lang), html.Pre(tag.rule or tag.computation, className="rule", tabIndex=0))
    named: list[Child] = [found.computation.named(lang), html.Span(found.computation.name, className="mono quiet")]
    return card(
        text("tags.computation", lang), html.P(named, className="spread-head"), html.P(found.computation.means(lang))
    )


def _versions(tag: WholeTag, look: Look) -> Component:
    rows = [_version(each, look, newest=each.version == tag.version) for each in tag.versions]
    return card(text("tags.versions", look.lang), html.Ul(rows, className="version-list"))


def _version(version: TagVersion, look: Look, *, newest: bool) -> html.Li:
    lang = look.lang
    label = text("tags.version", lang, n=version.version)
    when = f"{words.moment(version.changed_at, look.zone)} · {by(version.changed_by, lang)}"
    line: list[Child] = [html.Span(label, className="version-number"), html.Span(when, className="quiet")]
    if newest:
        line.append(chip(text("tags.current", lang), "good"))
    if not version.rule:
        return html.Li(html.P(line, className="version-line"))
    return html.Li(html.Details([html.Summary(line), html.Pre(version.rule, className="rule")]))


def _entry(tag: WholeTag, look: Look) -> Component:
    lang = look.lang
    other = tag.name("en" if lang == "zh" else "zh")
    rows: list[tuple[str, Child]] = [
        (text("tags.other_name", lang), other),
        (text("tags.category", lang), f"{tag.category} › {tag.subcategory}"),
        (text("tags.about", lang), name_of(look.schema.node_type(tag.type), lang)),
        (text("tags.column_kind", lang), kind(tag.value_type, lang)),
        (text("tags.source", lang), source(tag.kind, lang)),
        *([] if tag.kind in GIVEN else [(text("tags.schedule", lang), schedule(tag.schedule, lang))]),
        (text("tags.owner", lang), tag.owner or "–"),
    ]
    return card(text("tags.entry", lang), facts(rows))


def _run(tag: WholeTag, look: Look) -> Component:
    lang, figures = look.lang, tag.figures
    if figures is None:
        return card(text("tags.last_run", lang), html.P(text("tags.never", lang), className="hint"))
    rows: list[tuple[str, Child]] = [
        (text("tags.state", lang), run_sign(figures, lang, look.zone)),
        (text("tags.column_fresh", lang), figures.base_date.isoformat()),
        (text("tags.computed_version", lang), text("tags.version", lang, n=figures.version)),
        (text("tags.started", lang), words.moment(figures.started_at, look.zone)),
        (text("tags.by", lang), by(figures.by, lang)),
        (text("tags.changed", lang), counted(figures.changed, lang)),
    ]
    return card(text("tags.last_run", lang), facts(rows))


def _lineage(found: TagFound, look: Look) -> Component:
    """What the rule reads, and which tags read this one; tags lead to their pages."""
    lang, tag = look.lang, found.tag
    reads: list[Component] = []
    for each in tag.reads:
        if each.startswith(TAG_READ):
            reads.append(_tag_link(each.removeprefix(TAG_READ), found, lang))
        else:
            reads.append(html.Span(each, className="chip mono"))
    used = [_tag_link(code, found, lang) for code in tag.dependants]
    names = {each.code: each.name for each in found.segments}
    used += [segment_link(code, names) for code in tag.segments]
    return card(
        text("tags.reads", lang),
        _listed(reads, text("tags.reads_nothing", lang)),
        html.H2(text("tags.dependants", lang)),
        _listed(used, text("tags.used_by_none", lang)),
        html.P(text("tags.delete_used", lang, n=_readers(tag)), className="hint")
        if used and look.may("edit_tags")
        else None,
    )


def _tag_link(code: str, found: TagFound, lang: Language) -> Component:
    return forms.link(f"{HOME}/{code}", [icon("tag"), found.name(code, lang)], "chip tag-chip")


def _listed(parts: Sequence[Component], none: str) -> Component:
    return html.Div(list(parts), className="chips") if parts else html.P(none, className="hint")


PAGE = Page(
    name="tag",
    rights=frozenset({"see_tags"}),
    question=TagAsked,
    answer=TagFound,
    parse=TagAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, found, lang: found.tag.name(lang),
    actions={"delete": delete, "compute": compute},
    detailed=("tag.",),
)

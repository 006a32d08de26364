"""One segment: its rule and whom it reaches now, its editions and what became of who was in them, files of who may be written to, its versions."""

from collections.abc import Mapping
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
from investigator_ui.marketing.page import Call, Download, Look, Outcome, Page
from investigator_ui.marketing.parts import Bar, bars, card, chip, counted, notice, page_shell
from investigator_ui.marketing.segment_contract import (
    DELETE,
    DIFFERENCE,
    REACH,
    SEGMENT,
    TAG_READ,
    WATERFALL,
    Edition,
    NamedSegment,
    NamedTag,
    Reach,
    Segment,
    Version,
)
from investigator_ui.marketing.segment_lineage import no_values, segment_link, segments_named, tags_of
from investigator_ui.marketing.segment_waterfall import waterfall
from investigator_ui.marketing.segments import HOME, state
from investigator_ui.marketing.tag_words import by, code_at, schedule
from investigator_ui.panels.parts import Child, facts, icon
from investigator_ui.texts import TEXTS, text

CHANNELS = ("sms", "call", "email", "push")
FORMS = ("csv", "parquet", "jsonl")


@dataclass(frozen=True, slots=True, config=ANSWER)
class SegmentAsked:
    code: str

    @classmethod
    def parse(cls, path: str, _query: Mapping[str, str]) -> "SegmentAsked | None":
        code = code_at(path, f"{HOME}/")
        return None if code is None else cls(code)


@dataclass(frozen=True, slots=True, config=ANSWER)
class SegmentFound:
    """`running`: the job that computes it now. `tags`: those that its rule reads; `segments`: those that it names and that name it."""

    segment: Segment
    running: str = ""
    tags: tuple[NamedTag, ...] = ()
    segments: tuple[NamedSegment, ...] = ()


def load(user: UserApi, asked: SegmentAsked, _moment: datetime | None) -> SegmentFound:
    found = user.run(SEGMENT, code=asked.code)["segment"]
    if found is None:
        raise Refused("segment.unknown")
    segment = read(Segment, found)
    near = segments_named(user, {*segment.segments, *segment.dependants})
    return SegmentFound(segment, jobs.computing(user, "SEGMENT", asked.code), tags_of(user, segment.reads), near)


def delete(asked: Call[SegmentAsked]) -> Outcome:
    asked.user.run(DELETE, code=asked.question.code)
    return Outcome(message=text("segments.deleted", asked.look.lang, code=asked.question.code), go=HOME)


def compute(asked: Call[SegmentAsked]) -> Outcome:
    """For today, in a job: the page may be left meanwhile."""
    return Outcome(progress=jobs.start(asked.user, "SEGMENT", code=asked.question.code).id)


def compare(asked: Call[SegmentAsked]) -> Outcome:
    """What became of who was in one edition until another."""
    lang = asked.look.lang
    first, second = sorted(int(str(asked.values[name])) for name in ("before", "after"))
    if first == second:
        return Outcome(problems={"after": text("segments.same_edition", lang)})
    found = asked.user.run(DIFFERENCE, code=asked.question.code, before=first, after=second)["segment"]["difference"]
    rows = [
        Bar(text("segments.stayed", lang), found["stayed"]),
        Bar(text("segments.left", lang), found["left"]),
        Bar(text("segments.joined", lang), found["joined"]),
    ]
    label = text("segments.compared", lang, before=first, after=second)
    return Outcome(parts={"segment-difference": [html.P(label, className="hint"), bars(rows, lang, label=label)]})


def reach(asked: Call[SegmentAsked]) -> Outcome:
    """How many of an edition may be written to now: with every reason for who may know, else all who may not in one rounded number."""
    lang = asked.look.lang
    told = {
        "code": asked.question.code,
        "channel": _channel(asked).upper(),
        "edition": int(str(asked.values["edition"])),
    }
    document = WATERFALL if asked.look.may("see_exclusions") else REACH
    found = read(Reach, asked.user.run(document, **told)["segment"]["reach"])
    rows = [Bar(text("segments.reachable", lang), found.members)]
    if found.candidates is None:
        rows.append(Bar(text("segments.excluded", lang), found.excluded))
    else:
        rows = [Bar(text("segments.candidates", lang), found.candidates)]
        rows += [Bar(f"− {_reason(step.reason, lang)}", step.count) for step in found.waterfall if step.count > 0]
        rows.append(Bar(text("segments.reachable", lang), found.members))
    return Outcome(
        parts={"segment-reach": bars(rows, lang, label=text("segments.reachable", lang), whole=found.candidates or 0)}
    )


def members(asked: Call[SegmentAsked]) -> Download:
    """Who may be handed out now, as a file."""
    form = str(asked.values.get("format", ""))
    return Download(
        path=f"/exports/segments/{asked.question.code}",
        params={
            "format": form if form in FORMS else FORMS[0],
            "version": str(int(str(asked.values["edition"]))),
            "channel": _channel(asked),
        },
    )


def _channel(asked: Call[SegmentAsked]) -> str:
    channel = str(asked.values.get("channel", ""))
    return channel if channel in CHANNELS else CHANNELS[0]


def _reason(reason: str, lang: Language) -> str:
    key = f"audiences.left_{reason}"
    return text(key, lang) if key in TEXTS else reason


def draw(_asked: SegmentAsked, found: SegmentFound, look: Look) -> Component:
    lang, segment = look.lang, found.segment
    beside: list[Child] = [html.Span(segment.code, className="mono quiet"), *state(segment, lang)]
    tools: list[Child] = []
    if look.may("edit_tags"):
        if not segment.dependants:
            tools.append(
                forms.act("delete", text("tags.delete", lang), title=text("segments.delete_title", lang, name=segment.name),
                          confirm=text("segments.delete_what", lang), danger=True)
            )  # fmt: skip
        tools += [
            forms.act("compute", [icon("redo"), text("tags.compute", lang)]),
            forms.link(f"{HOME}/{segment.code}/edit", text("tags.edit", lang), "button primary"),
        ]
    left = html.Div([_now(segment, look), _editions(segment, look), _versions(segment, look)], className="stack")
    right = html.Div([*_out(segment, look), _compare(segment, look), _entry(found, look)], className="stack")
    return page_shell(
        "segment",
        "funnel",
        segment.name,
        forms.progress(found.running, stop=text("jobs.stop", lang)),
        *_notices(found, look),
        html.Div([left, right], className="columns main"),
        beside=beside,
        tools=tools,
        back=forms.link(HOME, [icon("chevron"), text("segments.title", lang)], "page-back"),
    )


def _notices(found: SegmentFound, look: Look) -> list[Component]:
    lang, segment = look.lang, found.segment
    told = no_values([tag for tag in found.tags if not tag.computed], lang)
    if segment.run is not None and segment.run.error:
        told.append(notice(" ".join((text("segments.failed_why", lang), segment.run.error)), tone="problem"))
    if segment.newest is None:
        told.append(notice(text("segments.never_why", lang)))
    elif segment.newest.version != segment.version:
        told.append(notice(text("segments.older_version", lang), tone="warn"))
    if segment.risk:
        told.append(notice(text("segments.risk_why", lang), tone="warn"))
    return told


def _now(segment: Segment, look: Look) -> Component:
    parts: list[Child] = [html.Pre(segment.rule, className="rule", tabIndex=0)]
    if segment.count is not None:
        parts += waterfall(segment.count, look.lang)
    return card(text("segments.now", look.lang), *parts)


def _editions(segment: Segment, look: Look) -> Component:
    lang = look.lang
    if not segment.editions:
        return card(text("segments.editions", lang), html.P(text("segments.never_why", lang), className="hint"))
    rows = [_edition(each, look) for each in segment.editions]
    return card(text("segments.editions", lang), html.Ul(rows, className="version-list"))


def _edition(edition: Edition, look: Look) -> html.Li:
    lang = look.lang
    day = text("segments.edition_of", lang, n=edition.number, day=edition.base_date.isoformat())
    line: list[Child] = [
        html.Span(day, className="version-number"),
        html.Span([counted(edition.members, lang)], className="count"),
        html.Span(text("tags.version", lang, n=edition.version), className="quiet"),
        html.Span(words.moment(edition.computed_at, look.zone), className="quiet"),
    ]
    if edition.open:
        until = words.moment(edition.valid_until, look.zone)
        line.append(chip(text("segments.open", lang), "good", title=text("segments.open_until", lang, when=until)))
    return html.Li(html.Span(line, className="edition-line"))


def _numbers(segment: Segment, lang: Language) -> list[forms.Option]:
    return [
        (str(each.number), text("segments.edition_of", lang, n=each.number, day=each.base_date.isoformat()))
        for each in segment.editions
    ]


def _out(segment: Segment, look: Look) -> list[Component]:
    """Who may be written to, for whoever may hand people out."""
    lang = look.lang
    numbers = [
        (str(each.number), label)
        for each, (_, label) in zip(segment.editions, _numbers(segment, lang), strict=True)
        if each.open
    ]
    if not look.may("market") or not numbers:
        return []
    channels = [(each, text(f"audiences.channel_{each}", lang)) for each in CHANNELS]
    ask = forms.form(
        "reach",
        [
            forms.field("edition", text("segments.column_edition", lang), kind="select", value=numbers[0][0], options=numbers),
            html.Div(
                [
                    forms.field("channel", text("segments.channel", lang), kind="select", value=CHANNELS[0], options=channels),
                    forms.field("format", text("segments.format", lang), kind="select", value=FORMS[0], options=[(each, each) for each in FORMS]),
                ],
                className="form-row",
            ),
        ],
        submit=text("segments.reach", lang),
        more=[forms.download("members", text("segments.download", lang))],
    )  # fmt: skip
    why = html.P(text("segments.gate_why", lang), className="hint")
    return [
        card(text("segments.out", lang), ask, html.Div(id="segment-reach", className="live-part", role="status"), why)
    ]


def _compare(segment: Segment, look: Look) -> Component | None:
    lang, numbers = look.lang, _numbers(segment, look.lang)
    if len(numbers) < 2:
        return None
    ask = forms.form(
        "compare",
        [
            html.Div(
                [
                    forms.field("before", text("segments.before", lang), kind="select", value=numbers[1][0], options=numbers),
                    forms.field("after", text("segments.after", lang), kind="select", value=numbers[0][0], options=numbers),
                ],
                className="form-row",
            )
        ],
        submit=text("segments.compare", lang),
    )  # fmt: skip
    return card(
        text("segments.difference", lang), ask, html.Div(id="segment-difference", className="live-part", role="status")
    )


def _versions(segment: Segment, look: Look) -> Component:
    rows = [_version(each, look, newest=each.version == segment.version) for each in segment.versions]
    return card(text("tags.versions", look.lang), html.Ul(rows, className="version-list"))


def _version(version: Version, look: Look, *, newest: bool) -> html.Li:
    lang = look.lang
    when = f"{words.moment(version.changed_at, look.zone)} · {by(version.changed_by, lang)}"
    line: list[Child] = [
        html.Span(text("tags.version", lang, n=version.version), className="version-number"),
        html.Span(when, className="quiet"),
    ]
    if newest:
        line.append(chip(text("tags.current", lang), "good"))
    return html.Li(html.Details([html.Summary(line), html.Pre(version.rule, className="rule")]))


def _entry(found: SegmentFound, look: Look) -> Component:
    lang, segment = look.lang, found.segment
    tags = {tag.code: tag.name(lang) for tag in found.tags}
    names = {each.code: each.name for each in found.segments}
    rows: list[tuple[str, Child]] = [
        (text("tags.owner", lang), segment.owner or "–"),
        (text("tags.schedule", lang), schedule(segment.schedule, lang)),
        (text("segments.description", lang), segment.description or "–"),
    ]
    reads: list[Component] = []
    for each in segment.reads:
        code = each.removeprefix(TAG_READ)
        link = forms.link(f"/tags/{code}", [icon("tag"), tags.get(code, code)], "chip tag-chip")
        reads.append(link if each.startswith(TAG_READ) else html.Span(each, className="chip mono"))
    reads += [segment_link(code, names) for code in segment.segments]
    used = [segment_link(code, names) for code in segment.dependants]
    nobody = html.P(text("segments.used_by_none", lang), className="hint")
    return card(
        text("tags.entry", lang),
        facts(rows),
        html.H2(text("tags.reads", lang)),
        html.Div(reads, className="chips") if reads else html.P(text("tags.reads_nothing", lang), className="hint"),
        html.H2(text("segments.dependants", lang)),
        html.Div(used, className="chips") if used else nobody,
        html.P(text("segments.delete_used", lang, n=len(used)), className="hint")
        if used and look.may("edit_tags")
        else None,
    )


PAGE = Page(
    name="segment",
    rights=frozenset({"see_tags"}),
    question=SegmentAsked,
    answer=SegmentFound,
    parse=SegmentAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, found, _lang: found.segment.name,
    actions={"delete": delete, "compute": compute, "compare": compare, "reach": reach},
    downloads={"members": members},
    detailed=("segment.", "tag."),
)

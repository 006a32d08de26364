"""The builder of a segment: a tree of conditions to click together (assets/58-segments.js), the same rule as text, and whom it reaches while it is changed."""

import json
from collections.abc import Mapping
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.client import UserApi, read
from investigator_ui.contract import ANSWER, Json
from investigator_ui.errors import Refused
from investigator_ui.marketing import forms
from investigator_ui.marketing.page import Call, Look, Outcome, Page
from investigator_ui.marketing.parts import card, page_shell
from investigator_ui.marketing.segment_contract import (
    CHANGE,
    COUNT,
    DEFINE,
    FORM,
    RULE,
    Counted,
    Vocabulary,
    Written,
)
from investigator_ui.marketing.segment_lineage import no_values, uncomputed
from investigator_ui.marketing.segment_waterfall import waterfall
from investigator_ui.marketing.segments import HOME, NEW
from investigator_ui.marketing.tag_words import code_at, over_risk
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon, name_of
from investigator_ui.texts import text

EDIT = "/edit"
SCHEDULES = ("DAILY", "MANUAL")
MOST_RULE = 4_000
# At which field a refusal of the API is shown.
AT = {
    "tag.": "rule",
    "segment.tree": "rule",
    "segment.cases": "rule",
    "segment.which": "rule",
    "segment.risk": "rule",
    "text.personal": "rule",
    "rule.risk": "rule",
    "forbidden": "rule",
    "segment.code": "code",
    "segment.exists": "code",
    "segment.name": "name",
}


@dataclass(frozen=True, slots=True, config=ANSWER)
class FormAsked:
    """`code` is that of the segment to change, empty for a new one, which may begin with a `rule`."""

    code: str = ""
    rule: str = ""

    @classmethod
    def parse(cls, path: str, query: Mapping[str, str]) -> "FormAsked | None":
        if path == NEW:
            return cls(rule=query.get("rule", "")[:MOST_RULE])
        code = code_at(path.removesuffix(EDIT), f"{HOME}/") if path.endswith(EDIT) else None
        return None if code is None else cls(code)


@dataclass(frozen=True, slots=True, config=ANSWER)
class KnownTag:
    """A tag that conditions may be about, and the values that it has now."""

    code: str
    name_zh: str
    name_en: str
    value_type: str
    type: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class KnownSegment:
    code: str
    name: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class FormFound:
    segment: Written | None
    vocabulary: Vocabulary
    tags: tuple[KnownTag, ...]
    segments: tuple[KnownSegment, ...]


def load(user: UserApi, asked: FormAsked, _moment: datetime | None) -> FormFound:
    written: Written | None = None
    if asked.code:
        found = user.run(RULE, code=asked.code)["segment"]
        if found is None:
            raise Refused("segment.unknown")
        written = read(Written, found)
    answer = user.run(FORM)
    tags = [
        {**tag, "values": [each["value"] for each in (tag["figures"] or {}).get("distribution", [])]}
        for tag in answer["tags"]
    ]
    segments = read(tuple[KnownSegment, ...], answer["segments"])
    return FormFound(
        written,
        read(Vocabulary, answer["ruleVocabulary"]),
        read(tuple[KnownTag, ...], tags),
        tuple(each for each in segments if each.code != asked.code),
    )


def count(asked: Call[FormAsked]) -> Outcome:
    """Whom the rule reaches that is being put together: the tree where the builder was changed last, else the text."""
    told = _rule(asked.values)
    if not told:
        return Outcome(parts={"rule-check": _uncounted(asked.look.lang)})
    try:
        counted = read(Counted, asked.user.run(COUNT, **told)["countSegment"])
    except Refused as error:
        raise over_risk(error, asked.look) from error
    fields = {"rule": counted.rule} if "tree" in told else {}
    lang = asked.look.lang
    told_of = [*no_values(uncomputed(asked.user, counted.reads), lang), *waterfall(counted, lang)]
    return Outcome(parts={"rule-check": told_of}, fields=fields, values={"tree": counted.tree})


def save(asked: Call[FormAsked]) -> Outcome:
    lang = asked.look.lang
    if asked.values.get("incomplete"):
        return Outcome(problems={"rule": text("segments.incomplete", lang)})
    told = _rule(asked.values)
    if not told:
        return Outcome(problems={"rule": text("segments.no_rule", lang)})
    wanted: dict[str, Json] = {
        name: str(asked.values.get(name, "")).strip() for name in ("code", "name", "description", "owner", "schedule")
    }
    document, field = (CHANGE, "changeSegment") if asked.question.code else (DEFINE, "defineSegment")
    try:
        code = asked.user.run(document, input=wanted | told)[field]["code"]
    except Refused as error:
        raise over_risk(error, asked.look) from error
    return Outcome(message=text("segments.saved", lang), go=f"{HOME}/{code}")


def _rule(values: Mapping[str, Json]) -> dict[str, Json]:
    if values.get("tree"):
        return {"tree": values["tree"]}
    rule = str(values.get("rule", "")).strip()
    return {"rule": rule} if rule else {}


def draw(asked: FormAsked, found: FormFound, look: Look) -> Component:
    lang, segment = look.lang, found.segment
    heading = text("segments.new", lang) if segment is None else text("tags.edit_of", lang, name=segment.name)
    back = HOME if segment is None else f"{HOME}/{segment.code}"
    whole = [html.Div([_builder(asked, found, look), _entry(found, look)], className="columns main")]
    form = forms.form(
        "save",
        whole,
        submit=text("segments.save", lang),
        more=[forms.link(back, text("market.cancel", lang), "button")],
    )
    label = text("segments.title", lang) if segment is None else segment.name
    return page_shell(
        "segment-form", "funnel", heading, form, back=forms.link(back, [icon("chevron"), label], "page-back")
    )


def _builder(asked: FormAsked, found: FormFound, look: Look) -> Component:
    lang, segment = look.lang, found.segment
    tree = None if segment is None else segment.tree
    builder = html.Div(
        id="segment-builder",
        className="builder",
        role="group",
        **attrs(
            aria_label=text("segments.builder", lang),
            data_tree=json.dumps(tree, ensure_ascii=False) if tree else "",
            data_vocabulary=json.dumps(_words(found, look), ensure_ascii=False),
        ),
    )
    written = segment.rule if segment is not None else asked.rule
    rule = forms.field(
        "rule",
        text("segments.as_text", lang),
        kind="code",
        value=written,
        most=MOST_RULE,
        rows=3,
        hint=text("segments.as_text_hint", lang),
    )
    counted = card(
        text("segments.live", lang), html.Div(_uncounted(lang), id="rule-check", className="live-part", role="status")
    )
    return html.Div([card(text("segments.builder", lang), builder), counted, card("", rule)], className="stack")


def _entry(found: FormFound, look: Look) -> Component:
    lang, segment = look.lang, found.segment
    fixed = segment is not None
    schedules = [(each, text(f"tags.schedule_{each.lower()}", lang)) for each in SCHEDULES]
    fields: list[Child] = [
        forms.field("name", text("segments.name", lang), value=segment.name if segment else "", required=True, most=60),
        forms.field("code", text("tags.code", lang), value=segment.code if segment else "", required=True, most=40, fixed=fixed,
                    hint="" if fixed else text("segments.code_hint", lang)),
        forms.field("description", text("segments.description", lang), kind="textarea", rows=2, most=500,
                    value=segment.description if segment else ""),
        forms.field("schedule", text("tags.schedule", lang), kind="select", value=segment.schedule if segment else "MANUAL", options=schedules),
        forms.field("owner", text("tags.owner", lang), value=segment.owner if segment else look.me.name, most=60),
    ]  # fmt: skip
    return card(text("tags.entry", lang), html.Div(fields, className="stack"))


def _uncounted(lang: Language) -> Component:
    return html.P(text("segments.count_hint", lang), className="hint")


def _words(found: FormFound, look: Look) -> Json:
    """What the builder offers, in the page's language."""
    lang, known = look.lang, found.vocabulary
    return {
        "targets": {
            target.type: {
                "caption": target.caption(lang),
                "fields": [
                    {
                        "name": field.name,
                        "caption": field.caption(lang),
                        "kind": field.kind,
                        "open": field.open,
                        "choices": [[choice.value, words.capital(choice.caption(lang))] for choice in field.choices],
                    }
                    for field in target.fields
                ],
            }
            for target in known.targets
        },
        "root": known.targets[0].type,
        "ties": [
            {"type": tie.type, "caption": tie.caption(lang), "to": list(tie.to), "directed": tie.directed} for tie in known.ties
        ],
        "shared": [[each, name_of(look.schema.node_type(each), lang)] for each in known.shared],
        "tags": [
            {
                "code": tag.code,
                "caption": tag.name_zh if lang == "zh" else tag.name_en,
                "kind": tag.value_type,
                "type": tag.type,
                "choices": [[each, each] for each in tag.values] if tag.value_type == "TEXT" else [],
            }
            for tag in found.tags
        ],
        "segments": [[each.code, each.name] for each in found.segments],
        "blocklist": known.blocklist,
    }  # fmt: skip


PAGE = Page(
    name="segment-form",
    rights=frozenset({"see_tags", "edit_tags"}),
    question=FormAsked,
    answer=FormFound,
    parse=FormAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, found, lang: found.segment.name if found.segment else text("segments.new", lang),
    actions={"count": count, "save": save},
    at=AT,
    detailed=("tag.", "segment."),
    emptied={"count": {"rule-check": _uncounted}},
)

"""The form of a tag: a new one, or the next version of one. While the rule is typed, what it means and whom it would reach is told."""

from collections.abc import Mapping, Sequence
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
from investigator_ui.marketing.parts import Bar, bars, card, chip, page_shell
from investigator_ui.marketing.tag_contract import (
    CHANGE,
    CHECK,
    COMPUTATIONS,
    DEFINE,
    TAG,
    TAGS,
    Computation,
    TagCheck,
    TagRow,
    WholeTag,
)
from investigator_ui.marketing.tag_words import GIVEN, code_at, kind, over_risk, source, value
from investigator_ui.marketing.tags import HOME, NEW, RULE
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import Child, icon, name_of
from investigator_ui.texts import text

EDIT = "/edit"
FIELDS = (
    "code",
    "nameZh",
    "nameEn",
    "category",
    "subcategory",
    "kind",
    "rule",
    "computation",
    "type",
    "valueType",
    "consent",
    "schedule",
    "owner",
)
KINDS = ("BOOL", "TEXT", "NUMBER", "DATE")
CLASSES = ("MARKETING", "SERVICE", "RISK")
SCHEDULES = ("DAILY", "MANUAL")
CUSTOMER = "Customer"
COMPUTED = "COMPUTED"
SOURCES = (RULE, COMPUTED, *GIVEN)
EXAMPLES = (
    'education in ("bachelor", "master", "doctor")',
    "years_since(birth_date) < 35",
    "degree(REFERRED out) >= 3",
    "degree(APPLIED to Application where days_since(applied_at) < 90) >= 2",
    "shared(Device) >= 2",
    "tag(referrer) and not tag(new_customer)",
    'when years_since(birth_date) < 25 then "18-24"\nelse "25+"',
)
# At which field a refusal of the API is shown.
AT = {
    "tag.syntax": "rule",
    "tag.rule": "rule",
    "tag.personal": "rule",
    "text.personal": "rule",
    "tag.risk": "consent",
    "tag.value_type": "valueType",
    "tag.computation": "computation",
    "tag.kind": "kind",
    "tag.code": "code",
    "tag.exists": "code",
    "rule.risk": "rule",
    "forbidden": "rule",
}


@dataclass(frozen=True, slots=True, config=ANSWER)
class FormAsked:
    """`code` is that of the tag to change, empty for a new one."""

    code: str = ""

    @classmethod
    def parse(cls, path: str, _query: Mapping[str, str]) -> "FormAsked | None":
        if path == NEW:
            return cls()
        code = code_at(path.removesuffix(EDIT), f"{HOME}/") if path.endswith(EDIT) else None
        return None if code is None else cls(code)


@dataclass(frozen=True, slots=True, config=ANSWER)
class FormFound:
    """`categories`: those that there are, of both levels, to choose from; `computations` likewise."""

    tag: WholeTag | None
    categories: tuple[str, ...]
    subcategories: tuple[str, ...]
    computations: tuple[Computation, ...]


def load(user: UserApi, asked: FormAsked, _moment: datetime | None) -> FormFound:
    tag: WholeTag | None = None
    if asked.code:
        answer = user.run(TAG, code=asked.code)["tag"]
        if answer is None:
            raise Refused("tag.unknown")
        tag = read(WholeTag, answer)
    rows = read(tuple[TagRow, ...], user.run(TAGS)["tags"])
    computations = read(tuple[Computation, ...], user.run(COMPUTATIONS)["tagComputations"])
    categories, subcategories = {row.category for row in rows}, {row.subcategory for row in rows}
    return FormFound(tag, tuple(sorted(categories)), tuple(sorted(subcategories)), computations)


def check(asked: Call[FormAsked]) -> Outcome:
    """What the rule that is being typed means; the kind of value follows it as long as the tag has none."""
    lang, rule = asked.look.lang, str(asked.values.get("rule", ""))
    if not rule.strip():
        return Outcome(parts={"rule-check": _unchecked(lang)})
    try:
        answer = asked.user.run(CHECK, rule=rule, type=str(asked.values.get("type") or CUSTOMER))
    except Refused as error:
        raise over_risk(error, asked.look) from error
    checked = read(TagCheck, answer["checkTag"])
    fields: dict[str, str] = {} if asked.question.code else {"valueType": checked.value_type}
    if checked.risk:
        fields["consent"] = "RISK"
    kept = str(asked.values.get("valueType", "")) if asked.question.code else checked.value_type
    return Outcome(parts={"rule-check": _checked(checked, kept, asked.look)}, fields=fields)


def save(asked: Call[FormAsked]) -> Outcome:
    wanted: dict[str, Json] = {name: asked.values.get(name, "") for name in FIELDS}
    for name in ("nameZh", "nameEn", "code", "category", "subcategory", "owner", "rule"):
        wanted[name] = str(wanted[name]).strip()
    if wanted["kind"] != RULE:
        wanted["rule"] = ""
    if wanted["kind"] == COMPUTED:  # what it is about and gives is the computation's affair
        wanted |= {"type": CUSTOMER, "valueType": None}
    else:
        wanted["computation"] = ""
    document, field = (CHANGE, "changeTag") if asked.question.code else (DEFINE, "defineTag")
    try:
        code = asked.user.run(document, input=wanted)[field]["code"]
    except Refused as error:
        if error.code == "tag.value_type" and asked.question.code:  # the kind's own field can't be changed
            kept = kind(str(asked.values.get("valueType", "")), asked.look.lang)
            return Outcome(problems={"rule": text("tags.kept_kind", asked.look.lang, kept=kept)})
        raise over_risk(error, asked.look) from error
    return Outcome(message=text("tags.saved", asked.look.lang), go=f"{HOME}/{code}")


def draw(asked: FormAsked, found: FormFound, look: Look) -> Component:
    lang, tag = look.lang, found.tag
    heading = text("tags.new", lang) if tag is None else text("tags.edit_of", lang, name=tag.name(lang))
    back = HOME if tag is None else f"{HOME}/{tag.code}"
    form = forms.form(
        "save",
        [
            html.Div(
                [html.Div(_entry(found, look), className="stack"), html.Div(_sources(found, look), className="stack")],
                className="columns tag-form",
            )
        ],
        submit=text("tags.save_new" if tag is None else "tags.save", lang),
        more=[forms.link(back, text("market.cancel", lang), "button")],
    )
    return page_shell(
        "tag-form",
        "tag",
        heading,
        form,
        back=forms.link(
            back, [icon("chevron"), text("tags.title", lang) if tag is None else tag.name(lang)], "page-back"
        ),
    )


def _entry(found: FormFound, look: Look) -> list[Child]:
    lang, tag = look.lang, found.tag
    kinds = [(each, kind(each, lang)) for each in KINDS]
    may_risk = look.may("see_risk")
    classes = [(each, text(f"tags.consent_{each.lower()}", lang)) for each in CLASSES if may_risk or each != "RISK"]
    schedules = [(each, text(f"tags.schedule_{each.lower()}", lang)) for each in SCHEDULES]
    types = [(each.label, name_of(each, lang)) for each in look.schema.node_types]
    fixed = tag is not None
    lasting = "" if fixed else text("tags.for_good", lang)
    sources = [(each, source(each, lang)) for each in SOURCES]
    return [
        card(
            "",
            html.Div(
                [
                    forms.field("code", text("tags.code", lang), value=tag.code if tag else "", required=True, most=40, fixed=fixed,
                                hint="" if fixed else text("tags.code_hint", lang)),
                    _pair(
                        forms.field("nameZh", text("tags.name_zh", lang), value=tag.name_zh if tag else "", required=True, most=60),
                        forms.field("nameEn", text("tags.name_en", lang), value=tag.name_en if tag else "", required=True, most=60),
                    ),
                    _pair(
                        forms.field("category", text("tags.first_level", lang), value=tag.category if tag else "", required=True, most=60,
                                    options=_same(found.categories)),
                        forms.field("subcategory", text("tags.second_level", lang), value=tag.subcategory if tag else "", required=True,
                                    most=60, options=_same(found.subcategories)),
                    ),
                    forms.field("kind", text("tags.source", lang), kind="select", value=tag.kind if tag else RULE, options=sources,
                                fixed=fixed, hint=lasting),
                    _only(
                        _pair(
                            forms.field("type", text("tags.about", lang), kind="select", value=tag.type if tag else CUSTOMER, options=types,
                                        fixed=fixed),
                            forms.field("valueType", text("tags.column_kind", lang), kind="select", value=tag.value_type if tag else "BOOL",
                                        options=kinds, fixed=fixed, hint=lasting),
                        ),
                        (RULE, *GIVEN),
                        tag,
                    ),
                    _pair(
                        forms.field("consent", text("tags.consent", lang), kind="select", value=tag.consent if tag else "MARKETING",
                                    options=classes),
                        _only(
                            forms.field("schedule", text("tags.schedule", lang), kind="select", value=tag.schedule if tag else "DAILY",
                                        options=schedules),
                            (RULE, COMPUTED),
                            tag,
                        ),
                    ),
                    forms.field("owner", text("tags.owner", lang), value=tag.owner if tag else look.me.name, most=60),
                ],
                className="stack",
            ),
        )
    ]  # fmt: skip


def _pair(*fields: Component) -> Component:
    return html.Div(list(fields), className="form-row")


def _only(part: Component, kinds: Sequence[str], tag: WholeTag | None) -> Component:
    """Of these kinds of tag alone: the script shows and hides it as another is chosen."""
    chosen = tag.kind if tag else RULE
    return html.Div(part, hidden=chosen not in kinds, **attrs(data_kinds=" ".join(kinds)))


def _same(values: Sequence[str]) -> list[tuple[str, str]]:
    return [(each, each) for each in values]


def _sources(found: FormFound, look: Look) -> list[Component]:
    """A part for each kind of tag: where its values come from."""
    lang = look.lang
    told = [
        _only(card(text("tags.source", lang), html.P(_how_given(each, found.tag, lang))), (each,), found.tag)
        for each in GIVEN
    ]
    return [
        _only(_rule(found.tag, look), (RULE,), found.tag),
        _only(_computation(found, look), (COMPUTED,), found.tag),
        *told,
    ]


def _how_given(of: str, tag: WholeTag | None, lang: Language) -> str:
    family = of.lower()
    return text(f"tags.will_be_{family}", lang) if tag is None else text(f"tags.given_{family}", lang, code=tag.code)


def _computation(found: FormFound, look: Look) -> Component:
    lang, tag = look.lang, found.tag
    options = [("", text("tags.choose", lang)), *((each.name, each.named(lang)) for each in found.computations)]
    return card(
        "",
        forms.field(
            "computation",
            text("tags.computation", lang),
            kind="select",
            value=tag.computation if tag else "",
            options=options,
            required=True,
            fixed=tag is not None,
        ),
        *(_meaning(each, look) for each in found.computations),
        html.P(text("tags.steps", lang), className="hint"),
    )


def _meaning(computation: Computation, look: Look) -> Component:
    """What one of them says; the script shows that of the chosen one."""
    lang = look.lang
    signs: list[Child] = [chip(kind(computation.value_type, lang))]
    if computation.risk:
        signs.append(chip(text("tags.rule_risk", lang), "problem"))
    signs += [html.Span(each, className="chip mono") for each in computation.reads]
    told = [html.P(computation.means(lang)), html.Div(signs, className="chips")]
    chosen = attrs(data_computation=computation.name, data_risk="1" if computation.risk else "")
    return html.Div(told, className="live-part", hidden=True, **chosen)


def _rule(tag: WholeTag | None, look: Look) -> Component:
    lang = look.lang
    examples = [html.Li(html.Code(example)) for example in EXAMPLES]
    return card(
        "",
        forms.field(
            "rule",
            text("tags.rule", lang),
            kind="code",
            value=tag.rule if tag else "",
            required=True,
            most=4000,
            rows=7,
            live="check",
        ),
        html.Div(_unchecked(lang), id="rule-check", className="live-part", role="status"),
        html.Details(
            [html.Summary(text("tags.examples", lang)), html.Ul(examples, className="examples")],
            className="example-fold",
            open=tag is None,
        ),
    )


def _unchecked(lang: Language) -> Component:
    return html.P(text("tags.check_hint", lang), className="hint")


def _checked(checked: TagCheck, kept: str, look: Look) -> list[Component]:
    """`kept`: the kind of value that the tag has for good."""
    lang = look.lang
    rows = [Bar(value(checked.value_type, share.value, lang), share.count) for share in checked.counts]
    sign = chip(text("tags.rule_good", lang), "good")
    if checked.value_type != kept:
        sign = chip(
            text("tags.rule_other_kind", lang, gives=kind(checked.value_type, lang), kept=kind(kept, lang)), "problem"
        )
    signs: list[Child] = [sign, chip(kind(checked.value_type, lang))]
    if checked.risk:
        signs.append(chip(text("tags.rule_risk", lang), "problem"))
    signs += [html.Span(each, className="chip mono") for each in checked.reads]
    return [
        html.Div(signs, className="chips"),
        html.P(text("tags.would_reach", lang, n=words.number(checked.population)), className="hint"),
        bars(rows, lang, label=text("tags.spread", lang), whole=checked.population),
    ]


PAGE = Page(
    name="tag-form",
    rights=frozenset({"see_tags", "edit_tags"}),
    question=FormAsked,
    answer=FormFound,
    parse=FormAsked.parse,
    load=load,
    draw=draw,
    title=lambda _asked, found, lang: found.tag.name(lang) if found.tag else text("tags.new", lang),
    actions={"check": check, "save": save},
    at=AT,
    detailed=("tag.",),
    emptied={"check": {"rule-check": _unchecked}},
)

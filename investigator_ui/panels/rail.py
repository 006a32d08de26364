"""The left rail: who the subject is, how risky and why, the ring, the overview, the attributes, the applications."""

from datetime import date
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.contract import ApplicationView, Assessment, FactView, Reason, Ring, Subject, TagEntry
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.marketing.tag_words import by, value
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import (
    Child,
    attribute_facts,
    grade_chip,
    icon,
    name_of,
    section,
    type_icon,
    type_name,
    value_name,
)
from investigator_ui.texts import motif, text

MOST_APPLICATIONS = 20
MOST_TAGS = 8
RISK_CODE = "risk_"  # begins the codes of tags that say something of risk, and of no others
APPLICATION = "Application"  # the type whose products and channels have words
EXPIRY = "id_expiry_date"  # the property of the schema that says when the document ends


def tag_chips(subject: Subject, lang: Language) -> Component:
    """The subject's tags, those that say something of risk first; each leads to what it said before."""
    home = f"/subject/{subject.node.id}/tags"
    entries = sorted(subject.portrait, key=lambda entry: not entry.code.startswith(RISK_CODE))
    chips = [
        html.A(
            html.Span(_tag_words(entry, lang)),
            href=f"{home}?tag={entry.code}",
            className=f"chip tag-chip {'problem' if entry.code.startswith(RISK_CODE) else ''}".strip(),
            title=text(
                "portrait.chip",
                lang,
                where=f"{entry.category} › {entry.subcategory}",
                value=value(entry.value_type, entry.value, lang),
                day=entry.since.isoformat(),
                n=entry.version,
                by=by(entry.source, lang),
            ),
            **attrs(data_visit="1"),
        )
        for entry in entries[:MOST_TAGS]
    ]
    more = text("portrait.all", lang, n=len(entries)) if len(entries) > MOST_TAGS else text("portrait.open", lang)
    chips.append(html.A([icon("tag"), more], href=home, className="chip tag-chip", **attrs(data_visit="1")))
    return html.Div(
        chips, className="chips subject-tags", role="group", **attrs(aria_label=text("portrait.tags", lang))
    )


def _tag_words(entry: TagEntry, lang: Language) -> str:
    name = entry.name_zh if lang == "zh" else words.capital(entry.name_en)
    return name if entry.value_type == "BOOL" else text("portrait.said", lang, name=name, value=entry.value)


def subject_head(subject: Subject, schema: GraphSchema, lang: Language, *, as_of: date | None) -> Component:
    chips: list[Component] = [
        html.Span([type_icon(subject.node.type, schema), type_name(subject.node.type, schema, lang)], className="chip")
    ]
    if as_of is not None:
        chips.append(html.Span([icon("calendar"), text("asof.chip", lang, day=as_of)], className="chip chip-time"))
    children: list[Component] = [
        html.H1(subject.node.caption),
        html.Div(chips, className="chips"),
        tag_chips(subject, lang),
    ]
    if subject.id_expired:
        children.append(html.P([icon("warning"), _expired_words(subject, lang)], className="expired", role="status"))
    return html.Div(children, className="subject-head")


def risk_panel_of(
    node_type: str, assessment: Assessment | None, schema: GraphSchema, lang: Language, zone: ZoneInfo
) -> Component:
    """Score, grade and reasons of any node. A customer's and an application's score is a probability, an identifier's is not."""
    if assessment is None:
        return html.Div(
            [
                html.P(text("risk.none", lang), className="empty-title"),
                html.P(text("risk.none_todo", lang), className="hint"),
            ],
            className="risk risk-none",
        )
    probability = node_type in {"Customer", "Application"}
    return html.Div(
        [
            html.Div(
                [
                    grade_chip(assessment.grade.value, schema, lang, large=True),
                    html.Div(
                        [
                            html.Span(words.share(assessment.score), className="score"),
                            html.Span(text("risk.score" if probability else "risk.score_other", lang), className="score-name"),
                        ],
                        className="score-box",
                    ),
                    html.Span(_grade_words(assessment, schema, lang), className="grade-words"),
                ],
                className="risk-line",
            ),
            _reasons(assessment.reasons_zh if lang == "zh" else assessment.reasons_en, lang, own=probability),
            html.P(
                text("risk.version", lang, model=assessment.model_version, policy=assessment.policy_version,
                     when=words.moment(assessment.scored_at, zone)),
                className="hint version",
            ),
        ],
        className="risk",
    )  # fmt: skip


def ring_panel(ring: Ring | None, lang: Language, *, full: bool) -> Component:
    if ring is None:
        return html.P([icon("community"), text("ring.none", lang)], className="ring quiet")
    fraud = text("ring.no_fraud", lang)
    if ring.known_fraud:
        share = words.share(ring.known_fraud_share)
        fraud = text("ring.fraud", lang, n=words.number(ring.known_fraud), share=share)
    children: list[Component] = [
        html.Span(
            [
                icon("community"),
                text("ring.heading", lang),
                html.Strong(text("ring.size", lang, n=words.number(ring.size))),
            ],
            className="ring-size",
        ),
        html.Span(fraud, className="ring-fraud" if ring.known_fraud else "quiet"),
    ]
    if ring.motif:
        children.append(html.Span(motif(ring.motif, lang), className="chip"))
    if not full:
        children.append(
            html.Button(text("ring.see", lang), type="button", className="link-button", **attrs(data_full="1"))
        )
    return html.Div(children, className="ring")


def attributes_section(subject: Subject, lang: Language, *, may_reveal: bool) -> Component:
    notes: dict[str, Child] = {}
    if subject.id_expired:
        notes[EXPIRY] = html.Span(text("subject.expired", lang), className="tag-expired")
    body = attribute_facts(subject.node.id, subject.attributes, lang, may_reveal=may_reveal, notes=notes)
    return section(text("subject.attributes", lang), body, section_id="section-attributes")


def applications_section(subject: Subject, schema: GraphSchema, lang: Language, zone: ZoneInfo) -> Component | None:
    if subject.node.type != "Customer":
        return None
    heading = text("subject.applications", lang)
    if not subject.applications:
        return section(
            heading, html.P(text("subject.no_applications", lang), className="hint"), section_id="section-applications"
        )
    items = [_application(application, schema, lang, zone) for application in subject.applications[:MOST_APPLICATIONS]]
    count = f"{heading} · {len(subject.applications)}"
    return section(count, html.Ol(items, className="applications"), section_id="section-applications")


def above_overview(
    subject: Subject, schema: GraphSchema, lang: Language, *, zone: ZoneInfo, full: bool, as_of: date | None
) -> list[Child]:
    """Top to bottom in the order of an investigator's questions: who, how bad and why, with whom; then what is around."""
    risk = risk_panel_of(subject.node.type, subject.assessment, schema, lang, zone)
    return [
        subject_head(subject, schema, lang, as_of=as_of),
        section(text("risk.heading", lang), risk, ring_panel(subject.ring, lang, full=full), section_id="section-risk"),
    ]


def below_overview(
    subject: Subject, schema: GraphSchema, lang: Language, *, zone: ZoneInfo, may_reveal: bool
) -> list[Child]:
    return [attributes_section(subject, lang, may_reveal=may_reveal), applications_section(subject, schema, lang, zone)]


def _expired_words(subject: Subject, lang: Language) -> str:
    for attribute in subject.attributes:
        if attribute.name == EXPIRY:
            shown = (attribute.display_zh if lang == "zh" else attribute.display_en) or attribute.value
            if shown:
                return text("subject.expired_on", lang, day=shown)
    return text("subject.expired", lang)


def _grade_words(assessment: Assessment, schema: GraphSchema, lang: Language) -> str:
    for view in schema.grades:
        if view.grade == assessment.grade:
            return name_of(view, lang)
    return text("risk.grade_of", lang, grade=assessment.grade.value)


def _reasons(reasons: tuple[Reason, ...], lang: Language, *, own: bool) -> Component:
    if not reasons:
        return html.P(text("risk.no_reasons" if own else "risk.summary", lang), className="hint")
    heaviest = max(abs(reason.weight) for reason in reasons) or 1.0
    return html.Ol(
        [
            html.Li(
                [
                    html.Span(reason.text),
                    html.Span(
                        html.Span(style={"width": f"{max(round(100 * abs(reason.weight) / heaviest), 4)}%"}),
                        className="weight",
                        **attrs(aria_hidden="true"),
                    ),
                ]
            )
            for reason in reasons
        ],
        className="reasons",
        **attrs(aria_label=text("risk.reasons", lang)),
    )


def _application(application: ApplicationView, schema: GraphSchema, lang: Language, zone: ZoneInfo) -> html.Li:
    product = application.product and value_name(application.product, APPLICATION, "product", schema, lang)
    line: list[Child] = [
        html.Span(product or application.node.caption, className="application-product"),
        html.Span(
            words.amount(application.amount) if application.amount is not None else "", className="application-amount"
        ),
    ]
    second = [words.day(application.applied_at, zone)] if application.applied_at else []
    if application.channel:
        second.append(value_name(application.channel, APPLICATION, "channel", schema, lang))
    steps = [
        html.Li([html.Span(name_of(step, lang)), html.Time(words.day(step.at, zone))]) for step in application.statuses
    ]
    last = application.statuses[-1] if application.statuses else None
    latest = name_of(last, lang) if last else ""
    button = html.Button(line, type="button", className="application-line", **attrs(data_select=application.node.id))
    details = (
        html.Details([html.Summary(latest), html.Ol(steps, className="steps")], className="history") if steps else None
    )
    more = html.Div([html.Span(" · ".join(second), className="quiet"), details], className="application-more")
    return html.Li([button, more, *[_decision(fact, lang, zone) for fact in application.decided.facts[-1:]]])


def _decision(fact: FactView, lang: Language, zone: ZoneInfo) -> html.P:
    """The latest one: what it came to, when, and what spoke for it."""
    said = text("subject.decision", lang, what=name_of(fact, lang), when=words.moment(fact.at, zone))
    return html.P(
        [html.Span(said, className=f"decision {fact.value}"), html.Span(fact.note, className="quiet")],
        className="decided",
    )

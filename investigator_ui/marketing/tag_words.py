"""A tag in words and signs: kinds, classes, how its last run went, how fresh it is. For the market, the tag's page and portraits."""

import re
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.errors import Refused
from investigator_ui.marketing.page import Look
from investigator_ui.marketing.parts import chip
from investigator_ui.marketing.tag_contract import TagFigures, TagRun
from investigator_ui.panels.parts import Child
from investigator_ui.texts import TEXTS, problem, text

CODE = r"[a-z][a-z0-9_]{0,39}"

GIVEN = ("IMPORTED", "MANUAL")  # kinds whose values nothing of ours computes
CONSENT_TONES = {"MARKETING": "good", "SERVICE": "", "RISK": "problem"}
JOB, SHELL = "a job (", "command line"  # what is no person, as the API calls it
STATUS_TONES = {"DONE": "good", "RUNNING": "", "FAILED": "problem", "STUCK": "problem"}


def kind(value_type: str, lang: Language) -> str:
    return _known("tags.kind_", value_type, lang)


def consent(of: str, lang: Language) -> Component:
    return chip(_known("tags.consent_", of, lang), CONSENT_TONES.get(of, ""), title=_known("tags.means_", of, lang))


def schedule(of: str, lang: Language) -> str:
    return _known("tags.schedule_", of, lang)


def value(value_type: str, said: str, lang: Language) -> str:
    """A tag's value as it is read."""
    return text("tags.yes", lang) if value_type == "BOOL" and said == "true" else said


def source(of: str, lang: Language) -> str:
    """Where a tag's values come from."""
    return _known("tags.source_", of, lang)


def why(run: TagRun, lang: Language) -> str:
    """Why a run failed: the API says it in English, so Chinese words for the code go before."""
    if not run.error or lang == "en" or not run.error_code:
        return run.error or ""
    happened, todo = problem(run.error_code, lang)
    return f"{happened}。{todo}（{run.error}）"


def run_sign(figures: TagRun | None, lang: Language, zone: ZoneInfo) -> Component:
    """How the last run went, with the words of its error."""
    if figures is None:
        return chip(text("tags.never", lang), "warn")
    label = _known("tags.status_", figures.status, lang)
    heard = text("tags.heard", lang, when=words.moment(figures.heard_at, zone))
    return chip(label, STATUS_TONES.get(figures.status, ""), title=why(figures, lang) or heard)


def freshness(figures: TagFigures | None, lang: Language) -> Component:
    """The day that the values are of, and a sign where it is long ago."""
    if figures is None:
        return html.Span("–", className="quiet")
    children: list[Child] = [html.Span(figures.base_date.isoformat(), className="count")]
    if figures.stale:
        children.append(chip(text("tags.stale", lang), "warn", title=text("tags.stale_why", lang)))
    return html.Span(children, className="share")


def by(source: str, lang: Language) -> str:
    """Who it was, of a source such as `user:NAME`."""
    name = source.partition(":")[2] or source
    if name.startswith(JOB):
        return text("tags.by_job", lang)
    return text("tags.by_shell", lang) if name == SHELL else name


def over_risk(error: Refused, look: Look) -> Refused:
    """A rule that is refused to who may write rules reads risk."""
    return Refused("rule.risk") if error.code == "forbidden" and not look.may("see_risk") else error


def code_at(path: str, before: str) -> str | None:
    """The code of a tag that stands in an address after `before`, and nothing else."""
    code = path.removeprefix(before) if path.startswith(before) else ""
    return code if re.fullmatch(CODE, code) else None


def _known(family: str, code: str, lang: Language) -> str:
    """A code without words is shown as it is."""
    key = f"{family}{code.lower()}"
    return text(key, lang) if key in TEXTS else code

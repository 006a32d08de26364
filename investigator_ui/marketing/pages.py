"""The register of the marketer's pages: which there are, which one an address means, which of them somebody may see."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dash.development.base_component import Component

from investigator_ui.client import UserApi
from investigator_ui.contract import Json, Me, dump, parse
from investigator_ui.errors import Refused
from investigator_ui.marketing import (
    audience,
    audience_contract,
    audience_form,
    audiences,
    circle,
    circle_contract,
    circles,
    jobs,
    portrait,
    portraits,
    portraits_contract,
    segment,
    segment_contract,
    segment_form,
    segments,
    tag,
    tag_contract,
    tag_form,
    tags,
)
from investigator_ui.marketing.page import AnyPage, Call, Look, Outcome
from investigator_ui.view import PageView

PAGES: tuple[AnyPage, ...] = (
    tags.PAGE,
    tag.PAGE,
    tag_form.PAGE,
    portrait.PAGE,
    segments.PAGE,
    segment.PAGE,
    segment_form.PAGE,
    portraits.PAGE,
    circles.PAGE,
    circle.PAGE,
    audiences.PAGE,
    audience_form.PAGE,
    audience.PAGE,
)  # in the order of the top bar
DOCUMENTS: Mapping[str, str] = {
    **jobs.DOCUMENTS,
    **tag_contract.DOCUMENTS,
    **portrait.DOCUMENTS,
    **portraits_contract.DOCUMENTS,
    **segment_contract.DOCUMENTS,
    **circle_contract.DOCUMENTS,
    **audience_contract.DOCUMENTS,
}


def named(name: str) -> AnyPage:
    """Raises Refused for a page that isn't there."""
    for page in PAGES:
        if page.name == name:
            return page
    raise Refused("not_found")


def asked_at(path: str, query: Mapping[str, str]) -> tuple[AnyPage, object] | None:
    """The page that an address means, and what it asks of it."""
    for page in PAGES:
        question = page.parse(path, query)
        if question is not None:
            return page, question
    return None


def in_bar(me: Me) -> Sequence[AnyPage]:
    return [page for page in PAGES if page.home and page.open_to(me)]


def landing(me: Me) -> AnyPage | None:
    """Where somebody begins who may not search people: the first page that is theirs."""
    return None if "see_graph" in me.rights else next(iter(in_bar(me)), None)


def load(user: UserApi, page: AnyPage, question: object, *, me: Me, moment: datetime | None) -> PageView:
    """Raises Refused for who may not see it, and whatever the API refuses."""
    if not page.open_to(me):
        raise Refused("forbidden")
    answer = page.load(user, question, moment)
    return PageView(
        name=page.name,
        question=dump(question),
        answer=dump(answer),
        title_zh=page.title(question, answer, "zh"),
        title_en=page.title(question, answer, "en"),
    )


def draw(view: PageView, look: Look) -> Component:
    page = named(view.name)
    return page.draw(parse(page.question, view.question), parse(page.answer, view.answer), look)


def call(user: UserApi, page: AnyPage, question: Json, values: Mapping[str, Json], look: Look) -> Call[object]:
    """`values` to be done on a page as it was asked for."""
    return Call(user, parse(page.question, question), values, look)


def act(action: str, page: AnyPage, asked: Call[object]) -> Outcome:
    """Raises Refused for an action that the page hasn't."""
    found = page.actions.get(action) or jobs.ACTIONS.get(action)
    if found is None:
        raise Refused("invalid_request")
    return found(asked)

"""Opening a view from its address: one question to the API, its answer to canvas and panels. The address is the only source."""

from dataclasses import replace
from datetime import datetime

from dash import Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from investigator_ui.address import Expanded, Language, ViewAddress
from investigator_ui.client import OpenedSubject, UserApi
from investigator_ui.contract import Json, Me, dump, parse
from investigator_ui.elements import RICH, Element, packed, to_elements
from investigator_ui.errors import Refused, SessionExpired, UiError
from investigator_ui.expansion import add, expand
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.listing import BlocklistAsked, RingsAsked
from investigator_ui.marketing import pages
from investigator_ui.services import Services
from investigator_ui.session import request_language
from investigator_ui.stylesheet import Rule, overview_stylesheet, stylesheet
from investigator_ui.view import BlocklistView, GraphFacts, PageView, Problem, RingsView, View


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("view", "data"),
        Output("drawing", "data"),
        Output("style", "data"),  # in another language; a new drawing brings its own
        Output("lang", "data"),
        Output("me", "data"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("retry", "data"),
        State("view", "data"),
        State("lang", "data"),
        State("me", "data"),
        running=[(Output("canvas-area", "className"), "canvas-area busy", "canvas-area")],
    )
    def navigate(
        pathname: str,
        search: str,
        retry: Json,
        shown: Json,
        shown_lang: str | None,
        me: Json,
    ) -> tuple[Json, Json, Json, Json, Json]:
        address = ViewAddress.parse(pathname, search)
        lang = address.lang or request_language()
        view = parse(View, shown) if shown else View()
        same = shown is not None and view.key == address.key and view.problem is None and ctx.triggered_id != "retry"
        if same:
            if lang == shown_lang:
                raise PreventUpdate
            style = style_of(view.graph, services.schema(), lang)
            return no_update, no_update, style, lang, no_update
        lang_out = no_update if lang == shown_lang else lang
        me_out = no_update
        try:
            user = services.user()
            who = me_of(me)
            if who is None:
                who = user.me()
                me_out = dump(who)
            schema = services.schema()
            view, elements = open_view(user, address, schema, me=who, moment=address.moment(services.zone))
            style = style_of(view.graph, schema, lang)
        except UiError as error:
            return dump(View(problem=_problem(error, services, address))), None, no_update, lang_out, me_out
        drawing = packed(elements, schema.relationship_captions(), style)
        return dump(view), drawing, no_update, lang_out, me_out


def open_view(
    user: UserApi, address: ViewAddress, schema: GraphSchema, *, me: Me, moment: datetime | None
) -> tuple[View, list[Element]]:
    """What an address shows; the expansions that it names are opened again, in their order."""
    match address.listing:
        case RingsAsked() as asked:
            return View(
                key=address.key, as_of=address.as_of, rings=RingsView(asked, user.rings(asked, as_of=moment))
            ), []
        case BlocklistAsked() as asked:
            return View(key=address.key, blocklist=BlocklistView(asked, user.blocklist(asked))), []
    if address.node_id is None:
        return View(key=address.key, as_of=address.as_of, page=_page(user, address, me=me, moment=moment)), []
    opened = user.open(
        address.node_id,
        full=address.full,
        community=address.community,
        as_of=moment,
        source_only=address.source_only,
    )
    facts = GraphFacts.of(opened.graph)
    elements = to_elements(opened.graph, schema.relationship_captions())
    if not facts.read_only:
        for expanded in address.expanded:
            elements = _expanded(user, expanded, elements, address, moment=moment)
    return _view(address, opened, facts), elements


def _page(user: UserApi, address: ViewAddress, *, me: Me, moment: datetime | None) -> PageView | None:
    """A marketer's page; whoever may not search people has theirs for a start page. None: the start page of the search.
    Raises Refused page.unknown for an address that means nothing."""
    asked = pages.asked_at(address.rest.path, dict(address.rest.query))
    if asked is not None:
        return pages.load(user, *asked, me=me, moment=moment)
    if address.rest.path != "/":
        raise Refused("page.unknown")
    landing = pages.landing(me)
    if landing is None:
        return None
    question = landing.parse(landing.home, {})
    return replace(pages.load(user, landing, question, me=me, moment=moment), home=landing.home)


def _problem(error: UiError, services: Services, address: ViewAddress) -> Problem:
    if isinstance(error, SessionExpired):
        return Problem("session_expired")
    if error.code == "not_known_then" and address.node_id is not None:
        try:
            node = services.user().node(address.node_id)
        except UiError:  # only the day stays unsaid
            node = None
        return Problem(error.code, None if node is None else node.first_seen.astimezone(services.zone).date())
    return Problem(error.code)


def _expanded(
    user: UserApi, expanded: Expanded, elements: list[Element], address: ViewAddress, *, moment: datetime | None
) -> list[Element]:
    there = {e["data"]["id"]: (e["position"]["x"], e["position"]["y"]) for e in elements if "position" in e}
    if expanded.node_id not in there:  # an old link: what it expanded is no longer in this graph
        return elements
    drawn = [e["data"]["id"] for e in elements if "position" not in e]
    source_only = address.source_only
    return add(elements, expand(user, expanded, there=there, drawn=drawn, as_of=moment, source_only=source_only))


def _view(address: ViewAddress, opened: OpenedSubject, facts: GraphFacts) -> View:
    return View(
        key=address.key,
        full=address.full,
        community=address.community,
        source_only=address.source_only,
        as_of=address.as_of,
        subject=opened.subject,
        graph=facts,
    )


def style_of(graph: GraphFacts | None, schema: GraphSchema, lang: Language) -> list[Rule]:
    """The stylesheet for what is opened."""
    if graph is None or graph.aggregated or graph.nodes + graph.edges <= RICH:
        return stylesheet(schema, lang=lang, rich=True)
    if graph.read_only:
        return overview_stylesheet(schema, lang=lang, pixel=graph.pixel)
    return stylesheet(schema, lang=lang, rich=False)


def me_of(data: Json) -> Me | None:
    return parse(Me, data) if data else None


def language_of(data: Json) -> Language:
    return "en" if data == "en" else "zh"

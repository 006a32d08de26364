"""What is done on the marketer's pages: one callback for all of them, which asks the page, and tells the browser what became of it."""

import re
from datetime import date

from dash import Dash, Input, Output, State, set_props

from investigator_ui.callbacks.navigate import language_of, me_of
from investigator_ui.contract import Json
from investigator_ui.errors import Refused, SessionExpired, UiError
from investigator_ui.marketing import pages
from investigator_ui.marketing.page import AnyPage, Look
from investigator_ui.services import Services
from investigator_ui.texts import problem

_PLACE = re.compile(r"line (?P<line>\d+), column (?P<column>\d+)")
# What of the API's own words, which are English, tells more than ours do: names, and what was meant instead.
_TELLING = (
    (re.compile(r"There is no tag (\w+)"), "没有标签 {}"),
    (re.compile(r"Did you mean (\w+)\?"), "是不是 {}？"),
    (re.compile(r"There are: (.+)\.$"), "可用：{}"),
    (re.compile(r"is (?:read|named) by (?!others)(.+?)\. "), "引用它的有：{}"),
    (
        re.compile(
            r"^(?:At line \d+, column \d+: )?(The tag \w+ .+?\.|The texts of \w+ .+?\.|\w+ is compared with .+?\.)(?: |$)"
        ),
        "{}",
    ),
)


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("page-done", "data"),
        Input("ask-page", "data"),
        State("lang", "data"),
        State("me", "data"),
        prevent_initial_call=True,
    )
    def act(asked: Json, lang_data: Json, me_data: Json) -> Json:
        me, lang, page = me_of(me_data), language_of(lang_data), pages.named(asked["page"])
        if me is None:
            raise Refused("forbidden")
        told: dict[str, Json] = {"n": asked["n"]}
        as_of = None if asked["asOf"] is None else date.fromisoformat(asked["asOf"])
        look = Look(lang, me, services.schema(), services.zone, as_of)
        try:
            called = pages.call(services.user(), page, asked["question"], asked["values"], look)
            outcome = pages.act(asked["action"], page, called)
        except SessionExpired:
            raise
        except UiError as error:
            for part, without in page.emptied.get(asked["action"], {}).items():
                set_props(part, {"children": without(lang)})
            return told | {"code": error.code, **refusal(error, page, look)}
        for part, component in outcome.parts.items():
            set_props(part, {"children": component})
        return told | {
            "message": outcome.message,
            "go": outcome.go,
            "reload": outcome.reload,
            "problems": dict(outcome.problems),
            "fields": dict(outcome.fields),
            "values": outcome.values,
            "progress": outcome.progress,
        }


def _words(error: UiError, page: AnyPage, look: Look) -> str:
    """What is wrong where in a rule, or who still uses something, only the API knows: what its own words tell follows ours."""
    happened, todo = problem(error.code, look.lang)
    told = error.detail if isinstance(error, Refused) and error.code.startswith(page.detailed) else ""
    if look.lang == "en":
        return told or f"{happened}. {todo}"
    place = _PLACE.search(told)
    where = f"（第 {place['line']} 行第 {place['column']} 列）" if place else ""
    return f"{happened}{where}。{todo}{telling(told)}"


def telling(told: str) -> str:
    """What a Chinese refusal takes over from the API's English words, with a blank before it."""
    found = [(said, match[1]) for pattern, said in _TELLING if (match := pattern.search(told))]
    return f" {found[0][0].format(found[0][1])}" if found else ""


def refusal(error: UiError, page: AnyPage, look: Look) -> dict[str, Json]:
    """Words for a refusal, at the field that it is about where the page says which."""
    words = _words(error, page, look)
    for beginning, name in page.at.items():
        if error.code == beginning or (beginning.endswith(".") and error.code.startswith(beginning)):
            return {"problems": {name: words}}
    return {"problem": words}

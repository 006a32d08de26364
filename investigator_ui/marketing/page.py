"""What a page of the marketer's is: how its address is read, what it asks the API, how it is drawn and what can be done on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from dash.development.base_component import Component

from investigator_ui.address import Language
from investigator_ui.client import UserApi
from investigator_ui.contract import Json, Me
from investigator_ui.graph_schema import GraphSchema

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Look:
    """For whom, in which language and as of which day a page is drawn."""

    lang: Language
    me: Me
    schema: GraphSchema
    zone: ZoneInfo
    as_of: date | None = None

    def may(self, right: str) -> bool:
        return right in self.me.rights


@dataclass(frozen=True, slots=True)
class Call(Generic[Q]):
    """What somebody wants done on a page: `values` are the fields of the form and whatever the button carries."""

    user: UserApi
    question: Q
    values: Mapping[str, Json]
    look: Look


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. `parts` are put into the elements with these ids, `problems` at the fields with these names,
    `fields` into them."""

    message: str | None = None
    go: str | None = None  # a path of ours with its query
    reload: bool = False
    parts: Mapping[str, Component | list[Component] | str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    values: Json = None
    progress: str | None = None  # the id of long work that the page's progress bar is to follow


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work is: the answer of the action that a progress bar polls, as `Outcome.values`. `message` says how it ended,
    `stoppable` whether who looks at it may end it."""

    stage: str
    done: int
    total: int
    ended: bool = False
    failed: bool = False
    message: str = ""
    stoppable: bool = False

    def outcome(self) -> Outcome:
        told = {name: getattr(self, name) for name in self.__slots__}
        return Outcome(values=told, reload=self.ended)


@dataclass(frozen=True, slots=True)
class Download:
    """The request to the API that answers with a file."""

    path: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    body: Json = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Q, A]):
    """`rights`: all of them are needed to see it. `home` is its address in the top bar, empty for a page that isn't there, `picture` its icon.
    `at` says at which field of a form a refusal is shown, by its code or, with a dot at the end, the beginning of it; `detailed` codes, by
    their beginning, are shown with the API's own words besides. `emptied` says, by the action, which parts say nothing any more once it is
    refused, and what stands in them then."""

    name: str
    rights: frozenset[str]
    question: type[Q]
    answer: type[A]
    parse: Callable[[str, Mapping[str, str]], Q | None]
    load: Callable[[UserApi, Q, datetime | None], A]
    draw: Callable[[Q, A, Look], Component]
    title: Callable[[Q, A, Language], str]
    any_of: frozenset[str] = frozenset()
    home: str = ""
    picture: str = "node"
    actions: Mapping[str, Callable[[Call[Q]], Outcome]] = field(default_factory=dict)
    downloads: Mapping[str, Callable[[Call[Q]], Download]] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)
    detailed: tuple[str, ...] = ()
    emptied: Mapping[str, Mapping[str, Callable[[Language], Component]]] = field(default_factory=dict)

    def open_to(self, me: Me) -> bool:
        mine = set(me.rights)
        return self.rights <= mine and (not self.any_of or bool(self.any_of & mine))


AnyPage = Page[Any, Any]

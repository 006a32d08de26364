"""The typed client of the API: one method per question, GraphQL over HTTP. Holds connections, never a user's token."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx
import pydantic
from pydantic.alias_generators import to_camel

from investigator_ui import queries
from investigator_ui.columns import with_elements
from investigator_ui.contract import (
    BlocklistEntry,
    Expansion,
    Explanation,
    FactView,
    HumanLink,
    LoggedIn,
    LogInMethods,
    Me,
    Node,
    NodeRef,
    RelationGraph,
    Revealed,
    SearchHit,
    Status,
    Subject,
    parse,
)
from investigator_ui.errors import ApiDown, Refused, SessionExpired, UiError
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.listing import BlocklistAsked, BlocklistPage, RingPage, RingRow, RingsAsked

T = TypeVar("T")
Point = tuple[float, float]
Connection = dict[str, Any]

PAGE = 25  # rows of a list that are asked for at once

FILE_SECONDS = 120.0  # until the first piece of a file, and between two pieces

UNAUTHENTICATED = "unauthenticated"

_OPERATION = re.compile(r"\s*(?:query|mutation)\s+(?P<name>[A-Za-z]\w*)")


@dataclass(frozen=True, slots=True)
class OpenedSubject:
    """A subject and the graph drawn around it, from one request."""

    subject: Subject
    graph: RelationGraph


class Api:
    """The connection to one API server, shared by all users and threads."""

    def __init__(self, base_url: str, *, timeout_seconds: float = 20.0) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_seconds, connect=3.0),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
            trust_env=False,
        )

    def close(self) -> None:
        self._http.close()

    def log_in(self, username: str, password: str) -> LoggedIn:
        response = self._post("/auth/login", {"username": username, "password": password}, token=None)
        if response.status_code == httpx.codes.OK:
            return read(LoggedIn, _json(response))
        raise Refused(_error_code(response) or "login_refused")

    def log_in_methods(self) -> LogInMethods:
        try:
            return read(LogInMethods, _json(self._http.get("/auth/methods", timeout=3.0)))
        except httpx.HTTPError as exc:
            raise ApiDown from exc

    def exchange(self, code: str, verifier: str) -> LoggedIn:
        """The session of somebody who signed on elsewhere, for the code that the browser came back with."""
        response = self._post("/auth/exchange", {"code": code, "verifier": verifier}, token=None)
        if response.status_code == httpx.codes.OK:
            return read(LoggedIn, _json(response))
        raise Refused(_error_code(response) or "login_refused")

    def log_out(self, token: str) -> None:
        self._post("/auth/logout", {}, token=token)

    def as_user(self, token: str | None) -> "UserApi":
        return UserApi(self, token)

    def ask(self, operation: str, document: str, variables: dict[str, object], *, token: str | None) -> dict[str, Any]:
        """The `data` of a document, or the coded error that the API answered with."""
        if not token:
            raise SessionExpired
        body: dict[str, object] = {"operationName": operation, "query": document, "variables": variables}
        response = self._post("/graphql", body, token=token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise SessionExpired
        answer = _json(response)
        errors = answer.get("errors") or []
        if errors:
            raise _coded(errors[0])
        data = answer.get("data")
        if not isinstance(data, dict):
            raise ApiDown("api_failed", f"HTTP {response.status_code}")
        return data

    @contextmanager
    def file(
        self, method: str, path: str, *, params: Mapping[str, str], body: object, token: str | None
    ) -> Iterator[httpx.Response]:
        """A file that the API answers with, to be read piece by piece, or the coded error."""
        if not token:
            raise SessionExpired
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}  # its length is passed on
        try:
            with self._http.stream(
                method, path, params=dict(params), json=body, headers=headers, timeout=FILE_SECONDS
            ) as response:
                if response.status_code == httpx.codes.UNAUTHORIZED:
                    raise SessionExpired
                if response.is_error:
                    response.read()
                    raise Refused(_error_code(response) or "api_failed")
                yield response
        except httpx.TimeoutException as exc:
            raise ApiDown("api_slow") from exc
        except httpx.HTTPError as exc:
            raise ApiDown from exc

    def _post(self, path: str, body: dict[str, object], *, token: str | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = self._http.post(path, json=body, headers=headers)
        except httpx.TimeoutException as exc:
            raise ApiDown("api_slow") from exc
        except httpx.HTTPError as exc:
            raise ApiDown from exc
        return response


@dataclass(frozen=True, slots=True)
class UserApi:
    """The API as one user sees it: every call carries that user's token, and the API masks for that user's role."""

    api: Api
    token: str | None

    def me(self) -> Me:
        return read(Me, self._ask("Me")["me"])

    def schema(self) -> GraphSchema:
        return read(GraphSchema, self._ask("Schema")["schema"])

    def status(self) -> Status:
        return read(Status, self._ask("Status")["status"])

    def search(self, text: str, *, limit: int = 10) -> tuple[SearchHit, ...]:
        return read(tuple[SearchHit, ...], self._ask("Search", text=text, limit=limit)["search"])

    def resolve(self, id_number: str) -> NodeRef:
        """The customer with this ID number; refuses malformed, too short and unknown ones with a code each."""
        return read(NodeRef, self._ask("Resolve", idNumber=id_number)["subject"]["node"])

    def open(
        self,
        node_id: str,
        *,
        full: bool = False,
        community: str | None = None,
        as_of: datetime | None = None,
        source_only: bool = False,
    ) -> OpenedSubject:
        """`community`: of a full graph too big to draw, the community that holds this node."""
        operation, more = ("FullSubject", {"community": community}) if full else ("Subject", {})
        asked = self._ask(operation, nodeId=node_id, asOf=_moment(as_of), sourceOnly=source_only, **more)
        answer = asked["subjectById"]
        graph = with_elements(answer["graph"]) if full else answer["graph"]
        return OpenedSubject(read(Subject, answer), read(RelationGraph, graph))

    def node(self, node_id: str, *, as_of: datetime | None = None) -> Node | None:
        return read(Node | None, self._ask("Node", id=node_id, asOf=_moment(as_of))["node"])  # type: ignore[arg-type]

    def neighbours(
        self,
        node_id: str,
        *,
        there: Mapping[str, Point],
        relationship: str | None = None,
        cap: int = 25,
        as_of: datetime | None = None,
        source_only: bool = False,
    ) -> Expansion:
        """Neighbours that are not `there`, with places clear of where those nodes are now."""
        positions = [round(coordinate, 1) for point in there.values() for coordinate in point]
        answer = self._ask(
            "Neighbours",
            nodeId=node_id,
            known=list(there),
            positions=positions,
            type=relationship,
            cap=cap,
            asOf=_moment(as_of),
            sourceOnly=source_only,
        )
        return read(Expansion, answer["neighbours"])

    def explanation(self, node_id: str, *, as_of: datetime | None = None) -> Explanation | None:
        """The ties that the score of a customer or an application rests on; None for a customer who never applied."""
        answer = self._ask("Explanation", nodeId=node_id, asOf=_moment(as_of))
        return read(Explanation | None, answer["explanation"])  # type: ignore[arg-type]

    def reveal(self, node_id: str, property_name: str, *, reason: str) -> Revealed:
        return read(Revealed, self._ask("Reveal", nodeId=node_id, property=property_name, reason=reason)["reveal"])

    def record_disposition(self, node_id: str, verdict: str, *, reason: str) -> FactView:
        answer = self._ask("RecordDisposition", subject=node_id, verdict=verdict, reason=reason)
        return read(FactView, answer["recordDisposition"])

    def rings(self, asked: RingsAsked, *, as_of: datetime | None = None) -> RingPage:
        bounds: dict[str, object] = {
            "minSize": asked.min_size,
            "minKnownFraud": asked.min_fraud,
            "minMeanScore": None if asked.min_score is None else asked.min_score / 100,
            "heldBy": asked.held_by,
            "motif": asked.motif,
        }
        wanted = {name: bound for name, bound in bounds.items() if bound is not None}
        found = self._ask(
            "Rings", first=PAGE, after=asked.after, filter=wanted, order=asked.order.value, asOf=_moment(as_of)
        )["rings"]
        return RingPage(read(tuple[RingRow, ...], _nodes(found)), found["totalCount"], _next(found))

    def ring_lead(self, ring_id: str, *, as_of: datetime | None = None) -> str | None:
        """The customer whose page a ring is opened on: the one tied most strongly to the rest, else the one with the highest score."""
        found = self._ask("RingLead", id=ring_id, asOf=_moment(as_of))["ring"]
        members = [] if found is None else [*found["keyMembers"], *_nodes(found["members"])]
        return str(members[0]["id"]) if len(members) > 0 else None

    def blocklist(self, asked: BlocklistAsked) -> BlocklistPage:
        found = self._ask("Blocklist", first=PAGE, after=asked.after, type=asked.type)["blocklist"]
        return BlocklistPage(read(tuple[BlocklistEntry, ...], _nodes(found)), found["totalCount"], _next(found))

    def add_to_blocklist(
        self,
        *,
        reason: str,
        node_id: str | None = None,
        label: str | None = None,
        key: str | None = None,
        expires_at: datetime | None = None,
    ) -> BlocklistEntry:
        """A node of the graph, or whatever of a type has a key."""
        answer = self._ask(
            "AddToBlocklist", reason=reason, nodeId=node_id, type=label, key=key, expiresAt=_moment(expires_at)
        )
        return read(BlocklistEntry, answer["addToBlocklist"])

    def remove_from_blocklist(self, node_id: str, *, reason: str) -> BlocklistEntry:
        answer = self._ask("RemoveFromBlocklist", nodeId=node_id, reason=reason)
        return read(BlocklistEntry, answer["removeFromBlocklist"])

    def link(self, link_id: str) -> HumanLink | None:
        """A link drawn by hand with its history, ended ones too."""
        return read(HumanLink | None, self._ask("Link", id=link_id)["link"])  # type: ignore[arg-type]

    def draw_link(
        self, source: str, target: str, *, reason: str, evidence: str = "", expires_at: datetime | None = None
    ) -> HumanLink:
        answer = self._ask(
            "DrawLink",
            source=source,
            target=target,
            reason=reason,
            evidence=evidence or None,
            expiresAt=_moment(expires_at),
        )
        return read(HumanLink, answer["drawLink"])

    def annotate_link(self, link_id: str, *, reason: str, **changes: str | datetime | None) -> HumanLink:
        """`changes` may hold `evidence` and `expires_at`: what is left out stays, None takes it away."""
        variables = {to_camel(name): _moment(v) if isinstance(v, datetime) else v for name, v in changes.items()}
        return read(HumanLink, self._ask("AnnotateLink", id=link_id, reason=reason, **variables)["annotateLink"])

    def retract_link(self, link_id: str, *, reason: str) -> HumanLink:
        return read(HumanLink, self._ask("RetractLink", id=link_id, reason=reason)["retractLink"])

    def _ask(self, operation: str, **variables: object) -> dict[str, Any]:
        return self.api.ask(operation, queries.DOCUMENTS[operation], variables, token=self.token)

    def run(self, document: str, **variables: object) -> dict[str, Any]:
        """The `data` of a document with one named operation, which a page brings."""
        named = _OPERATION.match(document)
        if named is None:
            raise ValueError("a document begins with its operation and a name for it")
        return self.api.ask(named["name"], document, variables, token=self.token)


def _nodes(connection: Connection) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def _next(connection: Connection) -> str | None:
    """Where the page after this one begins."""
    info = connection["pageInfo"]
    return str(info["endCursor"]) if info["hasNextPage"] else None


def _moment(as_of: datetime | None) -> str | None:
    return None if as_of is None else as_of.isoformat()


def read(kind: type[T], answer: object) -> T:
    """An answer as a value of ours. Raises ApiDown where it is none, which names the place."""
    try:
        return parse(kind, answer)
    except pydantic.ValidationError as exc:
        # The first place where the answer differs is named; the answer itself may hold personal data.
        where = ".".join(str(part) for part in exc.errors(include_input=False)[0]["loc"])
        raise ApiDown("api_differs", where) from exc


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError as exc:
        raise ApiDown("api_failed", f"HTTP {response.status_code}") from exc
    if not isinstance(answer, dict):
        raise ApiDown("api_failed", f"HTTP {response.status_code}")
    return answer


def _coded(error: dict[str, Any]) -> UiError:
    extensions = error.get("extensions") or {}
    code = str(extensions.get("code") or "unknown")
    if code == UNAUTHENTICATED:
        return SessionExpired()
    return Refused(code, str(error.get("message") or ""))


def _error_code(response: httpx.Response) -> str | None:
    error = _json(response).get("error")
    return str(error["code"]) if isinstance(error, dict) and "code" in error else None

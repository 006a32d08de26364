"""A small API over real HTTP with answers of the contract's shape, for what a real one shows only with much data or when it breaks:
hubs of thousands, aggregated graphs, a server that is slow, down or of another version."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.privacy.recorder import declare_double

Json = dict[str, Any]

SEEN = "2025-03-01T02:00:00+00:00"
TOKEN = "fake-token"
PASSWORD = "correct-horse-battery"

SCHEMA: Json = {
    "version": 1,
    "nodeTypes": [
        {
            "label": label,
            "captionZh": zh,
            "captionEn": en,
            "shape": shape,
            "icon": icon,
            "identifier": label != "Customer",
        }
        for label, zh, en, shape, icon in (
            ("Customer", "客户", "customer", "ellipse", "user"),
            ("Phone", "电话", "phone", "round-rectangle", "phone"),
            ("Device", "设备", "device", "hexagon", "device"),
        )
    ],
    "relationshipTypes": [
        {"name": "USES_PHONE", "captionZh": "使用电话", "captionEn": "uses phone", "human": False},
        {"name": "USES_DEVICE", "captionZh": "使用设备", "captionEn": "uses device", "human": False},
        {"name": "HUMAN_LINK", "captionZh": "人工关联", "captionEn": "drawn by hand", "human": True},
    ],
    "grades": [
        {"grade": grade, "colour": colour, "captionZh": zh, "captionEn": en}
        for grade, colour, zh, en in (
            ("A", "#2e7d32", "低风险", "low risk"),
            ("B", "#1565c0", "关注", "watch"),
            ("C", "#b45309", "较高风险", "elevated risk"),
            ("D", "#c62828", "高风险", "high risk"),
        )
    ],
    "values": [
        {
            "type": "Application",
            "property": "product",
            "value": "cash_loan",
            "captionZh": "现金贷",
            "captionEn": "cash loan",
        }
    ],
}


def node(node_id: str, label: str = "Phone", **changes: object) -> Json:
    """A GraphNode; changed where a test says so."""
    made: Json = {
        "id": node_id, "kind": "NODE", "type": label, "caption": f"138****{node_id[-4:]:>04}", "grade": "A", "score": 0.02,
        "ringId": None, "x": 0.0, "y": 0.0, "hop": 1, "degree": 1, "isSubject": False, "size": 1,
        "risky": 0, "blocklisted": False,
    }  # fmt: skip
    return made | changes


def edge(source: str, target: str, kind: str = "USES_PHONE", **changes: object) -> Json:
    made: Json = {
        "id": f"{source}-{target}", "source": source, "target": target, "type": kind, "captionZh": "使用电话",
        "captionEn": "uses phone", "qualifier": None, "firstSeen": SEEN, "lastSeen": SEEN, "human": False, "weight": 1,
        "link": None,
    }  # fmt: skip
    return made | changes


def overview(nodes: list[Json]) -> Json:
    """Counted from the nodes, as the real API does it."""
    names = {view["label"]: view for view in SCHEMA["nodeTypes"]}
    rows = []
    for grade in ("A", "B", "C", "D", None):
        cells: dict[tuple[str, bool], list[str]] = {}
        for each in nodes:
            if each["grade"] == grade:
                cells.setdefault((each["type"], each["isSubject"]), []).append(each["id"])
        if cells:
            rows.append({
                "grade": grade,
                "count": sum(len(ids) for ids in cells.values()),
                "types": [
                    {"type": label, "isSubject": main, "captionZh": names[label]["captionZh"],
                     "captionEn": names[label]["captionEn"], "count": len(ids), "nodeIds": ids}
                    for (label, main), ids in cells.items()
                ],
            })  # fmt: skip
    return {"total": len(nodes), "rows": rows}


def graph(nodes: list[Json], edges: list[Json], **changes: object) -> Json:
    subject = next(each["id"] for each in nodes if each["isSubject"])
    made: Json = {
        "subjectId": subject, "aggregated": False, "total": len(nodes), "simplified": False, "omissions": [], "nodes": nodes,
        "edges": edges,
        "overview": overview(nodes),
    }  # fmt: skip
    return made | changes


def star(neighbours: int) -> Json:
    """A customer in the middle of so many phones, on rings."""
    middle = node("subject", "Customer", caption="林**", isSubject=True, hop=0, degree=neighbours)
    around = []
    for place in range(neighbours):
        ring, angle = 200 + 90 * (place // 40), 2 * math.pi * place / 40
        around.append(node(f"p{place:05}", x=ring * math.cos(angle), y=ring * math.sin(angle)))
    return graph([middle, *around], [edge("subject", each["id"]) for each in around])


def communities(count: int, total: int) -> Json:
    """An aggregated graph: circles that stand for `total` nodes."""
    circles = [
        node(f"community~{place}", "Customer", kind="COMMUNITY", caption="王**", grade="ABCD"[place % 4], size=total // count, risky=place,
             x=80.0 * place, y=60.0 * (place % 3), isSubject=place == 0)
        for place in range(count)
    ]  # fmt: skip
    ties = [edge(circles[place - 1]["id"], circles[place]["id"], weight=place) for place in range(1, count)]
    counted: Json = {"total": total, "rows": [{"grade": "A", "count": total, "types": [
        {"type": "Customer", "isSubject": False, "captionZh": "客户", "captionEn": "customer", "count": total,
         "nodeIds": [circles[0]["id"], circles[1]["id"]]}]}]}  # fmt: skip
    return graph(circles, ties, aggregated=True, total=total, overview=counted)


def as_columns(answer: Json) -> Json:
    """A graph as the real API sends it by columns."""
    place = {each["id"]: at for at, each in enumerate(answer["nodes"])}
    named = [name for name in edge("a", "b") if name not in {"link", "captionZh", "captionEn"}]
    edges = {name: [each[name] for each in answer["edges"]] for name in named}
    ends = {end: [place[each[end]] for each in answer["edges"]] for end in ("source", "target")}
    links = [{"place": at, "link": each["link"]} for at, each in enumerate(answer["edges"]) if each["link"]]
    columns = {name: [each[name] for each in answer["nodes"]] for name in answer["nodes"][0]}
    return answer | {
        "nodes": None,
        "edges": None,
        "nodeColumns": columns,
        "edgeColumns": edges | ends | {"links": links},
    }


def ring_row(place: int) -> Json:
    """A ring of a list."""
    return {
        "id": f"ring{place}", "size": 90 - place, "knownFraud": max(9 - place, 0), "knownFraudShare": max(9 - place, 0) / (90 - place),
        "meanScore": 0.5, "density": 0.25, "motif": "device_farm" if place % 2 == 0 else None, "newMembers": place % 3, "modelVersion": "m1",
        "scoredAt": SEEN, "heldBy": [{"type": "Device", "count": 2}], "keyMembers": [{"id": "subject", "type": "Customer", "caption": "林**"}],
    }  # fmt: skip


def connection(rows: list[Json], variables: Json) -> Json:
    """A page of a list; a cursor is the number of the row before it."""
    begin = int(variables["after"] or 0)
    end = begin + variables["first"]
    page_info = {"hasNextPage": end < len(rows), "endCursor": str(min(end, len(rows)))}
    return {"totalCount": len(rows), "pageInfo": page_info, "edges": [{"node": row} for row in rows[begin:end]]}


@dataclass
class FakeApi:
    """What it answers can be changed while it runs."""

    relation_graph: Json = field(default_factory=lambda: star(12))
    full_graph: Json = field(default_factory=lambda: communities(8, 12_345))
    community: Json = field(default_factory=lambda: star(20) | {"total": 12_345})  # whichever is opened
    hits: list[Json] = field(default_factory=list)
    expansion: Json = field(default_factory=lambda: {"nodes": [], "edges": [], "omissions": []})
    rights: list[str] = field(default_factory=lambda: ["see_graph", "see_risk", "reveal", "export", "edit_graph"])
    assessment: Json | None = None
    portrait: list[Json] = field(default_factory=list)
    blocklist_entry: Json | None = None
    rings: list[Json] = field(default_factory=list)
    links: dict[str, Json] = field(default_factory=dict)  # what was drawn, as HumanLink
    refused: dict[str, str] = field(default_factory=dict)  # operation → the code that it is refused with
    pages: dict[str, Callable[[Json], Json]] = field(
        default_factory=dict
    )  # operation of a marketer's page → its data, by the variables
    error: Json | None = None  # answered to every operation in place of data
    broken: str | None = None  # sent in place of JSON
    delay: float = 0.0
    asked: list[tuple[str, Json]] = field(default_factory=list)
    url: str = ""

    def answer(self, operation: str, variables: Json) -> Json:
        self.asked.append((operation, variables))
        if self.error is not None:
            return {"data": None, "errors": [{"message": "refused", "extensions": self.error}]}
        if operation in self.refused:
            return {"data": None, "errors": [{"message": "refused", "extensions": {"code": self.refused[operation]}}]}
        return {"data": self._data(operation, variables)}

    def _data(self, operation: str, variables: Json) -> Json:
        if operation in self.pages:
            return self.pages[operation](variables)
        answers: dict[str, Callable[[], Json]] = {
            "Me": lambda: {"me": {"name": "investigator", "role": "investigator", "rights": self.rights}},
            "Schema": lambda: {"schema": SCHEMA},
            "Status": lambda: {"status": {"customers": 1, "nodes": 13, "edges": 12, "changedAt": SEEN, "modelVersion": "m1", "version": "0"}},
            "Search": lambda: {"search": self.hits},
            "Resolve": lambda: {"subject": {"node": {"id": "subject", "type": "Customer", "caption": "林**"}}},
            "Subject": lambda: {"subjectById": self._subject(self.relation_graph)},
            "FullSubject": lambda: {"subjectById": self._subject(as_columns(self.community if variables["community"] else self.full_graph))},
            "Node": lambda: {"node": self._node(variables["id"])},
            "Neighbours": lambda: {"neighbours": self.expansion},
            "Reveal": lambda: {"reveal": {"nodeId": variables["nodeId"], "property": variables["property"],
                                          "value": "13800138000", "expiresAt": "2099-01-01T00:00:00+00:00"}},
            "PageJobs": lambda: {"jobs": []},
            "Rings": lambda: {"rings": connection(self.rings, variables)},
            "RingLead": lambda: {"ring": {"keyMembers": [{"id": "subject"}], "members": {"edges": []}}},
            "Link": lambda: {"link": self.links.get(variables["id"])},
            "DrawLink": lambda: {"drawLink": self._draw(variables)},
            "AnnotateLink": lambda: {"annotateLink": self._edit(variables, "annotate")},
            "RetractLink": lambda: {"retractLink": self._edit(variables, "retract")},
        }  # fmt: skip
        return answers[operation]()

    def _subject(self, shown: Json) -> Json:
        return {
            "node": {"id": "subject", "type": "Customer", "caption": "林**"},
            "attributes": [
                {"name": "id_number", "captionZh": "身份证号", "captionEn": "ID number", "value": "110***********0241",
                 "displayZh": "110***********0241", "displayEn": "110***********0241", "masked": True, "personal": True},
            ],
            "idExpired": False, "assessment": self.assessment, "ring": None, "portrait": self.portrait, "applications": [], "graph": shown,
        }  # fmt: skip

    def _draw(self, variables: Json) -> Json:
        told = {name: variables[name] for name in ("source", "target", "reason", "expiresAt")}
        told["evidence"] = variables["evidence"] or ""
        link = {
            "id": f"link{len(self.links)}",
            "author": "investigator",
            "drawnAt": SEEN,
            "endedAt": None,
            "edits": [],
        } | told
        self.links[link["id"]] = link
        return self._edit({"id": link["id"]} | told, "draw")

    def _edit(self, variables: Json, action: str) -> Json:
        link = self.links[variables["id"]]
        said = {name: variables.get(name, link[name]) for name in ("reason", "evidence", "expiresAt")}
        link |= {"endedAt": SEEN} if action == "retract" else said
        link["edits"] = [*link["edits"], {"action": action, "author": "investigator", "at": SEEN} | said]
        return link

    def _node(self, node_id: str) -> Json:
        return {
            "id": node_id, "type": "Phone", "caption": "138****0000", "ringId": None, "firstSeen": SEEN, "lastSeen": SEEN,
            "source": "fake", "attributes": [], "assessment": None, "blocklistEntry": self.blocklist_entry, "dispositions": [],
            "degrees": [{"type": "USES_PHONE", "neighbourType": "Customer", "count": 3412}],
        }  # fmt: skip


@contextmanager
def serving(api: FakeApi, port: int = 0) -> Iterator[FakeApi]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            time.sleep(api.delay)
            status, answer = self._route(body)
            payload = (api.broken or json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def _route(self, body: Json) -> tuple[int, Json]:
            if self.path == "/auth/login":
                if body["password"] != PASSWORD:
                    return 401, {"error": {"code": "login.failed", "message": "wrong"}}
                expires = "2099-01-01T00:00:00+00:00"
                return 200, {"token": TOKEN, "expiresAt": expires, "name": body["username"], "role": "investigator"}
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return 401, {"errors": [{"message": "no session", "extensions": {"code": "unauthenticated"}}]}
            if self.path == "/auth/logout":
                return 200, {}
            return 200, api.answer(body["operationName"], body["variables"])

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    declare_double(api.url)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()

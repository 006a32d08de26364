"""An audience posted to the messaging system: only to whom the operator allows, only who may be contacted at that moment, signed, once."""

import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner

from api.cli import app
from api.settings import Settings
from api.webhooks import TRIES, Receiver, WebhookRefused, WebhookUnreachable, receiver_of, send, signature
from graph_model.errors import InvalidRequest, StoreFull
from graph_model.principal import Principal, Role
from graph_model.records import AuditRecord, GraphBatch, NodeRef
from graph_model.services import audience_records, audiences
from graph_model.services.audience_records import Audience, Recipe, Version
from graph_model.services.consent_facts import CONTACT
from graph_model.services.deliveries import Delivery, deliveries
from graph_model.services.referrals import circles_of
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import GATE, NOW, circle, marketing, said, score

MARKETER = Principal("mia", Role.MARKETER)
SUPERVISOR = Principal("sam", Role.SUPERVISOR)
KEY = b"what both sides know"
LATER = NOW + timedelta(minutes=5)


@dataclass
class Crm:
    """The receiver: `answers` are given one after the other, then 204 for ever. It calls `then` before it answers."""

    address: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    then: Callable[[], object] = lambda: None

    @property
    def members(self) -> list[str]:
        """Of all batches, each by its key once."""
        batches = {headers["x-guanxi-delivery"]: json.loads(body)["members"] for headers, body in self.got}
        return [each for batch in batches.values() for each in batch]


@contextmanager
def receiving(crm: Crm) -> Iterator[Crm]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            crm.then()
            crm.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(crm.answers.pop(0) if crm.answers else 204)
            self.send_header("Location", "http://169.254.169.254/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    crm.address = f"http://127.0.0.1:{server.server_address[1]}/audiences"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield crm
    finally:
        server.shutdown()


@pytest.fixture
def crm() -> Iterator[Crm]:
    with receiving(Crm()) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'guanxi.db'}", create=True, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def people(store: GraphStore) -> list[NodeRef]:
    """Forty who agreed to messages, two of whom are of grade D."""
    found = marketing(store, scored=False)
    score(store, dict.fromkeys(found, "A") | dict.fromkeys(found[5:7], "D"))
    return found


@pytest.fixture
def drawn(store: GraphStore, people: list[NodeRef]) -> tuple[Audience, Version]:
    circles = circles_of(store, GATE.secret, as_of=NOW)
    recipe = Recipe((circle(store, GATE.secret),))
    return audiences.create(
        store, GATE, circles, MARKETER, audiences.Draft("friends", "sms", "bring a friend", recipe), now=NOW
    )


class Sending:
    """What `send` needs besides, and what it did with it."""

    def __init__(self, store: GraphStore, crm: Crm) -> None:
        self.store, self.crm = store, crm
        self.now = LATER
        self.rests: list[float] = []
        self.lines: list[AuditRecord] = []

    def __call__(self, drawn: tuple[Audience, Version]) -> Delivery:
        receiver = Receiver("crm", self.crm.address, KEY)
        return send(
            self.store, GATE, MARKETER, *drawn, receiver,
            clock=lambda: self.now, note=self.lines.append, sleep=self.rests.append,
        )  # fmt: skip


@pytest.fixture
def sending(store: GraphStore, crm: Crm) -> Sending:
    return Sending(store, crm)


def in_batches(
    store: GraphStore, drawn: tuple[Audience, Version], monkeypatch: pytest.MonkeyPatch
) -> tuple[Audience, Version]:
    """The audience's next version, in pieces of ten."""
    audience, of = drawn
    monkeypatch.setattr(audience_records, "_PIECE", 10)
    again = replace(of, number=2, draft="again")
    members = [each for piece in audience_records.members(store, of) for each in piece]
    assert audience_records.keep_version(store, again, members)
    return audience, again


def contacted(store: GraphStore, people: list[NodeRef]) -> int:
    return sum(len(store.facts(node.node_id, kind=CONTACT)) for ref in people if (node := store.get(ref)) is not None)


def test_members_arrive_signed_and_are_contacted_once(
    store: GraphStore, people: list[NodeRef], drawn: tuple[Audience, Version], crm: Crm, sending: Sending
) -> None:
    done = sending(drawn)
    ((headers, body),) = crm.got
    at = headers["x-guanxi-signature"].partition(",")[0].removeprefix("t=")
    expected = f"t={at},v1={hmac.digest(KEY, at.encode() + b'.' + body, 'sha256').hex()}"
    assert headers["x-guanxi-signature"] == expected == signature(KEY, int(at), body)
    told = json.loads(body)
    assert (told["channel"], told["version"], told["batch"]) == ("sms", 1, 1)
    assert set(told) == {"delivery", "audience", "version", "channel", "batch", "members"}
    assert len(told["members"]) == done.sent == drawn[1].members == contacted(store, people)
    risky = {node.node_id for ref in people[5:7] if (node := store.get(ref)) is not None}
    assert risky & set(told["members"]) == set()
    assert [(line.operation, line.detail["rows"]) for line in sending.lines] == [("audience.send", done.sent)]
    assert not any(ref.key.encode() in body for ref in people)


def test_who_opted_out_since_the_draw_is_not_sent(
    store: GraphStore, people: list[NodeRef], drawn: tuple[Audience, Version], crm: Crm, sending: Sending
) -> None:
    gone = [said(ref, "consent", "no", NOW + timedelta(minutes=1), topic="sms") for ref in people[10:20]]
    store.upsert(GraphBatch(facts=gone))
    sending(drawn)
    out = {node.node_id for ref in people[10:20] if (node := store.get(ref)) is not None}
    assert len(crm.members) > 0 and out & set(crm.members) == set()


def test_a_busy_receiver_is_tried_again_with_longer_rests_and_the_same_key(
    drawn: tuple[Audience, Version], crm: Crm, sending: Sending
) -> None:
    crm.answers = [503, 429, 500]
    sending(drawn)
    assert len({headers["x-guanxi-delivery"] for headers, _ in crm.got}) == 1 and len(crm.got) == 4
    assert sending.rests == sorted(sending.rests) and len(sending.rests) == 3


@pytest.mark.parametrize("status", [301, 307, 400, 404])
def test_a_refusal_and_a_way_elsewhere_end_it_and_no_contact_is_kept(
    store: GraphStore,
    people: list[NodeRef],
    drawn: tuple[Audience, Version],
    crm: Crm,
    sending: Sending,
    status: int,
) -> None:
    crm.answers = [status]
    with pytest.raises(WebhookRefused, match=str(status)):
        sending(drawn)
    assert len(crm.got) == 1 and contacted(store, people) == 0
    assert sending(drawn).sent == drawn[1].members, "sent again, it goes on"


def test_a_receiver_that_is_away_is_told_so_and_sent_to_later(
    drawn: tuple[Audience, Version], crm: Crm, sending: Sending
) -> None:
    crm.answers = [503] * TRIES
    with pytest.raises(WebhookUnreachable):
        sending(drawn)
    assert sending(drawn).ended_at is not None
    with pytest.raises(InvalidRequest) as twice:
        sending(drawn)
    assert twice.value.code == "webhook.delivered"


def test_what_was_broken_off_goes_on_and_nobody_is_contacted_twice(
    store: GraphStore,
    people: list[NodeRef],
    drawn: tuple[Audience, Version],
    crm: Crm,
    sending: Sending,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after the receiver had the second of four batches and before that was kept."""
    audience, of2 = in_batches(store, drawn, monkeypatch)
    swap, left = store.swap_state, iter(range(4))

    def killed(name: str, *, expected: str | None, value: str | None) -> bool:
        if next(left, None) is None:
            raise StoreFull("the disk")
        return swap(name, expected=expected, value=value)

    with monkeypatch.context() as broken:
        broken.setattr(store, "swap_state", killed)
        with pytest.raises(StoreFull):
            sending((audience, of2))
    assert len(crm.got) == 2
    done = sending((audience, of2))
    keys = [headers["x-guanxi-delivery"] for headers, _ in crm.got]
    assert keys[1] == keys[2] and len(set(keys)) == done.batches
    assert sorted(set(crm.members)) == sorted(crm.members) and len(crm.members) == of2.members == contacted(
        store, people
    )


def test_nobody_joins_a_batch_that_is_sent_again_and_who_was_in_it_is_contacted_whatever_they_said_since(
    store: GraphStore,
    people: list[NodeRef],
    drawn: tuple[Audience, Version],
    crm: Crm,
    sending: Sending,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between the receiver's answer and the contacts; then one in the batch opts out, and one who was left out opts in again."""
    frozen = {each for piece in audience_records.members(store, drawn[1]) for each in piece}
    ids = {ref: node.node_id for ref in people if (node := store.get(ref)) is not None and node.node_id in frozen}
    late, gone = list(ids)[:2]
    store.upsert(GraphBatch(facts=[said(late, "consent", "no", NOW + timedelta(minutes=1), topic="sms")]))

    def killed(_: GraphBatch) -> None:
        raise StoreFull("the disk")

    with monkeypatch.context() as broken:
        broken.setattr(store, "upsert", killed)
        with pytest.raises(StoreFull):
            sending(drawn)
    since = LATER + timedelta(minutes=5)
    facts = [said(late, "consent", "yes", since, topic="sms"), said(gone, "consent", "no", since, topic="sms")]
    store.upsert(GraphBatch(facts=facts))
    sending.now = LATER + timedelta(hours=1)
    done = sending(drawn)
    first, again = (set(json.loads(body)["members"]) for _, body in crm.got)
    assert len({headers["x-guanxi-delivery"] for headers, _ in crm.got}) == 1
    assert ids[gone] in first and again == first - {ids[gone]} and ids[late] not in first
    assert (contacted(store, [gone]), contacted(store, [late])) == (1, 0)
    assert contacted(store, people) == done.sent == len(first)


def test_a_version_that_is_closed_is_not_begun(
    store: GraphStore, drawn: tuple[Audience, Version], crm: Crm, sending: Sending
) -> None:
    audience, of = drawn
    sending.now = of.valid_until + timedelta(minutes=1)
    for code, version in (
        ("audience.expired", of),
        (
            "audience.withdrawn",
            audiences.withdraw(store, SUPERVISOR, audience, 1, reason="a farm was found", now=LATER),
        ),
    ):
        with pytest.raises(InvalidRequest) as refused:
            sending((audience, version))
        assert refused.value.code == code
    assert deliveries(store, MARKETER, *drawn) == [] and crm.got == []


def test_a_withdrawal_stops_what_is_being_sent(
    store: GraphStore,
    drawn: tuple[Audience, Version],
    crm: Crm,
    sending: Sending,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    audience, of = in_batches(store, drawn, monkeypatch)
    withdrawn: list[Version] = []

    def withdraw() -> None:
        if not withdrawn:
            withdrawn.append(audiences.withdraw(store, SUPERVISOR, audience, 2, reason="a farm was found", now=LATER))

    crm.then = withdraw
    with pytest.raises(InvalidRequest) as refused:
        sending((audience, of))
    assert refused.value.code == "audience.withdrawn" and len(crm.got) == 1


def test_nothing_goes_to_an_address_that_the_operator_does_not_name(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, webhooks={"crm": "https://crm.example/in"}, webhook_secret=SecretStr("sixteen characters")
    )
    assert receiver_of(settings, "crm").address == "https://crm.example/in"
    for name in ("other", "https://crm.example/in", ""):
        with pytest.raises(InvalidRequest) as refused:
            receiver_of(settings, name)
        assert refused.value.code == "webhook.receiver"


@pytest.mark.parametrize(
    ("webhooks", "secret"),
    [
        ({"crm": "http://crm.example/in"}, "sixteen characters"),
        ({"crm": "https://crm.example/in?a=1"}, "sixteen characters"),
        ({"crm": "file:///etc/passwd"}, "sixteen characters"),
        ({"../crm": "https://crm.example/in"}, "sixteen characters"),
        ({"crm": "https://crm.example/in"}, "short"),
    ],
)
def test_settings_that_would_leak_are_refused(tmp_path: Path, webhooks: dict[str, str], secret: str) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, webhooks=webhooks, webhook_secret=SecretStr(secret))


def test_the_operator_sends_at_a_shell(
    store: GraphStore,
    drawn: tuple[Audience, Version],
    crm: Crm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GUANXI_WEBHOOKS", json.dumps({"crm": crm.address}))
    monkeypatch.setenv("GUANXI_WEBHOOK_SECRET", "sixteen characters")

    def run(*words: str) -> str:
        ran = CliRunner().invoke(app, ["audience", *words, "--home", str(tmp_path)])
        if ran.exception is not None:
            raise ran.exception
        return ran.output

    with pytest.raises(InvalidRequest, match="GUANXI_WEBHOOKS"):
        run("send", drawn[0].id, "--to", "nobody")
    monkeypatch.setattr("api.cli.audience.utc_now", lambda: LATER)
    assert "went to crm" in run("send", drawn[0].id, "--to", "crm") and len(crm.members) > 0
    assert "sent to crm" in run("show", drawn[0].id)
    operations = [line.operation for line in store.audit(limit=1_000)]
    assert operations[-3:] == ["cli audience.send", "audience.send", "cli audience.send"]
    assert deliveries(store, MARKETER, *drawn)[0].ended_at is not None

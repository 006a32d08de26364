"""All roles × all fields, against a running server: whoever may ask gets data, everybody else `forbidden` and nothing more. And whoever may not see
risk can't tell a portfolio that was scored from one that never was: by no field, argument, fragment, order, count or error."""

import inspect
import io
import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import httpx
import pytest

import graph_model.services
from api.auth import begin_session
from api.bootstrap import build
from api.errors import CODES
from api.graphql.permissions import RULES
from api.secrets import FILE_NAME
from api.settings import Settings
from graph_model.errors import Forbidden
from graph_model.principal import RIGHTS, Principal, Right, Role
from graph_model.records import GraphBatch, NodeRecord
from graph_model.services import audiences
from graph_model.services.audience_records import Audience, Recipe, Version
from graph_model.services.circle_lists import Circle
from graph_model.services.deliveries import Batch, Delivery
from graph_model.services.gate_policy import load_gate_policy
from graph_model.services.referrals import circles_of
from graph_model.services.segments import computing as segment_computing
from graph_model.services.segments import dictionary as segments
from graph_model.services.tags import computing, dictionary
from graph_model.services.tags.definition import TagKind, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.api.conftest import Client, Served, ServerThread
from tests.api.schema_walk import (
    FORMS,
    LIST,
    Allowed,
    Document,
    World,
    coordinates,
    document_for,
    reached,
    variations,
    way_to,
)
from tests.fixtures import reference_case
from tests.fixtures.reference_case import RING_ID
from tests.services.people import GATE, START, marketing, person

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
TAGGED = date(2026, 7, 1)
BLIND = frozenset({Right.SEE_GRAPH})  # the graph without its risk, as a key may be narrowed to
ENGINE_WITHOUT_RISK = frozenset({Right.ASSESS})

# What a field may answer in place of data to somebody who may ask: one job at a time, and not twice.
OWN_REFUSALS = {
    "Mutation.startJob": frozenset({"job.running", "store_locked"}),
    "Mutation.cancelJob": frozenset({"job.ended", "job.over", "job.finished"}),
}

# The ring of the reference case is held together by nothing in particular, its job has ended before anybody can cancel it, and no audience was
# grown by who is like it or sent to anybody.
NOT_REACHED = (
    "RingBond.type", "RingBond.count", "Mutation.cancelJob",
    "AudienceDelivery.receiver", "AudienceDelivery.begunAt", "AudienceDelivery.endedAt", "AudienceDelivery.sent", "AudienceDelivery.batches",
    "TagLikeness.code", "TagLikeness.nameZh", "TagLikeness.nameEn", "TagLikeness.traits",
    "LikenessTrait.value", "LikenessTrait.ofSeed", "LikenessTrait.ofEverybody", "LikenessTrait.weight",
)  # fmt: skip

# They tell that a scoring ran, and by which model; of nobody in particular.
OF_NOBODY = {("Status", "changedAt"), ("Status", "modelVersion")}
# The moment at which they were asked for, or a cursor that holds it.
WHEN_ASKED = {
    ("ReferralCircle", "asOf"), ("ReferralCircleEdge", "cursor"), ("PageInfo", "startCursor"), ("PageInfo", "endCursor"),
}  # fmt: skip
# Whether an audience can be drawn depends on risk, as it must; tests/services/test_audiences.py tries what can be told from one.
DRAWN_APART = {("Mutation", "drawAudience"), ("Mutation", "redrawAudience")}
# Likewise of a segment's members, which tests/api/test_segments.py does.
DRAWN_APART |= {("Segment", "members"), ("Segment", "reach")} | {
    place for place in coordinates() if place[0].startswith(("SegmentMember", "SegmentReach"))
}

LABEL = "mutation ($id: ID!) { recordLabel(applicationId: $id, label: CONFIRMED_FRAUD) { value } }"
CLEARED = 'mutation ($id: ID!) { recordDisposition(subject: $id, verdict: CLEARED, reason: "called back") { value } }'


class Clock:
    """A second passes with every look, so that no two things happen at once."""

    def __init__(self) -> None:
        self._looks = itertools.count()

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=next(self._looks))


@contextmanager
def made(folder: Path, home: Path, *, scored: bool, like: Path | None = None, link: str = "") -> Iterator[World]:
    """A server over the reference case; scored with its labels, dispositions and blocklist, or as if nobody had ever looked. `like`: the home of
    another, whose random ids and secret it takes over, and `link` that was drawn there."""
    shutil.copy(home / "users.json", folder)
    settings = Settings(home=folder, rate_capacity=10**9, rate_refill=10**9)
    if like is not None:
        open_store(Settings(home=like).store_address).backup(folder / "guanxi.db")
        shutil.copy(like / FILE_NAME, folder)
    store = open_store(settings.store_address, create=True)
    case = reference_case.load(store, scored=scored)
    marketing(store, scored=scored)
    if like is None:
        tagged(store)
    store.close()
    runtime = build(settings, clock=Clock())
    with ServerThread(settings, runtime) as url:
        users = {user.role: user for user in runtime.users.all()}
        tokens = {role: begin_session(runtime, users[role], now=NOW)[0] for role in Role}
        world = World(Served(url, runtime, case, io.StringIO(), tokens))
        world.link = link or world.drawn()
        if scored:
            supervisor = world.client(Role.SUPERVISOR)
            supervisor.data(LABEL, id=case.ids["application1"])
            supervisor.data(CLEARED, id=case.ids["d_user"])
            world.listed()
            supervisor.data(LIST, id=case.ids["d_user"])
        yield world


@pytest.fixture(scope="module")
def world(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made(tmp_path_factory.mktemp("written-to"), home, scored=True) as world:
        yield world


@pytest.fixture(scope="module")
def worlds(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    """The same people, known and unknown. Nobody writes to these."""
    folders = [tmp_path_factory.mktemp(name) for name in ("records", "scored", "unscored")]
    with made(folders[0], home, scored=False) as records:
        link = records.link
    with (
        made(folders[1], home, scored=True, like=folders[0], link=link) as scored,
        made(folders[2], home, scored=False, like=folders[0], link=link) as unscored,
    ):
        assert scored.served.case.ids == unscored.served.case.ids
        scored.still = unscored.still = True
        yield scored, unscored


def tagged(store: GraphStore) -> None:
    """A tag that everybody has and two that fifteen women have, with their figures, one that is given by hand, and a segment of everybody."""
    draft = Draft("walked", "标签", "tag", "行为", "联系", "degree(USES_PHONE) >= 0")
    given = Draft("by_hand", "标签", "tag", "行为", "联系", kind=TagKind.MANUAL, value_type=ValueType.TEXT)
    women = replace(draft, code="walked_woman", rule='sex = "female"')
    told = replace(draft, code="walked_told", rule="sex is known")
    store.upsert(GraphBatch([NodeRecord(person(n), START, START, "crm", {"sex": "female"}) for n in range(15)]))
    for each in (draft, women, told):
        dictionary.define(store, Principal("mei", Role.MARKETER), each, now=NOW)
    dictionary.define(store, Principal("wu", Role.SUPERVISOR), given, now=NOW)
    computing.compute(store, base_date=TAGGED, by="test", clock=lambda: NOW, on_progress=lambda *_: None)
    everybody = segments.Draft("walked_group", "用户群", "degree(USES_PHONE) >= 0")
    segments.define(store, Principal("mei", Role.MARKETER), everybody, now=NOW)
    for day in (NOW - timedelta(days=1), NOW):
        segment_computing.compute(
            store,
            GATE.policy,
            codes=["walked_group"],
            again=True,
            by="test",
            clock=lambda day=day: day,
            on_progress=lambda *_: None,
        )


def case_of(world: World) -> reference_case.ReferenceCase:
    return world.served.case


def allowing(rights: frozenset[Right]) -> Allowed:
    """As `api/graphql/permissions.py` says it."""

    def allowed(coordinate: str) -> bool:
        rule = RULES.get(coordinate)
        return rule is not None and (len(rule) == 0 or len(rule & rights) > 0)

    return allowed


def narrowed(world: World, rights: frozenset[Right], role: Role) -> Client:
    """A key of the role with these rights alone."""
    keys = world.served.runtime.keys
    name = "-".join(["only", *sorted(right.replace("_", "") for right in rights)])
    for key in keys.all():
        if key.name == name and key.revoked_at is None:
            keys.revoke(key.id, now=NOW)
    text, _ = keys.create(name, role, scopes=sorted(rights), expires_at=None, now=NOW)
    return Client(httpx.Client(base_url=world.served.url, timeout=30), text)


def ask(client: Client, document: Document, world: World) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(document.text, document.values(world)).json()
    return answer


def codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", [])}


def refusals_and_answers(client: Client, world: World, rights: frozenset[Right]) -> dict[str, str]:
    """What is not as the rules say, by field."""
    wrong = {}
    for place in coordinates():
        document = document_for(place, allowing(rights))
        if document is not None:
            answer = ask(client, document, world)
            own = OWN_REFUSALS.get(".".join(document.places[0]), frozenset())
            if (answer["data"] is None or len(codes(answer)) > 0) and not codes(answer) & own:
                wrong[".".join(place)] = f"open, but {codes(answer)}: {document.text}"
            continue
        if allowing(rights)(".".join(place)) and way_to(place[0], allowing(rights)) is not None:
            continue  # open, and nothing of what it leads to is: there is nothing to ask of it
        everything = document_for(place)
        assert everything is not None, f"{place} can't be reached from Query or Mutation"
        answer = ask(client, everything, world)
        if answer["data"] is not None or codes(answer) != {"forbidden"}:
            wrong[".".join(place)] = f"closed, but {answer}: {everything.text}"
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    "role",
    [  # each asks for every field that there is: `make test` has the one who may see no risk
        pytest.param(role, marks=[] if role is Role.MARKETER else pytest.mark.long) for role in Role
    ],
)
def test_every_role_gets_exactly_the_fields_of_its_rights(world: World, role: Role) -> None:
    assert refusals_and_answers(world.client(role), world, RIGHTS[role]) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.INVESTIGATOR, BLIND),
        pytest.param(Role.RISK_ENGINE, ENGINE_WITHOUT_RISK, marks=pytest.mark.long),
        pytest.param(Role.SUPERVISOR, frozenset({Right.REVEAL}), marks=pytest.mark.long),
    ],
)
def test_a_narrowed_key_gets_exactly_the_fields_of_its_scopes(
    world: World, role: Role, rights: frozenset[Right]
) -> None:
    assert refusals_and_answers(narrowed(world, rights, role), world, rights) == {}


def test_the_walk_ends_at_real_objects(world: World) -> None:
    """A field that is asked of nothing tells nothing: the object that holds each field is in an answer."""
    missed = []
    for place in coordinates():
        document = document_for(place)
        assert document is not None
        role = next((r for r in Role if document_for(place, allowing(RIGHTS[r])) is not None), None)
        assert role is not None, f"no role may ever read {'.'.join(place)}"
        document = document_for(place, allowing(RIGHTS[role]))
        assert document is not None
        ring_member = {
            "Query.subject.idNumber": world.served.runtime.store.get_by_id([case_of(world).ids["d_user"]])[0].key
        }
        another = document_for(place, allowing(RIGHTS[role]), given=ring_member)
        assert another is not None
        tried = ((each, ask(world.client(role), each, world)["data"]) for each in (document, another))
        if not any(reached(data, each.places) for each, data in tried):
            missed.append(".".join(place))
    assert sorted(missed) == sorted(NOT_REACHED), " ".join(missed)


def test_every_role_has_its_line_and_every_right_is_somebodys() -> None:
    assert set(RIGHTS) == set(Role)
    assert set().union(*RIGHTS.values()) == set(Right) - {
        Right.SEE_PERSONAL
    }  # personal values come one by one, by reveal
    assert {right for rule in RULES.values() for right in rule} <= set(Right)


def test_the_page_about_security_has_the_table_of_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    told = {role: set(re.findall(r"`(\w+)`", rights)) for role, rights in rows}
    assert told == {role.value: {right.value for right in rights} for role, rights in RIGHTS.items()}


def test_the_page_about_security_has_every_code_of_sign_on() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    assert {code for code in CODES if code.startswith("oidc.")} == set(re.findall(r"`(oidc\.\w+)`", page))


@pytest.mark.long
def test_a_marketer_is_refused_every_closed_field_however_it_is_written(worlds: tuple[World, World]) -> None:
    """By aliases and fragments, and where it is left out of the answer; in the same words whether or not anybody was ever scored."""
    allowed = allowing(RIGHTS[Role.MARKETER])
    scored, unscored = worlds
    for place in coordinates():
        if document_for(place, allowed) is not None:
            continue
        answers = []
        for form in FORMS:
            document = document_for(place, form=form)
            assert document is not None
            answers.append(ask(scored.client(Role.MARKETER), document, scored))
        assert document is not None
        answers.append(ask(unscored.client(Role.MARKETER), document, unscored))
        assert all(answer == answers[0] for answer in answers), place
        assert answers[0]["data"] is None and codes(answers[0]) == {"forbidden"}, place


@pytest.mark.slow
def test_no_value_of_any_argument_tells_a_marketer_anything(worlds: tuple[World, World]) -> None:
    """Filters, orders, counts, ids of rings, moments: whatever is sent, the answer is the same, in both portfolios."""
    allowed = allowing(RIGHTS[Role.MARKETER])
    tried = 0
    for place in set(coordinates()) - DRAWN_APART:
        answers = []
        is_open = document_for(place, allowed) is not None
        for document in variations(place, allowed) if is_open else variations(place):
            answers += [ask(each.client(Role.MARKETER), document, each) for each in worlds]
        tried += len(answers)
        if is_open:  # the two portfolios answer alike
            assert answers[::2] == answers[1::2], place
        elif not is_open:
            assert all(codes(answer) == {"forbidden"} and answer == answers[0] for answer in answers), place
    assert tried > 200


@pytest.mark.slow
def test_what_a_marketer_may_read_does_not_depend_on_risk(worlds: tuple[World, World]) -> None:
    allowed = allowing(RIGHTS[Role.MARKETER])
    for place in coordinates():
        document = document_for(place, allowed)
        if document is not None and place not in OF_NOBODY | WHEN_ASKED | DRAWN_APART:
            scored, unscored = (ask(each.client(Role.MARKETER), document, each) for each in worlds)
            assert scored == unscored, document.text


@pytest.mark.slow
def test_whoever_sees_the_graph_alone_can_not_tell_who_was_scored(worlds: tuple[World, World]) -> None:
    """Every open field with every value of every argument: places, orders, captions, counts and errors are those of the unscored portfolio."""
    allowed = allowing(BLIND)
    clients = [narrowed(each, BLIND, Role.INVESTIGATOR) for each in worlds]
    tried = 0
    for place in coordinates():
        plain = document_for(place, allowed)
        if plain is None or place in OF_NOBODY | WHEN_ASKED:
            continue
        for document in (plain, *variations(place, allowed)):
            scored, unscored = (ask(client, document, each) for client, each in zip(clients, worlds, strict=True))
            assert scored == unscored, document.text
            tried += 1
    assert tried > 100


SOME_CIRCLE = Circle("circle-1", 0, 40, 1, 39, 39, 0, 0, 0)
SOME_AUDIENCE = Audience("1", "spring", "sms", "friends", Recipe(), "mia", NOW)
SOME_DELIVERY = Delivery("1", 1, "crm", NOW)
SOME_VERSION = Version("1", 1, "mia", NOW, NOW, NOW + timedelta(days=1), "1", 0, {}, 0, "draft")
# Services that take a principal and show nothing of their own: they mask what their caller has fetched, and hide the grade from who may not see it.
MASKS = {
    "masking.attributes", "masking.caption", "masking.is_masked", "relation_graph.grade_of",
    "relation_graph.canvas_node", "relation_graph.drawn", "paths.sentence", "gate.told",
}  # fmt: skip


def services() -> dict[str, Callable[..., object]]:
    found = {}
    for module in iter_modules(graph_model.services.__path__):
        loaded = import_module(f"graph_model.services.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            ours = function.__module__ == loaded.__name__ and not name.startswith("_")
            if ours and "principal" in inspect.signature(function).parameters:
                found[f"{module.name}.{name}"] = function
    return found


@pytest.mark.parametrize("name", sorted(set(services()) - MASKS))
def test_services_ask_for_the_right_again(world: World, name: str) -> None:
    """A resolver that forgot its rule still shows nothing: the service refuses a principal without any right."""
    function = services()[name]
    nobody = Principal("mia", Role.MARKETER, scopes=frozenset())
    store, ids = world.served.runtime.store, case_of(world).ids
    node = store.get_by_id([ids["d_user"]])[0]
    samples: dict[str, object] = {
        "store": store, "principal": nobody, "node": node, "node_id": node.node_id, "subject_id": node.node_id,
        "id_number": case_of(world).id_number, "text": case_of(world).id_number, "label": "Customer", "link_id": world.link,
        "start": ids["c_user"], "end": ids["d_user"], "ring_id": RING_ID, "ring": store.ring(RING_ID), "now": NOW, "moment": NOW,
        "reason": "case 4711", "property": "name", "secret": b"k" * 32, "verdict": "cleared", "application_id": ids["application1"],
        "known_at": NOW, "known": [], "positions": None, "expires_at": None, "wanted": [], "id_numbers": [], "note": "", "first": 5, "after": None,
        "start_id": ids["c_user"], "end_id": ids["d_user"], "as_of": None, "statements": [], "policy": load_gate_policy(),
        "gate": GATE, "circles": circles_of(store, GATE.secret, as_of=NOW), "circle_id": "circle-1", "circle": SOME_CIRCLE, "name": "spring",
        "channel": "sms", "purpose": "friends", "recipe": Recipe(), "audience_id": "1", "audience": SOME_AUDIENCE, "of": SOME_VERSION,
        "number": 1, "rows": 0, "form": "csv", "delivery": SOME_DELIVERY, "batch": Batch("1", 1, "", []),
        "receiver": "crm", "draft": audiences.Draft("spring", "sms", "friends", Recipe()),
    }  # fmt: skip
    asked = inspect.signature(function).parameters
    needed = [p.name for p in asked.values() if p.default is p.empty]
    missing = sorted(set(needed) - set(samples))
    assert missing == [], f"{name} asks for {missing}: add samples here"
    with pytest.raises(Forbidden):
        function(**{each: samples[each] for each in needed})

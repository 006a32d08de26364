"""Every field of the schema, as the smallest document that reaches it: found by walking the schema, so that a new field is in the tests unasked.

A required argument needs a sample in SAMPLES; one without fails the walk by name.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    is_required_argument,
)

from api.graphql.schema import build_schema
from api.job_records import PREFIX, Job, JobKind, JobStatus, Subject
from graph_model.principal import Role
from tests.api.conftest import Client, Served
from tests.fixtures import reference_case
from tests.fixtures.reference_case import RING_ID
from tests.services.people import circle

SCHEMA: GraphQLSchema = build_schema()._schema
DRAW = 'mutation ($a: ID!, $b: ID!) { drawLink(from: $a, to: $b, reason: "seen together") { id } }'
DEFINE = "mutation ($input: TagInput!) { defineTag(input: $input) { code } }"
DEFINE_SEGMENT = "mutation ($input: SegmentInput!) { defineSegment(input: $input) { code } }"
DRAW_AUDIENCE = """mutation ($name: String!, $circle: ID!) {
  drawAudience(name: $name, channel: SMS, purpose: "friends of friends", recipe: {circles: [$circle]}) { id } }"""
LIST = 'mutation ($id: ID!) { addToBlocklist(nodeId: $id, reason: "stolen phone") { nodeId } }'

APPLICATION = {
    "applicationId": "walked-1",
    "customer": {
        "idNumber": reference_case.id_number(date(1990, 5, 12), 61),
        "idExpiryDate": "2020-01-01",
        "name": "韩梅梅",
    },
    "amount": 5000.0,
}

Place = tuple[str, str]  # type and field
Allowed = Callable[[str], bool]  # whether `Type.field` may be on the way


@dataclass
class World:
    """A running server, and what a document may ask for there."""

    served: Served
    link: str = ""
    job: str = ""
    tags: int = 0  # defined on the way
    audience: str = ""
    still: bool = False  # nothing more is written, for comparing it with another
    clients: dict[Role, Client] = field(default_factory=dict)

    def client(self, role: Role) -> Client:
        if role not in self.clients:
            self.clients[role] = self.served.client(role)
        return self.clients[role]

    def drawn(self) -> str:
        """A link that is there and its drawer's own."""
        if self.still:
            return self.link
        ids = self.served.case.ids
        return str(self.client(Role.INVESTIGATOR).data(DRAW, a=ids["c_user"], b=ids["d_user"])["drawLink"]["id"])

    def started(self) -> str:
        """A job that has ended, of which everybody may know who may know of any."""
        if not self.job and not self.still:
            self.job = self._job("0000000000001-walked", JobStatus.DONE)
        return self.job

    def at_work(self) -> str:
        """A segment that a job elsewhere computes now: who starts another is answered with that one."""
        if self.still:
            return "nobodys"
        self._job("0000000000002-walked", JobStatus.RUNNING)
        return "walked_group"

    def _job(self, job_id: str, status: JobStatus) -> str:
        runtime = self.served.runtime
        now, subject = runtime.clock(), Subject(("walked_group",))
        job = Job(
            job_id,
            JobKind.SEGMENT,
            status,
            "mei",
            now,
            now,
            host="elsewhere",
            pid=1,
            role=Role.MARKETER,
            subject=subject,
        )
        runtime.store.put_state(PREFIX + job_id, job.dump())
        return job_id

    def drawn_audience(self) -> str:
        """An audience of the made-up circle; nobody's where nothing may be written."""
        if not self.audience and not self.still:
            self.audience = self.another_audience()
        return self.audience

    def another_audience(self) -> str:
        if self.still:
            return ""
        marketer = self.client(Role.MARKETER)
        return str(marketer.data(DRAW_AUDIENCE, name=_new_name(), circle=_circle(self))["drawAudience"]["id"])

    def listed(self) -> str:
        """A node on the blocklist."""
        node = self.served.case.ids["phone2"]
        if not self.still:
            self.client(Role.SUPERVISOR).data(LIST, id=node)
        return node

    def withdrawable(self) -> str:
        """An audience whose first version is not its newest."""
        made = self.another_audience()
        if not self.still:
            self.client(Role.MARKETER).data("mutation ($id: ID!) { redrawAudience(id: $id) { id } }", id=made)
        return made

    def another_tag(self) -> str:
        """A code that no tag of this world has."""
        self.tags += 1
        return f"walked_{self.tags}"

    def deletable(self) -> str:
        """A tag that no other reads."""
        if self.still:
            return "nobodys"
        code = self.another_tag()
        self.client(Role.MARKETER).data(DEFINE, input=_tag(code))
        return code

    def another_segment(self) -> str:
        """A segment that no other reads."""
        if self.still:
            return "nobodys"
        code = self.another_tag()
        self.client(Role.MARKETER).data(DEFINE_SEGMENT, input=_segment(code))
        return code


def _id(name: str) -> Callable[[World], str]:
    return lambda world: world.served.case.ids[name]


def _tag(code: str, rule: str = "sex is known") -> dict[str, str]:
    names = {"nameZh": "标签", "nameEn": "tag", "category": "行为", "subcategory": "联系"}
    return {"code": code, "rule": rule, **names}


def _segment(code: str, rule: str = "sex is known") -> dict[str, str]:
    return {"code": code, "name": "用户群", "rule": rule}


def _number(world: World) -> str:
    return world.served.case.id_number


def _circle(world: World) -> str:
    return circle(world.served.runtime.store, world.served.runtime.gate.secret)


def _new_name() -> str:
    return f"spring {uuid4().hex[:4]}"


def _key(world: World, name: str) -> str:
    return world.served.runtime.store.get_by_id([world.served.case.ids[name]])[0].key


# What is sent for an argument, by `Type.field.argument`. Arguments that are not required are left out unless they are named here.
SAMPLES: Mapping[str, Callable[[World], object]] = {
    "Query.subject.idNumber": _number,
    "Query.subjectById.nodeId": _id("d_user"),
    "Query.node.id": _id("d_user"),
    "Query.search.text": _number,
    "Query.neighbours.nodeId": _id("d_device"),
    "Query.neighbours.cap": lambda _: 1,
    "Query.score.idNumber": lambda world: _key(world, "d_user"),
    "Query.scores.idNumbers": lambda world: ["110105", _key(world, "d_user")],
    "Query.ring.id": lambda _: RING_ID,
    "Query.nodeByKey.type": lambda _: "Customer",
    "Query.nodeByKey.key": _number,
    "Query.path.from": _id("c_user"),
    "Query.path.to": _id("d_user"),
    "Query.link.id": lambda world: world.link,
    "Query.job.id": lambda world: world.started(),
    "Mutation.startJob.kind": lambda _: "SEGMENT",
    "Mutation.startJob.code": lambda world: world.at_work(),
    "Mutation.cancelJob.id": lambda world: world.started(),
    "Mutation.reveal.nodeId": _id("subject"),
    "Mutation.reveal.property": lambda _: "name",
    "Mutation.reveal.reason": lambda _: "case 4711",
    "Mutation.drawLink.from": _id("c_user"),
    "Mutation.drawLink.to": _id("subject"),
    "Mutation.drawLink.reason": lambda _: "seen together",
    "Mutation.annotateLink.id": lambda world: world.drawn(),
    "Mutation.annotateLink.reason": lambda _: "seen apart",
    "Mutation.retractLink.id": lambda world: world.drawn(),
    "Mutation.retractLink.reason": lambda _: "a mistake",
    "Mutation.recordLabel.applicationId": _id("application1"),
    "Mutation.recordLabel.label": lambda _: "CONFIRMED_FRAUD",
    "Mutation.recordDisposition.subject": _id("subject"),
    "Mutation.recordDisposition.verdict": lambda _: "CLEARED",
    "Mutation.recordDisposition.reason": lambda _: "called back",
    "Mutation.addToBlocklist.nodeId": _id("phone1"),
    "Mutation.addToBlocklist.reason": lambda _: "stolen phone",
    "Mutation.removeFromBlocklist.nodeId": lambda world: world.listed(),
    "Mutation.removeFromBlocklist.reason": lambda _: "given back",
    "Query.referralCircle.id": _circle,
    "Query.audience.id": lambda world: world.drawn_audience(),
    "Mutation.drawAudience.name": lambda _: _new_name(),
    "Mutation.drawAudience.channel": lambda _: "SMS",
    "Mutation.drawAudience.purpose": lambda _: "friends of friends",
    "Mutation.drawAudience.recipe": lambda world: {"circles": [_circle(world)]},
    "Mutation.redrawAudience.id": lambda world: world.drawn_audience(),
    "Mutation.withdrawAudience.id": lambda world: world.withdrawable(),
    "Mutation.withdrawAudience.version": lambda _: 1,
    "Mutation.withdrawAudience.reason": lambda _: "drawn by mistake",
    "Query.consent.nodeId": _id("subject"),
    "Mutation.recordConsents.consents": lambda world: [
        {"idNumber": _number(world), "channel": "SMS", "granted": True, "at": "2026-05-01T10:00:00"},
        {"idNumber": "110105", "channel": "SMS", "granted": True, "at": "2026-05-01T10:00:00"},
    ],
    "Mutation.recordContacts.contacts": lambda world: [
        {"idNumber": _number(world), "channel": "SMS", "at": "2026-05-01T10:00:00"},
        {"idNumber": "110105", "channel": "SMS", "at": "2026-05-01T10:00:00"},
    ],
    "Query.explanation.nodeId": _id("subject"),
    "Query.tag.code": lambda _: "walked",
    "Query.checkTag.rule": lambda _: "sex is known",
    "Mutation.defineTag.input": lambda world: _tag(world.another_tag()),
    "Mutation.changeTag.input": lambda _: _tag("walked", "degree(USES_PHONE) >= 0"),
    "Mutation.deleteTag.code": lambda world: world.deletable(),
    "Mutation.setTag.nodeId": _id("subject"),
    "Mutation.setTag.code": lambda _: "by_hand",
    "Mutation.setTag.value": lambda _: "letter",
    "Subject.tagHistory.code": lambda _: "walked",
    "Query.macroPortrait.rows": lambda _: "walked_woman",
    "Query.macroPortrait.columns": lambda _: "walked_told",
    "Query.countSegment.rule": lambda _: "sex is known",
    "Query.segment.code": lambda _: "walked_group",
    "Segment.difference.before": lambda _: 1,
    "Segment.difference.after": lambda _: 2,
    "Segment.reach.channel": lambda _: "SMS",
    "Segment.members.channel": lambda _: "SMS",
    "Mutation.defineSegment.input": lambda world: _segment(world.another_tag()),
    "Mutation.changeSegment.input": lambda _: _segment("walked_group", "degree(USES_PHONE) >= 0"),
    "Mutation.deleteSegment.code": lambda world: world.another_segment(),
    "Mutation.computeSegment.code": lambda _: "walked_group",
    "Mutation.assessApplication.input": lambda _: APPLICATION,
    "Mutation.assessApplication.idempotencyKey": lambda _: str(uuid4()),
}


@dataclass(frozen=True)
class Document:
    text: str
    variables: Mapping[str, Callable[[World], object]]
    places: tuple[Place, ...]

    def values(self, world: World) -> dict[str, object]:
        return {name: value(world) for name, value in self.variables.items()}


def fields_of(type_name: str) -> Mapping[str, GraphQLField]:
    kind = SCHEMA.type_map[type_name]
    assert isinstance(kind, GraphQLObjectType), (
        f"{type_name} is no object type: teach tests/api/schema_walk.py to reach it"
    )
    return kind.fields


def coordinates() -> tuple[Place, ...]:
    """Every field of every object type."""
    types = (name for name in SCHEMA.type_map if not name.startswith("__"))
    objects = (name for name in types if isinstance(SCHEMA.type_map[name], GraphQLObjectType))
    return tuple((name, field) for name in objects for field in fields_of(name))


def way_to(type_name: str, allowed: Allowed) -> tuple[Place, ...] | None:
    """The shortest chain of allowed fields from a root to a type; queries before mutations, one that was asked for by name before a list."""
    for root in ("Query", "Mutation"):
        waiting: deque[tuple[str, tuple[Place, ...]]] = deque([(root, ())])
        seen = {root}
        while len(waiting) > 0:
            here, way = waiting.popleft()
            if here == type_name:
                return way
            for name, declared in sorted(fields_of(here).items(), key=_is_listed):
                there = get_named_type(declared.type)
                if is_composite_type(there) and there.name not in seen and allowed(f"{here}.{name}"):
                    seen.add(there.name)
                    waiting.append((there.name, (*way, (here, name))))
    return None


def _is_listed(named: tuple[str, GraphQLField]) -> bool:
    return is_list_type(get_nullable_type(named[1].type))


def document_for(
    place: Place, allowed: Allowed = lambda _: True, *, form: str = "plain", given: Mapping[str, object] | None = None
) -> Document | None:
    """The smallest document that asks for a field by allowed fields only; None where there is none. `form`: how the field is asked for; `given`:
    values of arguments in place of their samples."""
    way = way_to(place[0], allowed)
    if way is None or not allowed(".".join(place)):
        return None
    places = (*way, place)
    root = places[0][0]
    declared: dict[str, str] = {}
    variables: dict[str, Callable[[World], object]] = {}
    text = ""
    for type_name, name in reversed(places):
        asked_for = fields_of(type_name)[name]
        asked = []
        for argument, kind in asked_for.args.items():
            coordinate = f"{type_name}.{name}.{argument}"
            sample = SAMPLES.get(coordinate)
            if given is not None and coordinate in given:
                sample = _always(given[coordinate])
            if sample is None:
                assert not is_required_argument(kind), (
                    f"no sample for {coordinate}: add one to SAMPLES in tests/api/schema_walk.py"
                )
                continue
            variable = f"v{len(variables)}"
            declared[variable], variables[variable] = str(kind.type), sample
            asked.append(f"{argument}: ${variable}")
        shown = name + (f"({', '.join(asked)})" if asked else "")
        if text:
            text = f"{shown} {{ {text} }}"
        else:
            inner = _inner(get_named_type(asked_for.type), allowed)
            if inner is None:
                return None
            leaf = shown + inner
            text = FORMS[form](leaf, type_name)
    heading = ", ".join(f"${name}: {kind}" for name, kind in declared.items())
    fragment = f" fragment hidden on {place[0]} {{ {leaf} }}" if form == "fragment" else ""
    return Document(f"{root.lower()} {f'({heading}) ' if heading else ''}{{ {text} }}{fragment}", variables, places)


def _inner(kind: GraphQLNamedType, allowed: Allowed) -> str | None:
    """What is asked of a field's own object: its name, where anything of it is open."""
    if not is_composite_type(kind):
        return ""
    return " { __typename }" if any(allowed(f"{kind.name}.{name}") for name in fields_of(kind.name)) else None


def _always(value: object) -> Callable[[World], object]:
    return lambda _: value


FORMS: Mapping[str, Callable[[str, str], str]] = {
    "plain": lambda leaf, _: leaf,
    "alias": lambda leaf, _: f"harmless: {leaf}",
    "inline": lambda leaf, kind: f"... on {kind} {{ {leaf} }}",
    "fragment": lambda _, __: "...hidden",
    "left out": lambda leaf, _: f"__typename ... @include(if: false) {{ {leaf} }}",
}


def reached(data: Any, places: tuple[Place, ...]) -> bool:
    """Whether the object that holds the last field was in the answer."""
    here = data
    for _, name in places[:-1]:
        here = here.get(name) if isinstance(here, dict) else None
        while isinstance(here, list):
            here = next((each for each in here if each not in (None, [])), None)
    return here is not None


def variations(place: Place, allowed: Allowed = lambda _: True) -> Iterator[Document]:
    """The document of a field once for every value of every argument of its own."""
    for argument, kind in fields_of(place[0])[place[1]].args.items():
        for value in values_of(kind):
            document = document_for(place, allowed, given={f"{place[0]}.{place[1]}.{argument}": value})
            if document is not None:
                yield document


def values_of(argument: GraphQLArgument) -> Iterator[object]:
    """Values that an argument takes, of each kind: what filters, sorts and counts is among them."""
    kind = get_nullable_type(argument.type)
    if is_list_type(kind):
        yield []
        return
    if isinstance(kind, GraphQLEnumType):
        yield from kind.values
    elif isinstance(kind, GraphQLInputObjectType):
        for name, inner in kind.fields.items():
            for value in values_of(GraphQLArgument(inner.type)):
                yield {name: value}
    else:
        yield from SCALARS[get_named_type(kind).name]


SCALARS: Mapping[str, tuple[object, ...]] = {
    "Int": (1, 2, 100),
    "Float": (0.0, 0.5, 1.0),
    "Boolean": (True, False),
    "Date": (reference_case.AS_OF.date().isoformat(), "2001-01-01"),
    "DateTime": (reference_case.AS_OF.isoformat(), "2001-01-01T00:00:00+00:00"),
    "ID": (RING_ID, "nobody"),
    "JSON": ({}, []),
    "String": ("D", "device_farm", RING_ID, "Customer"),
}

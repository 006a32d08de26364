"""GraphQL types of consent and contacts."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.context import local
from graph_model.services import consent
from graph_model.services.consent import Statement
from graph_model.services.consent_facts import GRANTED, REFUSED, SENT


@strawberry.enum(description="Through what people are contacted.")
class Channel(Enum):
    SMS = "sms"
    CALL = "call"
    EMAIL = "email"
    PUSH = "push"


@strawberry.input(
    description="That a customer agreed to a channel, or refused it. A refusal holds until a later agreement."
)
class ConsentInput:
    id_number: str
    channel: Channel
    granted: bool
    at: datetime

    def statement(self) -> Statement:
        return _statement(self.id_number, self.channel, GRANTED if self.granted else REFUSED, self.at)


@strawberry.input(description="That a message or call went to a customer; one that failed is kept and not counted.")
class ContactInput:
    id_number: str
    channel: Channel
    at: datetime
    sent: bool = True

    def statement(self) -> Statement:
        return _statement(self.id_number, self.channel, SENT if self.sent else "failed", self.at)


def _statement(id_number: str, channel: Channel, value: str, at: datetime) -> Statement:
    moment = local(at)
    assert moment is not None
    return Statement(id_number, channel.value, value, moment)


@strawberry.type(description="A statement of the list that was not kept; its place counts from 0.")
class RefusedStatement:
    index: int
    code: str
    message: str


@strawberry.type
class Recorded:
    new: int
    known: int = strawberry.field(description="What had been stated before.")
    refused: list[RefusedStatement]

    @classmethod
    def of(cls, done: consent.Recorded) -> "Recorded":
        return cls(new=done.new, known=done.known, refused=_refused(done.refused))


def _refused(refused: Sequence[consent.Refusal]) -> list[RefusedStatement]:
    return [RefusedStatement(index=each.index, code=each.code, message=each.message) for each in refused]


@strawberry.type(description="How a customer stands with one channel.")
class ChannelStanding:
    channel: Channel
    granted: bool | None = strawberry.field(description="Null for one who was never asked.")
    since: datetime | None
    source: str
    sent: int = strawberry.field(description="Contacts in the last `days`.")
    days: int
    too_often: bool

    @classmethod
    def of(cls, standing: consent.Standing) -> "ChannelStanding":
        return cls(
            channel=Channel(standing.channel),
            granted=standing.granted,
            since=standing.since,
            source=standing.source,
            sent=standing.sent,
            days=standing.days,
            too_often=standing.too_often,
        )

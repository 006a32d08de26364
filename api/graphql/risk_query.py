"""Queries of scores: by one identifier, and by many ID numbers at once. What a risk engine asks in the middle of an application."""

from datetime import datetime, timedelta

import strawberry

from api.errors import describe
from api.graphql.context import Info, local
from api.graphql.declare import resolver
from api.graphql.risk_types import ScoreAnswer, ScoreError, ScoreItem
from graph_model.errors import InvalidRequest, InvalidValue
from graph_model.services import risk


@strawberry.type
class RiskQuery:
    @resolver(
        "The last score of one identifier; give exactly one. `asOf` is strict: what had been seen, scored and recorded by then. "
        "Errors: score.which; id.length and the like; phone.malformed, phone.invalid, device.malformed, account.malformed, "
        "account.luhn, application.malformed. An identifier that is sound and unknown is an answer with `found: false`."
    )
    def score(
        self,
        info: Info,
        id_number: str | None = None,
        phone: str | None = None,
        device: str | None = None,
        bank_account: str | None = None,
        application: str | None = None,
        as_of: datetime | None = None,
    ) -> ScoreAnswer:
        asked = {
            "Customer": id_number,
            "Phone": phone,
            "Device": device,
            "BankAccount": bank_account,
            "Application": application,
        }
        given = [(label, text) for label, text in asked.items() if text is not None]
        if len(given) != 1:
            raise InvalidRequest(
                "Give exactly one of idNumber, phone, device, bankAccount and application.", code="score.which"
            )
        (label, text) = given[0]
        return ScoreAnswer.of(risk.score_by_key(_looker(info, as_of), label, text))

    @resolver(
        "The last scores of up to 200 customers, in the order asked; a wrong number is an error of its own item. "
        "Errors: scores.too_many, scores.none."
    )
    def scores(self, info: Info, id_numbers: list[str], as_of: datetime | None = None) -> list[ScoreItem]:
        found = risk.scores_by_id_number(_looker(info, as_of), id_numbers)
        return [
            ScoreItem(index=index, answer=None, error=_error(item))
            if isinstance(item, InvalidValue)
            else ScoreItem(index=index, answer=ScoreAnswer.of(item), error=None)
            for index, item in enumerate(found)
        ]


def _looker(info: Info, as_of: datetime | None) -> risk.Looker:
    context = info.context
    return risk.Looker(
        store=context.store,
        principal=context.principal,
        now=context.now,
        fresh=timedelta(hours=context.runtime.settings.score_fresh_hours),
        moment=local(as_of),
    )


def _error(refused: InvalidValue) -> ScoreError:
    described = describe(refused)
    return ScoreError(code=described.code, message=described.message)

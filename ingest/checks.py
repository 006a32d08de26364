"""Checks across the fields of a row: contradictions and impossible times. Each refuses a row with a stable reason, on the column to look at."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from graph_model.errors import InvalidValue
from graph_model.schema.property_types import LOCAL_ZONE
from ingest.cleaning import Named, Refusal, check_birth
from ingest.layout import RECORDED_AT, FileKind, NodeRows, RelationRows

TOLERANCE = timedelta(days=1)  # clocks differ
Values = Mapping[str, Sequence[Any]]  # column -> per row a clean value, or None
Finding = tuple[int, str, Refusal]  # row, column, why

_FUTURE_RECORD = Refusal(
    "time.recorded_in_future", "recorded_at lies in the future. Check the clock and the offset of the source system."
)
_FUTURE_EVENT = Refusal("time.event_in_future", "The moment lies in the future. Check the date and its offset.")
_BIRTH_CONTRADICTS = Refusal(
    "customer.birth_contradicts_id",
    "The birth date is not the one in the ID number. Correct one, or leave the birth date empty.",
)
_SEX_CONTRADICTS = Refusal(
    "customer.sex_contradicts_id", "The sex is not the one in the ID number. Correct one, or leave the sex empty."
)
_EXPIRED_BEFORE_BIRTH = Refusal("customer.expiry_before_birth", "The document expires before its holder was born.")
_EVENT_BEFORE_BIRTH = Refusal("time.before_birth", "The moment lies before the customer's birth.")
_SELF = Refusal("relation.self", "The relation begins and ends at the same customer.")


def check_rows(kind: FileKind, values: Values, rows: Sequence[int], now: datetime) -> Iterator[Finding]:
    """Findings about the given rows, all of whose fields are valid by themselves."""
    yield from _times(kind, values, rows, now)
    if isinstance(kind.rows, NodeRows) and kind.rows.label == "Customer":
        yield from _customers(kind.rows.key, kind.moment, values, rows, now.astimezone(LOCAL_ZONE).date())
    if isinstance(kind.rows, RelationRows):
        start, target = values[kind.rows.start], values[kind.rows.target]
        yield from ((row, kind.rows.target, _SELF) for row in rows if start[row].ref == target[row].ref)


def _times(kind: FileKind, values: Values, rows: Sequence[int], now: datetime) -> Iterator[Finding]:
    latest = now + TOLERANCE
    for column, refusal in ((RECORDED_AT, _FUTURE_RECORD), (kind.moment, _FUTURE_EVENT)):
        moments = values[column]
        yield from [(row, column, refusal) for row in rows if (moment := moments[row]) is not None and moment > latest]


def _customers(key: str, moment: str, values: Values, rows: Sequence[int], today: date) -> Iterator[Finding]:
    ids, births, sexes, expiries, moments = (values[c] for c in (key, "birth_date", "sex", "id_expiry_date", moment))
    for row in rows:
        named: Named = ids[row]
        sex, born = named.properties.get("sex"), named.properties.get("birth_date")
        if born is not None and births[row] is not None and births[row] != born:
            yield row, "birth_date", _BIRTH_CONTRADICTS
        if sex is not None and sexes[row] is not None and sexes[row] != sex:
            yield row, "sex", _SEX_CONTRADICTS
        birth = born if isinstance(born, date) else births[row]
        if birth is None:
            continue
        if born is None:
            try:
                check_birth(birth, today)
            except InvalidValue as exc:
                yield row, "birth_date", Refusal(exc.reason, exc.message)
                continue
        if expiries[row] is not None and expiries[row] < birth:
            yield row, "id_expiry_date", _EXPIRED_BEFORE_BIRTH
        if moments[row].astimezone(LOCAL_ZONE).date() < birth:
            yield row, moment, _EVENT_BEFORE_BIRTH

"""Dates in rules: days and years from a property to the base date, as conditions on the property itself, which stores can answer. Pure.

Days are those of the calendar here: what happened on the base date is 0 days since, whatever the hour. A year is full on its anniversary, and of
29 February on 1 March where the year has no such day.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum

from graph_model.predicates import AllOf, AnyOf, Compare, Operator, Predicate
from graph_model.schema import StorageKind
from graph_model.schema.property_types import LOCAL_ZONE


class Unit(StrEnum):
    DAYS_SINCE = "days_since"
    DAYS_UNTIL = "days_until"
    YEARS_SINCE = "years_since"


_MIRRORED = {
    Operator.LT: Operator.GT,
    Operator.LE: Operator.GE,
    Operator.GT: Operator.LT,
    Operator.GE: Operator.LE,
    Operator.EQ: Operator.EQ,
    Operator.NE: Operator.NE,
}
_MOST_DAYS = 36_500
_MOST_YEARS = 150


def since(name: str, kind: StorageKind, unit: Unit, operator: Operator, number: int, base: date) -> Predicate:
    """`days_since(name) operator number`, or of another unit."""
    days = timedelta(days=min(number, _MOST_DAYS))
    if unit is Unit.DAYS_SINCE:
        return on_days(name, kind, _MIRRORED[operator], base - days)
    if unit is Unit.DAYS_UNTIL:
        return on_days(name, kind, operator, base + days)
    reached = on_days(name, kind, Operator.LE, _years_before(base, number))
    not_reached = on_days(name, kind, Operator.GT, _years_before(base, number))
    exceeded = on_days(name, kind, Operator.LE, _years_before(base, number + 1))
    not_exceeded = on_days(name, kind, Operator.GT, _years_before(base, number + 1))
    match operator:
        case Operator.GE:
            return reached
        case Operator.GT:
            return exceeded
        case Operator.LE:
            return not_exceeded
        case Operator.LT:
            return not_reached
        case Operator.EQ:
            return AllOf((reached, not_exceeded))
        case Operator.NE:
            return AnyOf((not_reached, exceeded))


def on_days(name: str, kind: StorageKind, operator: Operator, day: date) -> Predicate:
    """The day of a property compares so with a day; a moment's day is the one on the calendar here."""
    if kind is StorageKind.DATE:
        return Compare(name, operator, day)
    begin, following = _midnight(day), _midnight(day + timedelta(days=1))
    match operator:
        case Operator.LT:
            return Compare(name, Operator.LT, begin)
        case Operator.GE:
            return Compare(name, Operator.GE, begin)
        case Operator.LE:
            return Compare(name, Operator.LT, following)
        case Operator.GT:
            return Compare(name, Operator.GE, following)
        case Operator.EQ:
            return AllOf((Compare(name, Operator.GE, begin), Compare(name, Operator.LT, following)))
        case Operator.NE:
            return AnyOf((Compare(name, Operator.LT, begin), Compare(name, Operator.GE, following)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), LOCAL_ZONE)


def _years_before(day: date, years: int) -> date:
    year = day.year - min(years, _MOST_YEARS)
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 2, 28)

"""The rule language: where a rule can't be read or makes no sense it says so, at the place; dates mean what a calendar means."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_model.errors import InvalidRequest
from graph_model.predicates import AllOf, AnyOf, Compare, Operator, Predicate
from graph_model.schema import StorageKind
from graph_model.schema.property_types import LOCAL_ZONE
from graph_model.services.tags.binding import Bound, bind, end_of
from graph_model.services.tags.definition import (
    ConsentClass,
    Reads,
    Schedule,
    TagDefinition,
    TagKind,
    ValueType,
)
from graph_model.services.tags.since import Unit, on_days, since

TODAY = date(2026, 3, 31)


def tag(code: str, value_type: ValueType = ValueType.BOOL, *, risk: bool = False) -> TagDefinition:
    return TagDefinition(
        code=code,
        version=1,
        name_zh="标签",
        name_en="tag",
        category="一级",
        subcategory="二级",
        label="Customer",
        kind=TagKind.RULE,
        value_type=value_type,
        consent=ConsentClass.RISK if risk else ConsentClass.MARKETING,
        schedule=Schedule.DAILY,
        owner="mei",
        changed_by="user:mei",
        changed_at=datetime(2026, 3, 1, tzinfo=UTC),
        rule="sex is known",
        reads=Reads(properties=("Customer.sex",), risk=risk),
    )


TAGS = {
    "vip": tag("vip"),
    "level": tag("level", ValueType.TEXT),
    "spent": tag("spent", ValueType.NUMBER),
    "renewal": tag("renewal", ValueType.DATE),
    "suspect": tag("suspect", risk=True),
}


def bound(rule: str, label: str = "Customer") -> Bound:
    return bind(rule, label, TODAY, tags=TAGS.get)


@pytest.mark.parametrize(
    ("rule", "code", "told"),
    [
        ("", "tag.syntax", "line 1, column 1"),
        ("degree(", "tag.syntax", "line 1, column 8. There could be: a name"),
        ("sex =\n  and", "tag.syntax", "line 2, column 3"),
        ("sex = 'female' or", "tag.syntax", "line 1, column 18"),
        ("first_seen > 2026-02-30", "tag.syntax", "not in the calendar"),
        ("sex = 'female" + "x" * 5000 + "'", "tag.syntax", "longer than"),
        (
            "educatoin = 'bachelor'",
            "tag.rule",
            "line 1, column 1: That is no property of Customer. Did you mean education?",
        ),
        ("years_since(birthdate) < 30", "tag.rule", "Did you mean birth_date?"),
        ("education = 'PhD student'", "tag.rule", "is none of"),
        ("education > 'bachelor'", "tag.rule", "by = or <>"),
        ("education = 3", "tag.rule", "a text"),
        ("first_seen > 3", "tag.rule", "a date"),
        (
            "degree(USE_PHONE) >= 3",
            "tag.rule",
            "line 1, column 8: That is no relationship type. Did you mean USES_PHONE?",
        ),
        ("degree(HUMAN_LINK) >= 1", "tag.rule", "no relationship type"),
        ("degree(USES_PHONE in) >= 1", "tag.rule", "line 1, column 8"),
        ("degree(USES_PHONE) >= 1.5", "tag.rule", "whole number"),
        ("degree(USES_PHONE) >= 'x'", "tag.rule", "whole number"),
        ("degree(USES_PHONE) >= 100000", "tag.rule", "0 to 1000"),
        ("shared(Application) >= 2", "tag.rule", "That is no shared identifier"),
        ("near(Customer within 3) ", "tag.rule", "1 to 2 hops"),
        ("near(Customer within 1 where shared(Device) >= 1)", "tag.rule", "can't lead on"),
        ("days_since(sex) > 3", "tag.rule", "sex is no date"),
        ("tag(vipp)", "tag.rule", "There is no tag vipp"),
        ("tag(level)", "tag.rule", "has values"),
        ("tag(vip) = 'yes'", "tag.rule", "write it alone"),
        ("tag(level) > 'gold'", "tag.rule", "no order"),
        ("tag(spent) = 'much'", "tag.rule", "holds a number"),
        ("when sex = 'female' then 1 else 'x'", "tag.rule", "all of one kind"),
        ("when sex = 'female' then true else false", "tag.rule", "condition alone"),
        ("id_number = '110101199003070000'", "tag.personal", "single people out"),
        ("name = '张伟'", "tag.personal", "single people out"),
        ("birth_date = 1990-03-07", "tag.personal", "Ask for years_since"),
        ("days_since(birth_date) = 13173", "tag.personal", "single people out"),
        ("degree(APPLIED to Application where application_id = 'A1') >= 1", "tag.personal", "single people out"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_at_its_place(rule: str, code: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        bound(rule)
    assert refused.value.code == code
    assert told in refused.value.message
    assert "110101199003070000" not in refused.value.message and "张伟" not in refused.value.message


def test_whoever_names_no_property_is_offered_nothing_of_risk_and_nothing_that_singles_people_out() -> None:
    for rule, inside in (
        ("phone = '13800000000'", "education"),
        ("degree(APPLIED to Application where zzzz = 1) >= 1", "amount"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            bound(rule)
        names = refused.value.message.partition("There are: ")[2].rstrip(".").split(", ")
        assert inside in names and "first_seen" in names
        assert not {"id_number", "name", "birth_date", "application_id", "score", "grade", "ring_id", "outcome"} & {
            *names
        }


@pytest.mark.parametrize(
    ("rule", "reads"),
    [
        ("education is known", ["Customer.education"]),
        ("shared(Device) >= 2 and degree(USES_PHONE) > 1", ["USES_PHONE", "Device"]),
        ("tag(vip) and tag(spent) >= 100 # 备注", ["tag spent", "tag vip"]),
        (
            "degree(APPLIED to Application where amount > 5 and days_since(applied_at) < 30) = 1",
            ["Application.amount", "Application.applied_at", "APPLIED"],
        ),
    ],
)
def test_a_rule_tells_what_it_reads_and_that_it_says_nothing_of_risk(rule: str, reads: list[str]) -> None:
    found = bound(rule).reads
    assert found.everything == reads and not found.risk


@pytest.mark.parametrize(
    "rule",
    [
        "score > 0.5",
        "grade in ('C', 'D')",
        "ring_id is known",
        "not (sex = 'female' and not (score is missing))",
        "blocklisted",
        "near(Phone within 1 where blocklisted)",
        "near(Customer within 2 where grade = 'D')",
        "degree(APPLIED to Application where outcome = 'refused') >= 1",
        "degree(REFERRED to Customer where score >= 0.9) >= 1",
        "tag(suspect)",
        "near(Customer within 1 where tag(suspect))",
        "when sex = 'female' then 'a' when tag(suspect) then 'b' else 'c'",
    ],
)
def test_whatever_says_something_of_risk_is_known_for_it_however_it_is_wrapped(rule: str) -> None:
    assert bound(rule).reads.risk


# --- dates -----------------------------------------------------------------------------------------------------------

HOLDS = {
    Operator.EQ: lambda a, b: a == b,
    Operator.NE: lambda a, b: a != b,
    Operator.LT: lambda a, b: a < b,
    Operator.LE: lambda a, b: a <= b,
    Operator.GT: lambda a, b: a > b,
    Operator.GE: lambda a, b: a >= b,
}


def holds(predicate: Predicate, value: date | datetime) -> bool:
    match predicate:
        case AllOf(parts):
            return all(holds(part, value) for part in parts)
        case AnyOf(parts):
            return any(holds(part, value) for part in parts)
        case Compare(_, operator, wanted):
            return HOLDS[operator](value, wanted)
    raise AssertionError(predicate)


def full_years(born: date, today: date) -> int:
    """As people count birthdays; that of 29 February is 1 March where there is none."""
    birthday = (born.month, born.day) if (born.month, born.day) != (2, 29) or _leap(today.year) else (3, 1)
    return today.year - born.year - ((today.month, today.day) < birthday)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


dates = st.dates(date(1930, 1, 1), date(2030, 12, 31)) | st.sampled_from(
    (date(2004, 2, 29), date(2004, 2, 28), date(2004, 3, 1), date(2024, 2, 29), date(2023, 2, 28), date(2023, 3, 1))
)
operators = st.sampled_from(tuple(Operator))


@given(value=dates, today=dates, operator=operators, number=st.integers(0, 60))
def test_years_are_counted_as_birthdays_are(value: date, today: date, operator: Operator, number: int) -> None:
    rule = since("x", StorageKind.DATE, Unit.YEARS_SINCE, operator, number, today)
    assert holds(rule, value) == HOLDS[operator](full_years(value, today), number)


@given(value=dates, today=dates, operator=operators, number=st.integers(0, 400), hour=st.integers(0, 23))
def test_days_are_those_of_the_calendar_here(
    value: date, today: date, operator: Operator, number: int, hour: int
) -> None:
    moment = datetime(value.year, value.month, value.day, hour, 59, 59, 999000, tzinfo=LOCAL_ZONE)
    past, ahead = (today - value).days, (value - today).days
    for kind, kept in ((StorageKind.DATE, value), (StorageKind.MOMENT, moment)):
        assert holds(since("x", kind, Unit.DAYS_SINCE, operator, number, today), kept) == HOLDS[operator](past, number)
        assert holds(since("x", kind, Unit.DAYS_UNTIL, operator, number, today), kept) == HOLDS[operator](ahead, number)
        assert holds(on_days("x", kind, operator, today), kept) == HOLDS[operator](value, today)


def test_a_rule_is_about_what_was_there_at_the_end_of_the_base_date() -> None:
    assert end_of(TODAY) == datetime(2026, 3, 31, 23, 59, 59, 999000, tzinfo=LOCAL_ZONE)
    assert end_of(TODAY) + timedelta(milliseconds=1) == datetime(2026, 4, 1, tzinfo=LOCAL_ZONE)

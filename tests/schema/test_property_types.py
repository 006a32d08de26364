"""Plain values: dates as spreadsheets write them, amounts with separators, choices in either language."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_model.errors import InvalidValue
from graph_model.schema import SCHEMA, PropertyType
from graph_model.schema.guanxi import ACCOUNT_ROLE, CARRIER, CHANNEL, EDUCATION, PRODUCT, STATUS
from graph_model.schema.property_types import LONG_TERM, Day, Flag, Moment, Money, PersonName, Text, Value, Whole
from graph_model.schema.text import compact, fold_key, tidy
from tests.schema.strategies import cleaned, spellings_of, texts

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)

GOOD = [
    *((CARRIER, text, "China Mobile") for text in ("China Mobile", "china mobile", "中国移动", " 中国移动 ")),
    (CARRIER, "MVNO  A", "MVNO A"),
    (PRODUCT, "现金贷", "cash_loan"),
    (PRODUCT, "Cash Loan", "cash_loan"),
    (PRODUCT, "boat_loan", "boat_loan"),
    (CHANNEL, "电话", "call"),
    (Day(), "2026-03-02", date(2026, 3, 2)),
    (Day(), "2026/3/2", date(2026, 3, 2)),
    (Day(), "2026.03.02", date(2026, 3, 2)),
    (Day(), "20260302", date(2026, 3, 2)),
    (Day(), "２０２６年３月２日", date(2026, 3, 2)),
    (Day(long_term=True), "长期", LONG_TERM),
    (Day(long_term=True), "Long-term", LONG_TERM),
    (Moment(), "2026-03-02T12:00:00+08:00", NOON),
    (Moment(), "2026-03-02T04:00:00Z", NOON),
    (Moment(), "2026-03-02 12:00:00", NOON),
    (Moment(), "2026/3/2 12:00", NOON),
    (Moment(), "2026年3月2日 12:00", NOON),
    (Moment(), "2026年3月2日12:00:00", NOON),
    (Moment(), "2026-03-02", datetime(2026, 3, 1, 16, 0, tzinfo=UTC)),
    *(
        (Moment(), text, datetime(2026, 3, 1, 16, 0, tzinfo=UTC))
        for text in ("2026/3/2", "2026-3-2", "2026.03.02", "2026年3月2日")
    ),
    (Moment(), "2026-03-02T12:00:00.123456+08:00", NOON.replace(microsecond=123000)),
    (Money(), "¥4,400.50", 4400.5),
    (Money(), "４４００元", 4400.0),
    (Money(), "1e3", 1000.0),
    (Whole(least=1), "1,200", 1200),
    (Flag(), "是", True),
    (Flag(), "N", False),
    (EDUCATION, "本科", "bachelor"),
    (EDUCATION, " High School ", "high"),
    (STATUS, "Lead-Left", "lead_left"),
    (ACCOUNT_ROLE, "PAY_OUT", "pay_out"),
    (PersonName(), "  张　伟 ", "张 伟"),
]
BAD = [
    (Day(), "2026-02-30", "date.malformed"),
    (Day(), "02/03/2026", "date.malformed"),
    (Day(), "长期", "date.malformed"),
    (Moment(), "soon", "moment.malformed"),
    (Moment(), "2026-03-12:30", "moment.malformed"),
    (Moment(), "1899-12-31T00:00:00", "moment.out_of_range"),
    (Money(), "0", "number.out_of_range"),
    (Money(), "0.001", "number.out_of_range"),
    (Money(), "-5", "number.out_of_range"),
    (Money(), "nan", "number.malformed"),
    (Money(), "4_400", "number.malformed"),
    (Money(), "a lot", "number.malformed"),
    (Whole(least=1), "0", "number.too_small"),
    (Whole(), "1_000", "number.malformed"),
    (Whole(), "1.5", "number.malformed"),
    (Whole(), "9" * 25, "number.too_large"),
    (Flag(), "perhaps", "flag.malformed"),
    (EDUCATION, "kindergarten", "choice.unknown"),
    (Text(), "\u200b ", "text.empty"),
    (Text(), "长" * 201, "text.too_long"),
]
TYPES = {repr(declared.type): declared.type for node in SCHEMA.nodes for declared in node.properties} | {
    repr(fact.value): fact.value for fact in SCHEMA.facts
}


@pytest.mark.parametrize(("property_type", "raw", "value"), GOOD, ids=lambda value: str(value)[:24])
def test_what_people_type_becomes_one_value(property_type: PropertyType, raw: str, value: Value) -> None:
    assert property_type.clean(raw) == value


@pytest.mark.parametrize(("property_type", "raw", "reason"), BAD, ids=lambda value: str(value)[:24])
def test_what_is_wrong_is_refused_with_a_stable_reason(property_type: PropertyType, raw: str, reason: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        property_type.clean(raw)
    assert refused.value.reason == reason


@given(st.data())
@pytest.mark.parametrize("property_type", TYPES.values(), ids=lambda t: t.name)
def test_cleaning_a_clean_value_changes_nothing(property_type: PropertyType, data: st.DataObject) -> None:
    value = cleaned(property_type, data.draw(spellings_of(property_type)))
    assert property_type.clean(str(value)) == value


@given(texts)
@pytest.mark.parametrize("fold", [tidy, compact, fold_key], ids=lambda f: f.__name__)
def test_folding_twice_is_folding_once(fold, raw: str) -> None:
    assert fold(fold(raw)) == fold(raw)


@given(texts)
def test_tidy_text_of_plain_letters_takes_the_same_way_as_any_other(raw: str) -> None:
    plain = "".join(c for c in raw if c.isascii() and c.isprintable())
    assert tidy(plain) == tidy(plain + "\u200b")


def test_names_and_birth_dates_are_masked() -> None:
    assert PersonName().mask("张伟") == "张*"
    assert PersonName().mask("欧阳小明") == "欧***"
    assert Day().mask(date(1990, 1, 7)) == "1990-**-**"
    assert Text().mask("anything") == "***"

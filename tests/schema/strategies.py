"""Texts and identifiers for property tests: made-up, and as strange as files are."""

from datetime import date

from hypothesis import reject
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from graph_model.errors import InvalidValue
from graph_model.schema import PropertyType, Value
from graph_model.schema.property_types import Choice

FULL_WIDTH = str.maketrans("0123456789Xx:.@-+", "０１２３４５６７８９Ｘｘ：．＠－＋")

# Whatever Unicode holds, text of identifiers, and what people type between letters.
texts = st.one_of(
    st.text(max_size=40),
    st.text("0123456789Xx+-() ０１２３４５６７８９Ｘ．", max_size=24),
    st.text("abzé\u0301\u1100\u1161İß0189:@._-# ，。：张李路号栋\u200b\u3000", max_size=40),
)


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    """A valid 18-digit ID: any kind of province, a day of 1920 to 2020, any order number."""
    province = draw(st.sampled_from(["11", "31", "44", "51", "65", "81", "83"]))
    born = draw(st.dates(min_value=date(1920, 1, 1), max_value=date(2020, 12, 31)))
    body = f"{province}{draw(st.integers(0, 9999)):04}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return body + ric.calc_check_digit(body + "0")


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A card number of 16 to 19 digits whose check digit holds."""
    body = draw(st.from_regex(r"[3-6][0-9]{14,17}", fullmatch=True))
    return body + str(luhn.calc_check_digit(body))


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
"""Eleven digits that look like a Chinese mobile number; most are one."""


ODD = st.sampled_from(
    ["\u200b", "\u3000", " ", "-", "—", "．", "İ", "ß", "é", "e\u0301", "\u1100\u1161", "¨", "٣", "ｘ", "_", "'", "，"]
)

_HOST = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]\.(com|cn|公司)", fullmatch=True)
_PLAIN = {
    "resident_id": st.one_of(resident_ids(), st.from_regex(r"(PASSPORT|OTHER|护照):[A-Z0-9/-]{3,9}", fullmatch=True)),
    "flag": st.sampled_from(["yes", "no", "是", "否", "TRUE", "false", "Y", "n", "0", "1"]),
    "phone": st.one_of(
        st.from_regex(r"raw:[+]?[0-9A-Za-z ()-]{5,30}", fullmatch=True),
        mobiles,
        st.from_regex(r"(\+86|0086 ?)?1[358][0-9]{9}|0(10|21|755)[2-8][0-9]{7}", fullmatch=True),
    ),
    "bank_account": st.one_of(cards(), st.from_regex(r"[A-Za-z0-9 -]{6,20}", fullmatch=True)),
    "email": st.builds("{}@{}".format, st.from_regex(r"[\w.]{1,12}", fullmatch=True), _HOST),
    "ip": st.ip_addresses().map(str),
    "device_id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9:_.-]{5,20}", fullmatch=True),
    "social_handle": st.from_regex(r"(WeChat|weibo|qq)[:：][\w.@-]{2,20}", fullmatch=True),
    "application_id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True),
    "day": st.one_of(st.dates().map(str), st.dates().map("{0.year}/{0.month}/{0.day}".format), st.just("长期")),
    "moment": st.one_of(
        st.datetimes().map(str),
        st.datetimes().map("{0:%Y-%m-%dT%H:%M:%S}+08:00".format),
        st.datetimes().map("{0.year}/{0.month}/{0.day} {0.hour}:{0.minute:02}".format),
    ),
    "money": st.from_regex(r"¥?[0-9]{1,6}(,[0-9]{3})?([.][0-9]{1,4})?(元|e[0-9])?", fullmatch=True),
    "whole": st.from_regex(r"[+-]?[0-9]{1,20}", fullmatch=True),
}


@st.composite
def spellings(draw: st.DrawFn, name: str, choices: tuple[str, ...] = ()) -> str:
    """Texts that mostly are values of the property type of that name: plain, in full width or small letters, or with something odd in between."""
    plain = draw(st.sampled_from(choices) if choices else _PLAIN.get(name, texts))
    match draw(st.integers(0, 3)):
        case 0:
            return plain.translate(FULL_WIDTH)
        case 1:
            return plain.lower()
        case 2:
            place = draw(st.integers(0, len(plain)))
            return plain[:place] + draw(ODD) + plain[place:]
    return plain


def spellings_of(property_type: PropertyType) -> st.SearchStrategy[str]:
    options = property_type.options if isinstance(property_type, Choice) else ()
    return spellings(property_type.name, tuple(text for option in options for text in option))


def cleaned(property_type: PropertyType, raw: str) -> Value:
    """The value of a text, or the example is put aside."""
    try:
        return property_type.clean(raw)
    except InvalidValue:
        reject()

"""What a clerk types is taken when it is right and refused with a stable reason when it is not; what is shown gives nobody away."""

from datetime import date

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from graph_model.errors import InvalidValue
from graph_model.schema import SCHEMA, PropertyType
from graph_model.schema.identifiers import (
    AccountNumber,
    AddressKey,
    ApplicationId,
    DeviceFingerprint,
    EmailAddress,
    EmployerKey,
    IpAddressText,
    PhoneNumber,
    ResidentId,
    SocialHandle,
    birth_date_of,
    is_raw_phone,
    sex_of,
)
from tests.schema.strategies import FULL_WIDTH, cards, cleaned, mobiles, resident_ids, spellings_of, texts

GOOD = [
    (ResidentId(), "11010519491231002X", "11010519491231002X"),
    (ResidentId(), "11010519491231002x", "11010519491231002X"),
    (ResidentId(), "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
    (ResidentId(), " 110105 19491231 002X ", "11010519491231002X"),
    (ResidentId(), "110105-19491231-002X", "11010519491231002X"),
    (ResidentId(), "\u200b11010519491231002X\ufeff", "11010519491231002X"),
    (ResidentId(), "passport：e1234567", "PASSPORT:E1234567"),
    (ResidentId(), "护照:E1234567", "PASSPORT:E1234567"),
    (ResidentId(), "OTHER:acc/1-2", "OTHER:ACC/1-2"),
    (PhoneNumber(), "13800138000", "+8613800138000"),
    (PhoneNumber(), "+86 138 0013 8000", "+8613800138000"),
    (PhoneNumber(), "１３８００１３８０００", "+8613800138000"),
    (PhoneNumber(), "138—0013—8000", "+8613800138000"),
    (PhoneNumber(), "0086 13800138000", "+8613800138000"),
    (PhoneNumber(), "（010）62345678", "+861062345678"),
    (PhoneNumber(), "+852 9123 4567", "+85291234567"),
    (PhoneNumber(), "raw:+44 (0)1621-5004", "raw:+44016215004"),
    (PhoneNumber(), "RAW：１２３４５６７８９０１", "raw:12345678901"),
    (PhoneNumber(), "raw:138 0013 8000", "+8613800138000"),
    (PhoneNumber(), "raw:010-62345678 ext. 12", "raw:01062345678ext12"),
    (AccountNumber(), "4111-1111-1111-1111", "4111111111111111"),
    (AccountNumber(), "４１１１ １１１１ １１１１ １１１１", "4111111111111111"),
    (AccountNumber(), "de89370400440532013000", "DE89370400440532013000"),
    (EmailAddress(), "Li.Ming@Example.COM", "li.ming@example.com"),
    (EmailAddress(), "ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "li@example.com"),
    (IpAddressText(), "１０．０．０．１", "10.0.0.1"),
    (IpAddressText(), "2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    (DeviceFingerprint(), "AND-259D3E31167A5AD9", "and-259d3e31167a5ad9"),
    (SocialHandle(), "WeChat：XiaoMing88", "wechat:xiaoming88"),
    (AddressKey(), "北京市 朝阳区，建国路８８号", "北京市朝阳区建国路88号"),
    (AddressKey(), "No. 88, Jianguo Rd.", "no88jianguord"),
    (EmployerKey(), "北京（华信）有限公司", "北京华信有限公司"),
    (ApplicationId(), "Ａ００００１", "A00001"),
]

BAD = [
    (ResidentId(), "110105194912310021", "id.checksum"),
    (ResidentId(), "1101051949123100", "id.length"),
    (ResidentId(), "11010519491231002X0", "id.length"),
    (ResidentId(), "1101051949123I002X", "id.malformed"),
    (ResidentId(), "١١٠١٠٥١٩٤٩١٢٣١٠٠٢٣", "id.malformed"),
    (ResidentId(), "", "id.malformed"),
    (ResidentId(), "LICENCE:12345", "id.document_type"),
    (ResidentId(), "PASSPORT:1", "id.malformed"),
    (PhoneNumber(), "no phone", "phone.malformed"),
    (PhoneNumber(), "12345678901", "phone.invalid"),
    (PhoneNumber(), "raw:", "phone.malformed"),
    (PhoneNumber(), "raw:none", "phone.malformed"),
    (PhoneNumber(), "raw:1234", "phone.malformed"),
    (PhoneNumber(), "raw:" + "1" * 41, "phone.malformed"),
    (PhoneNumber(), "1380013800", "phone.invalid"),
    (PhoneNumber(), "010-62345678 ext. 12", "phone.invalid"),
    (AccountNumber(), "4111111111111112", "account.luhn"),
    (AccountNumber(), "12", "account.malformed"),
    (AccountNumber(), "账号", "account.malformed"),
    (EmailAddress(), "li.example.com", "email.malformed"),
    (EmailAddress(), "li@@example.com", "email.malformed"),
    (EmailAddress(), "li@example..com", "email.malformed"),
    (IpAddressText(), "10.0.0.256", "ip.malformed"),
    (IpAddressText(), "localhost", "ip.malformed"),
    (DeviceFingerprint(), "abc", "device.malformed"),
    (SocialHandle(), "xiaoming88", "social.malformed"),
    (AddressKey(), "，。", "text.too_short"),
    (AddressKey(), "路" * 201, "text.too_long"),
    (ApplicationId(), "申请1", "application.malformed"),
]

TYPES = [node.key.type for node in SCHEMA.nodes]


def with_check_digit(body: str) -> str:
    return body + ric.calc_check_digit(body + "0")


def reason_of(property_type: PropertyType, raw: str) -> str:
    with pytest.raises(InvalidValue) as refused:
        property_type.clean(raw)
    return refused.value.reason


@pytest.mark.parametrize(("property_type", "raw", "clean"), GOOD, ids=lambda value: str(value)[:24])
def test_what_people_type_becomes_one_value(property_type: PropertyType, raw: str, clean: str) -> None:
    assert property_type.clean(raw) == clean


@pytest.mark.parametrize(("property_type", "raw", "reason"), BAD, ids=lambda value: str(value)[:24])
def test_what_is_wrong_is_refused_with_a_stable_reason(property_type: PropertyType, raw: str, reason: str) -> None:
    assert reason_of(property_type, raw) == reason


@pytest.mark.parametrize(("property_type", "raw", "reason"), BAD, ids=lambda value: str(value)[:24])
def test_a_refusal_does_not_repeat_the_value(property_type: PropertyType, raw: str, reason: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        property_type.clean(raw)
    assert len(raw) < 9 or raw not in refused.value.message


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("11022119600101123", "born in 1960 in a county that got its code in 1982"),
        ("31011519700101123", "born in 1970, the district was founded in 1992"),
        ("44999919900101123", "a county that the library does not list"),
        ("83000019900101123", "a Taiwan resident's permit"),
    ],
)
def test_the_id_of_a_living_person_is_taken_whatever_became_of_the_county(body: str, why: str) -> None:
    assert ResidentId().clean(with_check_digit(body)) == with_check_digit(body), why


@pytest.mark.parametrize("body", ["11010519490231002", "11010519491331002", "00010519491231002", "99010519491231002"])
def test_an_id_without_a_real_birth_date_or_province_is_refused(body: str) -> None:
    assert reason_of(ResidentId(), with_check_digit(body)) == "id.component"


def test_the_id_says_birth_date_and_sex() -> None:
    assert birth_date_of("11010519491231002X") == date(1949, 12, 31)
    assert sex_of("11010519491231002X") == "female"
    assert sex_of(with_check_digit("11010519491231003")) == "male"
    assert birth_date_of("PASSPORT:E1234567") is None
    assert sex_of("PASSPORT:E1234567") is None


@given(st.data())
@pytest.mark.parametrize("property_type", TYPES, ids=lambda t: t.name)
def test_cleaning_a_clean_value_changes_nothing(property_type: PropertyType, data: st.DataObject) -> None:
    clean = cleaned(property_type, data.draw(spellings_of(property_type)))
    assert property_type.clean(str(clean)) == clean


@given(resident_ids())
def test_an_id_may_come_in_full_width_with_a_small_x(id_number: str) -> None:
    assert ResidentId().clean(id_number.lower().translate(FULL_WIDTH)) == id_number


@given(resident_ids(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_in_an_id_is_always_found(id_number: str, place: int, by: int) -> None:
    wrong = str((int(id_number[place]) + by) % 10)
    assert reason_of(ResidentId(), id_number[:place] + wrong + id_number[place + 1 :]) in (
        "id.checksum",
        "id.component",
    )


@given(resident_ids())
def test_our_id_numbers_are_those_of_the_library_but_for_the_county(id_number: str) -> None:
    assert ResidentId().clean(id_number) == id_number
    assert ric.calc_check_digit(id_number) == id_number[-1]
    assert birth_date_of(id_number) == ric.get_birth_date(id_number)


def by_the_library(text: str) -> str | None:
    number = phonenumbers.parse(text, "CN")
    valid = number.extension is None and phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None


@given(mobiles, st.sampled_from(["", "+86"]))
@example("17900138000", "")
@example("17401234567", "")
@example("16101234567", "+86")
def test_the_short_way_for_mobile_numbers_agrees_with_the_library(mobile: str, prefix: str) -> None:
    try:
        ours = PhoneNumber().clean(prefix + mobile)
    except InvalidValue:
        ours = None
    assert ours == by_the_library(prefix + mobile)


def test_every_mobile_prefix_agrees_with_the_library() -> None:
    phone = PhoneNumber()
    for head in range(1300, 2000):
        text = f"{head}1234567"
        expected = by_the_library(text)
        if expected is None:
            assert reason_of(phone, text) == "phone.invalid"
        else:
            assert phone.clean(text) == expected


@given(st.from_regex(r"[3-6][0-9]{15,18}", fullmatch=True))
def test_the_short_way_for_cards_agrees_with_the_library(card: str) -> None:
    try:
        taken = AccountNumber().clean(card) == card
    except InvalidValue as exc:
        assert exc.reason == "account.luhn"
        taken = False
    assert taken == luhn.is_valid(card)


@given(texts)
def test_a_number_that_is_kept_raw_has_one_key_however_it_comes(text: str) -> None:
    phone = PhoneNumber()
    try:
        (key,) = phone.keys(text)
    except InvalidValue:
        return
    assert phone.clean(key) == key
    assert phone.clean(f"raw:{text}") == key or not is_raw_phone(key)
    assert phone.keys(key.removeprefix("raw:")) == (key,)


def hidden(mask: str, value: str, first: int, last: int) -> bool:
    """Whether the value's characters from `first` to `last` are covered."""
    return value[first:last] not in mask and "*" in mask


@given(resident_ids())
def test_a_masked_id_shows_neither_birth_date_nor_county(id_number: str) -> None:
    mask = ResidentId().mask(id_number)
    assert mask == id_number[:3] + "*" * 11 + id_number[14:]
    assert len(mask) == len(id_number)


@given(mobiles)
def test_a_masked_phone_lacks_its_middle(mobile: str) -> None:
    assert PhoneNumber().mask(f"+86{mobile}") == f"{mobile[:3]}****{mobile[-4:]}"


@given(cards())
def test_a_masked_card_shows_its_last_four_digits_only(card: str) -> None:
    assert AccountNumber().mask(card) == f"**** **** {card[-4:]}"


@pytest.mark.parametrize(
    ("property_type", "value", "mask"),
    [
        (ResidentId(), "PASSPORT:E1234567", "PASSPORT:E******7"),
        (PhoneNumber(), "+85291234567", "+85****4567"),
        (PhoneNumber(), "raw:+119554819687", "raw:+11****9687"),
        (PhoneNumber(), "raw:12345", "raw:****"),
        (AccountNumber(), "ACC123", "**** **** 23"),
        (EmailAddress(), "li.ming@example.com", "l***@example.com"),
        (IpAddressText(), "100.91.233.235", "100.91.*.*"),
        (IpAddressText(), "2001:db8::1", "2001:****"),
        (DeviceFingerprint(), "and-259d3e31167a5ad9", "and***ad9"),
        (DeviceFingerprint(), "abc123", "a***3"),
        (SocialHandle(), "wechat:xiaoming88", "wechat:x***"),
        (AddressKey(), "湖南省常德市鼎城区柳林北路4号", "湖南省常德市***"),
        (AddressKey(), "幸福路3号", "幸福***"),
        (EmployerKey(), "北京华信有限公司", "北京华信有限公司"),
        (ApplicationId(), "A00001", "A00001"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_masks_are_what_an_investigator_knows_them_by(property_type: PropertyType, value: str, mask: str) -> None:
    assert property_type.clean(value) == value
    assert property_type.mask(value) == mask


@given(st.data())
@pytest.mark.parametrize(
    "property_type", [node.key.type for node in SCHEMA.nodes if node.key.personal], ids=lambda t: t.name
)
def test_no_mask_of_a_personal_value_shows_it_whole(property_type: PropertyType, data: st.DataObject) -> None:
    value = str(cleaned(property_type, data.draw(spellings_of(property_type))))
    assert value not in property_type.mask(value)

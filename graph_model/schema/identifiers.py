"""Identifier types: the values by which people, phones, devices, cards and places are known. Cleaned, checked, masked.

Full-width digits, stray spaces and a trailing lower-case `x` are daily life here, so every type folds before it checks.
Masks keep what an investigator needs to recognise a value and nothing that identifies a person.
"""

import ipaddress
import re
from datetime import date
from functools import cache
from typing import ClassVar

import phonenumbers
from stdnum import numdb
from stdnum.cn import ric

from graph_model.errors import InvalidValue
from graph_model.schema.property_types import PropertyType, Value
from graph_model.schema.text import compact, fold_key, tidy

DOCUMENT_TYPES: tuple[tuple[str, str, str], ...] = (
    ("PASSPORT", "护照", "passport"),
    ("HKMO", "港澳居民证件", "Hong Kong or Macao permit"),
    ("TW", "台湾居民证件", "Taiwan permit"),
    ("FOREIGN", "外国人永久居留证", "foreign permanent residence"),
    ("OTHER", "其他证件", "other document"),
)
_DOCUMENT_CODES = frozenset(code for code, _, _ in DOCUMENT_TYPES)
_DOCUMENT_CAPTIONS = {zh: code for code, zh, _ in DOCUMENT_TYPES}
_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]")
_TAIWAN_RESIDENTS = (
    "83"  # residence permits given out on the mainland since 2018, which the library's list of places lacks
)
_DOCUMENT_NUMBER = re.compile(r"[A-Z0-9/\-]{3,40}")
_CARD = re.compile(r"[3-6][0-9]{15,18}")
_SINGLE = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes(sum(divmod(2 * digit, 10)) for digit in range(10)))
_ACCOUNT = re.compile(r"[A-Z0-9]{6,34}")
_DEVICE = re.compile(r"[a-z0-9][a-z0-9:_.\-]{5,127}")
_EMAIL = re.compile(r"[^@\s]{1,64}@(?:[\w](?:[\w\-]{0,61}[\w])?\.)+[\w\-]{2,63}")
_HANDLE = re.compile(r"[a-z]{2,20}:[\w.\-@]{2,64}")
_APPLICATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


class ResidentId(PropertyType):
    """A document number: an 18-digit resident ID (GB 11643), or `TYPE:number` for another document.

    Of the place only the province is checked. The county in an ID is that of the day the number was given out, often decades after the birth, so
    `stdnum.cn.ric.validate`, which looks for the county in the year of birth, refuses many living people; newer counties it does not know at all.
    """

    name: ClassVar[str] = "resident_id"

    def clean(self, raw: str) -> str:
        text = compact(raw).upper()
        if ":" in text:
            return self._other_document(text)
        text = text.replace("-", "")
        if not _RESIDENT_ID.fullmatch(text):
            if re.fullmatch(r"[0-9]{1,17}X?", text) or len(text) > 18:
                raise InvalidValue("id.length", "An ID number has 18 characters.")
            raise InvalidValue("id.malformed", "An ID number has 17 digits and a digit or X.")
        if ric.calc_check_digit(text) != text[-1]:
            raise InvalidValue("id.checksum", "The check digit of the ID number is wrong. Check for a typing mistake.")
        if text[:2] not in _provinces():
            raise InvalidValue("id.component", "The ID number holds no valid birth date or place.")
        try:
            date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
        except ValueError as exc:
            raise InvalidValue("id.component", "The ID number holds no valid birth date or place.") from exc
        return text

    @staticmethod
    def _other_document(text: str) -> str:
        kind, _, number = text.partition(":")
        kind = _DOCUMENT_CAPTIONS.get(kind, kind)
        if kind not in _DOCUMENT_CODES:
            raise InvalidValue(
                "id.document_type", f"The document type is none of: {', '.join(sorted(_DOCUMENT_CODES))}."
            )
        if not _DOCUMENT_NUMBER.fullmatch(number):
            raise InvalidValue("id.malformed", "The document number has 3 to 40 letters or digits.")
        return f"{kind}:{number}"

    def mask(self, value: Value) -> str:
        text = str(value)
        kind, colon, number = text.rpartition(":")
        if colon:
            return f"{kind}:{number[:1]}{'*' * 6}{number[-1:]}"
        return f"{text[:3]}{'*' * 11}{text[-4:]}"


@cache
def _provinces() -> frozenset[str]:
    """The first two digits of a resident ID, from the library's list of places."""
    places = numdb.get("cn/loc")
    codes = (f"{code:02}" for code in range(100))
    return frozenset(c for c in codes if any(facts for _, facts in places.info(f"{c}0000"))) | {_TAIWAN_RESIDENTS}


def birth_date_of(id_number: str) -> date | None:
    """The birth date in a clean resident ID; None for other documents."""
    return None if ":" in id_number else date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def sex_of(id_number: str) -> str | None:
    """`female` or `male` from a clean resident ID; None for other documents."""
    if ":" in id_number:
        return None
    return "male" if int(id_number[16]) % 2 == 1 else "female"


def _chinese_mobile() -> re.Pattern[str]:
    """What the library holds to be a Chinese mobile number and that no prefix for dialling can be taken from; nothing, should it hold none."""
    china = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    mobile = china and china.mobile and china.mobile.national_number_pattern
    if china is None or not mobile:
        return re.compile(r"(?!)")
    return re.compile(rf"(?:\+86)?(?!{china.national_prefix_for_parsing or '(?!)'})(?:{mobile})", re.ASCII)


_CHINESE_MOBILE = _chinese_mobile()


RAW_PHONE = "raw:"
_RAW_LENGTH = range(5, 41)


class PhoneNumber(PropertyType):
    """A phone number in E.164; without a country code it is read as Chinese.

    `raw:` before a text keeps it although it is no such number, as files of other people have them: letters, digits and a leading + of it, five digits
    at least. Nothing is kept that way that is a valid number, so that one number has one key.
    """

    name: ClassVar[str] = "phone"

    def clean(self, raw: str) -> str:
        text = tidy(raw)
        if text[: len(RAW_PHONE)].casefold() == RAW_PHONE:
            return self._kept(text[len(RAW_PHONE) :])
        return self._e164(text)

    def keys(self, raw: str) -> tuple[str, ...]:
        try:
            return (self.clean(raw),)
        except InvalidValue:
            return (self._kept(raw),)

    def _kept(self, text: str) -> str:
        folded = f"{'+' if compact(text).startswith('+') else ''}{fold_key(text)}"
        if len(folded) not in _RAW_LENGTH or sum(map(str.isdigit, folded)) < _RAW_LENGTH.start:
            raise InvalidValue("phone.malformed", "The value is no phone number.")
        try:
            return self._e164(folded)
        except InvalidValue:
            return f"{RAW_PHONE}{folded}"

    @staticmethod
    def _e164(text: str) -> str:
        if _CHINESE_MOBILE.fullmatch(
            text
        ):  # nearly every number here; what follows gives the same, thirty times slower
            return text if text[0] == "+" else f"+86{text}"
        try:
            number = phonenumbers.parse(text, "CN")
        except phonenumbers.NumberParseException as exc:
            raise InvalidValue("phone.malformed", "The value is no phone number.") from exc
        if number.extension is not None or not phonenumbers.is_valid_number(number):
            raise InvalidValue(
                "phone.invalid", "No such phone number can exist. Check the digits and the country code."
            )
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def mask(self, value: Value) -> str:
        text = str(value).removeprefix("+86")
        if is_raw_phone(text):
            number = text[len(RAW_PHONE) :]
            return f"{RAW_PHONE}{self.mask(number) if len(number) >= 8 else '****'}"
        return f"{text[:3]}****{text[-4:]}" if len(text) >= 9 else f"{text[:2]}****{text[-2:]}"

    def caption(self, value: Value) -> str:
        return str(value).removeprefix("+86")


def is_raw_phone(key: str) -> bool:
    """Whether a clean phone is a text that was kept although it is no valid number."""
    return key.startswith(RAW_PHONE)


def _luhn_holds(digits: str) -> bool:
    """`stdnum.luhn.is_valid` for a text of ASCII digits, without its cleaning: cards are most of the accounts of a file."""
    text = digits.encode()
    return (sum(text[-1::-2].translate(_SINGLE)) + sum(text[-2::-2].translate(_DOUBLED))) % 10 == 0


class AccountNumber(PropertyType):
    """A bank card (16 to 19 digits beginning with 3 to 6: Luhn) or another account number of 6 to 34 letters and digits."""

    name: ClassVar[str] = "bank_account"

    def clean(self, raw: str) -> str:
        text = compact(raw).replace("-", "").upper()
        if not _ACCOUNT.fullmatch(text):
            raise InvalidValue("account.malformed", "An account number has 6 to 34 letters or digits.")
        if _CARD.fullmatch(text) and not _luhn_holds(text):
            raise InvalidValue(
                "account.luhn", "The check digit of the card number is wrong. Check for a typing mistake."
            )
        return text

    def mask(self, value: Value) -> str:
        text = str(value)
        return f"**** **** {text[-4:] if len(text) >= 12 else text[-2:]}"

    def caption(self, value: Value) -> str:
        text = str(value)
        return " ".join(text[i : i + 4] for i in range(0, len(text), 4)) if text.isdigit() else text


class EmailAddress(PropertyType):
    name: ClassVar[str] = "email"

    def clean(self, raw: str) -> str:
        text = compact(raw).casefold()
        if not _EMAIL.fullmatch(text) or ".." in text or len(text) > 254:
            raise InvalidValue("email.malformed", "The value is no e-mail address.")
        return text

    def mask(self, value: Value) -> str:
        local, _, domain = str(value).partition("@")
        return f"{local[:1]}***@{domain}"


class IpAddressText(PropertyType):
    name: ClassVar[str] = "ip"

    def clean(self, raw: str) -> str:
        try:
            return ipaddress.ip_address(compact(raw)).compressed
        except ValueError as exc:
            raise InvalidValue("ip.malformed", "The value is no IP address.") from exc

    def mask(self, value: Value) -> str:
        text = str(value)
        return f"{text.rsplit('.', 2)[0]}.*.*" if "." in text else f"{text.split(':')[0]}:****"


class DeviceFingerprint(PropertyType):
    name: ClassVar[str] = "device_id"

    def clean(self, raw: str) -> str:
        text = compact(raw).casefold()
        if not _DEVICE.fullmatch(text):
            raise InvalidValue("device.malformed", "A device id has 6 to 128 letters, digits or any of : _ . -")
        return text

    def mask(self, value: Value) -> str:
        text = str(value)
        shown = min(3, len(text) // 4)
        return f"{text[:shown]}***{text[-shown:]}"


class SocialHandle(PropertyType):
    """`platform:handle`, such as `wechat:xiaoming88`."""

    name: ClassVar[str] = "social_handle"

    def clean(self, raw: str) -> str:
        text = compact(raw).casefold()
        if not _HANDLE.fullmatch(text):
            raise InvalidValue("social.malformed", "A social account is written platform:handle.")
        return text

    def mask(self, value: Value) -> str:
        platform, _, handle = str(value).partition(":")
        return f"{platform}:{handle[:1]}***"


class FoldedKey(PropertyType):
    """The comparison form of an address or of a firm's name; two spellings of one place share it."""

    name: ClassVar[str] = "folded_key"

    def clean(self, raw: str) -> str:
        key = fold_key(raw)
        if len(key) < 2:
            raise InvalidValue("text.too_short", "The text has fewer than two letters or characters.")
        if len(key) > 200:
            raise InvalidValue("text.too_long", "The text is longer than 200 characters.")
        return key


class AddressKey(FoldedKey):
    """Masked to its first six characters (half of a short one): the province and city, not the door."""

    name: ClassVar[str] = "address"

    def mask(self, value: Value) -> str:
        text = str(value)
        return f"{text[: min(6, len(text) // 2)]}***"


class EmployerKey(FoldedKey):
    """A firm is no person: shown to whoever may see the graph."""

    name: ClassVar[str] = "employer"

    def mask(self, value: Value) -> str:
        return str(value)


class ApplicationId(PropertyType):
    """The lender's own number of an application. It names no person."""

    name: ClassVar[str] = "application_id"

    def clean(self, raw: str) -> str:
        text = compact(raw)
        if not _APPLICATION.fullmatch(text):
            raise InvalidValue("application.malformed", "An application id has 1 to 64 letters, digits or any of _ . -")
        return text

    def mask(self, value: Value) -> str:
        return str(value)

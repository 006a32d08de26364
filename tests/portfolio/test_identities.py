"""Made-up people are valid on paper: ID numbers, phones, cards, addresses of the internet that belong to nobody."""

import ipaddress
from datetime import date

import phonenumbers
import polars as pl
import pytest
from stdnum import luhn
from stdnum.cn import ric

from graph_model.schema.identifiers import birth_date_of, sex_of
from graph_model.schema.text import fold_key
from ingest.portfolio.regions import load_regions
from tests.portfolio.measures import Files

RESERVED = [
    ipaddress.ip_network(net)
    for net in ("100.64.0.0/10", "198.18.0.0/15", "203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8")
]


def distinct(files: Files, *places: tuple[str, str]) -> list[str]:
    return pl.concat([getattr(files, table)[column] for table, column in places]).drop_nulls().unique().sort().to_list()


def test_every_id_number_is_valid_and_borne_by_one_customer(large: Files) -> None:
    ids = large.true_customers["id_number"].to_list()
    assert len(set(ids)) == len(ids) == 20_000
    assert all(ric.is_valid(number) for number in ids)


def test_id_numbers_come_from_all_31_provinces(large: Files) -> None:
    assert large.true_customers["id_number"].str.slice(0, 2).n_unique() == 31


def test_births_span_1960_to_2007_and_everybody_applies_as_an_adult(large: Files) -> None:
    born = {number: birth_date_of(number) for number in large.true_customers["id_number"]}
    assert {1960, 2007} <= {day.year for day in born.values()} <= set(range(1960, 2008))
    first = large.applications.group_by("id_number").agg(pl.col("applied_at").min().str.slice(0, 10))
    for number, applied in first.iter_rows():
        day = date.fromisoformat(applied)
        assert (day.year - 18, day.month, day.day) >= (born[number].year, born[number].month, born[number].day)


def test_both_sexes_borrow_and_couples_are_married(large: Files) -> None:
    women = sum(sex_of(number) == "female" for number in large.true_customers["id_number"])
    assert 0.38 < women / 20_000 < 0.50


def test_every_phone_is_a_valid_e164_number(small: Files) -> None:
    contacts = small.relations.filter(pl.col("relation") == "EMERGENCY_CONTACT")["target"].to_list()
    for text in {*distinct(small, ("customers", "phone"), ("applications", "phone")), *contacts}:
        number = phonenumbers.parse(text)
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == text


def test_every_card_passes_luhn_and_begins_with_62(large: Files) -> None:
    cards = distinct(large, ("customers", "bank_account"), ("applications", "payout_account"))
    assert all(len(card) == 19 and card.startswith("62") and luhn.is_valid(card) for card in cards)


def test_every_ip_address_lies_in_a_reserved_range(large: Files) -> None:
    for text in distinct(large, ("applications", "ip")):
        ip = ipaddress.ip_address(text)
        assert ip.compressed == text
        assert any(ip in net for net in RESERVED)


def test_every_mail_address_is_of_a_reserved_example_domain(large: Files) -> None:
    for text in distinct(large, ("customers", "email")):
        assert text.rpartition("@")[2].removeprefix("mail.").removeprefix("post.").removeprefix("work.") in (
            "example.com", "example.net", "example.org",
        )  # fmt: skip


def test_some_addresses_are_typed_in_another_spelling_and_fold_to_the_same_place(large: Files) -> None:
    homes = large.customers["home_address"].drop_nulls()
    written, folded = homes.n_unique(), len({fold_key(text) for text in homes})
    assert folded < written
    assert any("１" in text for text in homes)
    assert any(" " in text for text in homes)


@pytest.mark.parametrize("year", range(1960, 2008))
def test_each_birth_year_has_codes_in_use_everywhere_they_were(year: int) -> None:
    regions = load_regions()
    usable = (regions.valid_from <= year) & (year <= regions.valid_until)
    for code in regions.code[usable]:
        body = f"{code}{year}0615001"
        assert ric.is_valid(body + ric.calc_check_digit(body + "0")), code
    provinces = len(set(regions.province[usable].tolist()))
    assert provinces == (
        31 if year >= 1997 else 30 if year >= 1988 else 29
    )  # Hainan is one from 1988, Chongqing from 1997

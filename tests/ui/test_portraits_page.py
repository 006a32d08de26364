"""Macro portraits on screen: two tags become a heat table, what isn't told is marked and said, and a cell leads to a segment of those in it."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import investigating
from tests.ui.conftest import ReferenceProduct
from tests.ui.fake_api import TOKEN, FakeApi, Json
from tests.ui.marketing_answers import MARKETER, tag, with_tags
from tests.ui.test_accessibility import serious

pytestmark = pytest.mark.browser

AGES, PEOPLE = ("18-24", "25-34", "35-49", "50+"), 4_000
# By age: those who refer others, and those who don't; None is not told.
COUNTS: tuple[tuple[int | None, int | None], ...] = ((150, 450), (420, 980), (130, 1_270), (None, None))
TOTALS, OF_COLUMNS = (600, 1_400, 1_400, 600), (705, 3_295)


def category(kind: str, value: str, rule: str, total: int) -> Json:
    return {"kind": kind, "value": value, "rule": rule, "total": total}


def cell(count: int | None, row: int, column: int) -> Json:
    if count is None:
        return dict.fromkeys(("count", "rowShare", "columnShare", "share", "lift"))
    return {
        "count": count, "rowShare": count / row, "columnShare": count / column, "share": count / PEOPLE,
        "lift": count * PEOPLE / (row * column),
    }  # fmt: skip


def macro(variables: Json) -> Json:
    """What the API says of ages by who refers others, or by products."""
    by_product = variables["by"] == "PRODUCT"
    columns = [
        category("VALUE", "true", "tag(referrer)", OF_COLUMNS[0]),
        category("MISSING", "", "not tag(referrer)", OF_COLUMNS[1]),
    ]
    if by_product:
        columns = [category("VALUE", name, f'degree(APPLIED to Application where product = "{name}") >= 1', total)
                   for name, total in zip(("cash_loan", "new_loan"), OF_COLUMNS, strict=True)]  # fmt: skip
    rows = zip(COUNTS, TOTALS, strict=True)
    cells = [[cell(count, row, of) for count, of in zip(counts, OF_COLUMNS, strict=True)] for counts, row in rows]
    return {
        "macroPortrait": {
            "rows": [category("VALUE", age, f'tag(age_band) = "{age}"', total) for age, total in zip(AGES, TOTALS, strict=True)],
            "columns": columns, "cells": cells, "population": PEOPLE, "suppressed": 2, "overlapping": by_product, "exact": False,
            "sources": [{"code": "age_band", "baseDate": "2026-03-31"}],
        }
    }  # fmt: skip


@pytest.fixture
def portraits(fake_product: tuple[FakeApi, str]) -> Iterator[tuple[FakeApi, str]]:
    api, url = fake_product
    tags = [tag("age_band", nameZh="年龄段", nameEn="age band", valueType="TEXT"), tag("referrer", nameZh="推荐人", nameEn="referrer")]  # fmt: skip
    with_tags(api, tags, MARKETER)
    api.pages |= {
        "PagePortraitChoices": lambda _: {"tags": tags, "segments": [{"code": "spring", "name": "春季人群"}]},
        "PageMacroPortrait": macro,
    }
    yield api, url
    api.pages, api.refused, api.rights = {}, {}, FakeApi().rights


def test_two_tags_become_a_table_and_a_cell_a_segment(browser: Browser, portraits: tuple[FakeApi, str]) -> None:
    _, url = portraits
    with investigating(browser, url, bypass_csp=True) as who:
        page = who.page
        who.visit("/portraits", TOKEN)
        expect(page.locator(".page-empty")).to_contain_text("选择两个标签")
        page.select_option("select[data-filter=rows]", "age_band")
        page.select_option("select[data-filter=columns]", "referrer")
        cells = page.locator(".heat tbody td:not(.total)")
        expect(cells).to_have_count(8)
        expect(cells.nth(2)).to_contain_text("×1.70")
        expect(page.locator(".heat thead")).to_contain_text("没有此标签")
        expect(page.locator("td[data-untold]")).to_have_count(2)
        expect(page.locator("#left-out")).to_contain_text("共 2 格")
        assert serious(who) == []
        page.select_option("select[data-filter=show]", "row")
        expect(cells.nth(2)).to_contain_text("30%")
        expect(page.locator(".made-up li")).to_have_count(4)
        page.click("text=行列互换")
        expect(page.locator("select[data-filter=rows]")).to_have_value("referrer")
        page.go_back()
        page.select_option("select[data-filter=segment]", "spring")
        expect(page.locator(".heat-link").first).to_have_attribute("href", re.compile("segment%28spring%29"))
        asked = parse_qs(urlsplit(page.locator(".heat-link").first.get_attribute("href") or "").query)
        assert asked == {"rule": ['segment(spring) and tag(age_band) = "18-24" and tag(referrer)']}


def test_products_overlap_and_what_can_not_be_crossed_is_said(browser: Browser, portraits: tuple[FakeApi, str]) -> None:
    api, url = portraits
    with investigating(browser, url, locale="en-GB", bypass_csp=True) as who:
        page = who.page
        who.visit("/portraits?rows=age_band&columns=~product", TOKEN)
        expect(page.locator(".heat thead")).to_contain_text("Cash loan")
        expect(page.locator(".heat thead")).to_contain_text("new_loan")  # nobody has given it words
        expect(page.locator("#portraits-page")).to_contain_text("Whoever applied for several counts in each column")
        expect(page.locator(".bars li")).to_have_count(2)
        assert page.locator("text=Exchange").count() == 0
        api.rights = ["see_tags"]
        api.refused = {"PageMacroPortrait": "portrait.too_few"}
        page.select_option("select[data-filter=columns]", "referrer")
        expect(page.locator(".page-empty")).to_contain_text("All but a few people are alike here")
        api.refused = {"PageMacroPortrait": "not_found"}
        page.goto(f"{url}/portraits?rows=nobodys&columns=referrer")
        expect(page.locator(".page-empty")).to_contain_text("There is no such tag")
        page.select_option("select[data-filter=rows]", "age_band")
        api.refused = {}
        expect(page.locator(".heat thead")).to_contain_text("Age band")


def test_a_marketer_without_tags_is_told_what_to_do(browser: Browser, reference: ReferenceProduct) -> None:
    """Over the real API, which knows no tag yet."""
    with investigating(browser, reference.url, locale="en-GB") as who:
        who.start("/portraits", name="marketer")
        expect(who.page.locator(".page-empty")).to_contain_text("There are no tags yet")

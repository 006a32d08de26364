"""The search box: suggestions with masked captions, and an answer with what to do next for whatever was typed."""

from datetime import date

import pytest
from playwright.sync_api import Browser, expect

from tests.fixtures.reference_case import id_number
from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct

pytestmark = pytest.mark.browser


def test_suggestions_are_masked_and_enter_opens_the_chosen_one(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    page = investigator.page
    investigator.home()
    page.locator("#search").press_sequentially("学苑大道")
    options = page.locator("#suggestions [role=option]")
    expect(options).to_have_count(4)
    assert all("***" in text and "地址" in text for text in options.all_inner_texts())
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(page.locator("#search")).to_have_attribute("aria-activedescendant", "option-0")
    chosen = options.first.get_attribute("data-open")
    page.keyboard.press("Enter")
    investigator.wait_for_graph()
    assert page.url.endswith(f"/subject/{chosen}")
    expect(page.locator("#search")).to_have_value("")
    expect(page.locator("#suggestions")).to_be_hidden()


def test_a_chinese_name_of_two_characters_is_found(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.home()
    investigator.page.locator("#search").press_sequentially("晓曼")
    option = investigator.page.locator("#suggestions [role=option]")
    expect(option).to_have_count(1)
    expect(option.locator(".grade")).to_have_text("A")
    option.click()
    investigator.wait_for_graph(73)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("1", "search.too_short"),
        ("11010519900512024", "id.length"),
        ("110105199005120242", "id.checksum"),
        (id_number(date(1990, 5, 12), 24, region="000000"), "id.component"),
        ("没有这个人", "not_found"),
        ("13999999999", "not_found"),
    ],
)
def test_what_can_not_be_opened_is_explained(investigator: Investigator, typed: str, code: str) -> None:
    investigator.search(typed)
    problem = investigator.page.locator("#suggestions .suggestion-problem")
    expect(problem).to_have_attribute("data-code", code)
    happened, todo = problem.locator("strong").inner_text(), problem.locator("div > span").inner_text()
    assert len(happened) > 2 and len(todo) > 5
    expect(investigator.page.locator("#search")).to_have_value(typed)  # so that it can be corrected


def test_an_unknown_node_in_the_address_says_so(investigator: Investigator) -> None:
    investigator.page.goto(f"{investigator.url}/subject/nosuchnode")
    page = investigator.page.locator(".state.problem")
    expect(page).to_have_attribute("data-code", "not_found")
    page.locator("[data-home]").click()
    expect(investigator.page.locator(".state.start")).to_be_visible()


def test_a_role_without_the_right_is_told_so(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url) as marketer:
        marketer.start(f"/subject/{reference.subject}", name="marketer")
        expect(marketer.page.locator(".state.problem")).to_have_attribute("data-code", "forbidden")

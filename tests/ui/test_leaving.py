"""A form that somebody has written into is not left without a question: by a link, by the browser's way back, by closing the tab."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.browsing import investigating
from tests.ui.fake_api import FakeApi
from tests.ui.marketing_answers import MARKETER, job, tag, with_tags
from tests.ui.test_accessibility import serious

pytestmark = pytest.mark.browser


@pytest.fixture
def market(fake_product: tuple[FakeApi, str]) -> Iterator[tuple[FakeApi, str]]:
    api, url = fake_product
    with_tags(api, [tag("referrer"), tag("late")], MARKETER)
    counted = {
        "valueType": "BOOL",
        "reads": [],
        "risk": False,
        "population": 100,
        "counts": [{"value": "true", "count": 40}],
    }
    api.pages = {**api.pages, "PageCheckTag": lambda _: {"checkTag": counted}}
    yield api, url
    api.pages, api.refused, api.rights = {}, {}, FakeApi().rights


def begin(page: Page, name: str) -> None:
    """From the market to the form of a new tag, with a name in it."""
    expect(page.locator("#tags-page tr[data-row]")).to_have_count(2)
    page.click(".page-tools a.button.primary")
    page.fill("#field-nameEn", name)


def answer(page: Page, button: str) -> None:
    dialog = page.locator("#market-dialog")
    expect(dialog).to_be_visible()
    dialog.locator(button).click()
    expect(dialog).to_be_hidden()


STAY, LEAVE = "[data-close]", "#market-confirm"


def test_a_link_asks_before_what_was_written_is_lost(browser: Browser, market: tuple[FakeApi, str]) -> None:
    _, url = market
    with investigating(browser, url, locale="en-GB", bypass_csp=True) as who:
        page = who.page
        who.start("/tags")
        begin(page, "friends")
        page.click(".page-back")
        expect(page.locator("#market-title")).to_have_text("Leave and lose your changes?")
        assert serious(who) == []
        answer(page, STAY)
        expect(page.locator("#field-nameEn")).to_have_value("friends")
        assert page.url == f"{url}/tags/~new"
        page.click(".page-back")
        answer(page, LEAVE)
        expect(page.locator("#tags-page tr[data-row]")).to_have_count(2)
        assert page.url == f"{url}/tags"
        # Nothing is left of it, and nobody is asked where nothing was written.
        page.click(".page-tools a.button.primary")
        expect(page.locator("#field-nameEn")).to_have_value("")
        page.fill("#field-nameEn", "x")
        page.fill("#field-nameEn", "")
        page.click(".page-back")
        expect(page.locator("#tags-page")).to_be_visible()


def test_the_way_back_asks_too_and_leads_there_once_that_is_agreed(
    browser: Browser, market: tuple[FakeApi, str]
) -> None:
    _, url = market
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.start("/tags")
        begin(page, "friends")
        page.evaluate("history.back()")
        answer(page, STAY)
        expect(page.locator("#field-nameEn")).to_have_value("friends")
        expect(page).to_have_url(f"{url}/tags/~new")
        page.evaluate("history.back()")
        answer(page, LEAVE)
        expect(page.locator("#tags-page")).to_be_visible()
        expect(page).to_have_url(f"{url}/tags")


def test_closing_the_tab_asks_while_something_is_unsaved(browser: Browser, market: tuple[FakeApi, str]) -> None:
    _, url = market
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
        who.start("/tags")
        begin(page, "friends")
        page.reload()
        expect(page.locator("#field-nameEn")).to_have_value("")
        assert asked == ["beforeunload"]
        page.reload()
        expect(page.locator("#field-nameEn")).to_have_value("")
        assert asked == ["beforeunload"]


def test_another_language_keeps_what_was_written_and_says_it_anew(
    browser: Browser, market: tuple[FakeApi, str]
) -> None:
    _, url = market
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.start("/tags")
        begin(page, "friends")
        page.fill("#field-rule", "degree(REFERRED out) >= 1")
        expect(page.locator("#rule-check")).to_contain_text("The rule is good")
        page.click("[data-language=zh]")
        expect(page.locator("#tag-form-page h1")).to_have_text("新建标签")
        expect(page.locator("#rule-check")).to_contain_text("规则可用")
        expect(page.locator("#field-nameEn")).to_have_value("friends")
        expect(page.locator("#field-rule")).to_have_value("degree(REFERRED out) >= 1")
        expect(page.locator("#market-dialog")).to_be_hidden()


def test_what_was_saved_is_left_without_a_question(browser: Browser, market: tuple[FakeApi, str]) -> None:
    api, url = market
    api.pages = {**api.pages, "PageDefineTag": lambda _: {"defineTag": {"code": "referrer"}}}
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.start("/tags")
        begin(page, "friends")
        for name in ("code", "nameZh", "category", "subcategory", "rule"):
            page.fill(f"#field-{name}", "friends")
        page.click(".page-form [type=submit]")
        expect(page.locator("#tag-page")).to_be_visible()
        expect(page.locator("#market-dialog")).to_be_hidden()


def test_a_draw_that_failed_leaves_what_was_asked_for_unsaved(browser: Browser, market: tuple[FakeApi, str]) -> None:
    api, url = market
    failed = job(kind="AUDIENCE", status="FAILED", message="[audience.too_small] Fewer than 20.")
    api.pages = {
        **api.pages,
        "PageStartJob": lambda _: {"startJob": job(kind="AUDIENCE")},
        "PageJob": lambda _: {"job": failed},
    }
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.start("/audiences/~new")
        for name, value in {"name": "spring", "purpose": "bring a friend", "spreaders": "30"}.items():
            page.fill(f"#field-{name}", value)
        page.click(".page-form [type=submit]")
        expect(page.locator(".toast")).to_contain_text("Fewer than 20.")
        page.click(".page-back")
        answer(page, STAY)
        expect(page.locator("#field-name")).to_have_value("spring")
        # What is under way needs no question; no news of it is said.
        api.refused = {"PageJob": "store_unavailable"}
        page.click(".page-form [type=submit]")
        expect(page.locator(".progress-words")).to_contain_text("There is no news of it")

"""The page for everyone: no serious finding of axe on any screen, and the whole story without a mouse."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct

pytestmark = pytest.mark.browser


def serious(who: Investigator) -> list[str]:
    found = Axe().run(who.page).response["violations"]
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:160]} {each['nodes'][0].get('failureSummary', '')[:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.long)])
def test_axe_finds_nothing_serious(browser: Browser, reference: ReferenceProduct, lang: str) -> None:
    with investigating(browser, reference.url, bypass_csp=True) as who:
        who.page.goto(f"{who.url}/login?lang={lang}")
        assert serious(who) == []
        who.log_in()
        expect(who.page.locator(".state.start")).to_be_visible()
        assert serious(who) == []
        who.open(reference.subject, nodes=73)
        who.overview()
        who.page.keyboard.press("t")
        who.page.mouse.click(*who.spot(reference.ids["d_user"]))
        expect(who.page.locator("#inspector .facts").first).to_be_visible()
        assert serious(who) == []
        who.page.keyboard.press("?")
        expect(who.page.locator("#keys-dialog")).to_be_visible()
        assert serious(who) == []
        for name in ("rings", "blocklist"):
            who.page.goto(f"{who.url}/{name}?lang={lang}")
            expect(who.page.locator(f"#{name}-list table")).to_be_visible()
            assert serious(who) == []


def test_the_whole_story_without_a_mouse(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url) as who:
        page = who.page
        page.goto(who.url)
        expect(page.locator("#username")).to_be_focused()  # by autofocus, once the page has settled
        page.keyboard.type("investigator")
        page.keyboard.press("Tab")
        page.keyboard.type("correct-horse-battery")
        page.keyboard.press("Enter")
        expect(page.locator(".state.start")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(page.locator("#search")).to_be_focused()
        page.keyboard.type("13800138018")
        page.keyboard.press("Enter")
        who.wait_for_graph(4)
        page.keyboard.press("t")
        page.locator("#table-rows .row-name").first.focus()
        while page.evaluate("document.activeElement.textContent") != "林**":
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("#inspector")).to_be_visible()
        before = who.cy("cy.elements().length")
        page.keyboard.press("e")
        page.wait_for_function("n => document.getElementById('graph')._cyreg.cy.elements().length > n", arg=before)
        page.keyboard.press("Shift+E")
        page.wait_for_function("n => document.getElementById('graph')._cyreg.cy.elements().length === n", arg=before)
        page.keyboard.press("g")
        page.wait_for_url("**full=1**")
        page.keyboard.press("?")
        expect(page.locator("#keys-dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#keys-dialog")).to_be_hidden()


def test_letters_typed_into_a_field_are_no_shortcuts(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    investigator.page.locator("#search").press_sequentially("feg0")
    expect(investigator.page.locator("#search")).to_have_value("feg0")
    assert "full" not in investigator.page.url


def test_the_page_asks_nothing_of_the_internet(investigator: Investigator, reference: ReferenceProduct) -> None:
    asked: list[str] = []
    investigator.page.on("request", lambda request: asked.append(request.url))
    investigator.open(reference.subject, nodes=73)
    assert len(asked) > 20
    assert [url for url in asked if not url.startswith((investigator.url, "data:", "blob:"))] == []

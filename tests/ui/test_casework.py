"""Casework in the drawer: a conclusion is recorded and seen with who said it; what is blocklisted says so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from investigator_ui.texts import TEXTS
from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct, running_reference
from tests.ui.fake_api import FakeApi, star

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceProduct]:
    """A product of its own: what is recorded here is seen by no other test."""
    with running_reference(tmp_path_factory.mktemp("casework")) as running:
        yield running


def choose(who: Investigator, node_id: str) -> None:
    who.page.evaluate("id => Guanxi.selection.choose([id], {show: false})", node_id)
    expect(who.page.locator("#inspector .degrees")).to_be_visible()


def test_a_conclusion_is_recorded_and_seen_at_once(browser: Browser, product: ReferenceProduct) -> None:
    with investigating(browser, product.url) as who:
        who.start(f"/subject/{product.subject}")
        who.wait_for_graph(73)
        choose(who, product.ids["d_user"])
        drawer = who.page.locator("#inspector")
        expect(drawer.locator(".case-history, .blocklisted")).to_have_count(0)
        drawer.locator("[data-action=record]").press("Enter")
        expect(who.page.locator("#record-verdict")).to_be_focused()
        expect(who.page.locator("#record-verdict")).to_have_value("")
        who.page.fill("#record-reason", "与三名已拒申请人共用设备")
        who.page.press("#record-reason", "Enter")
        expect(who.page.locator("#record-problem")).to_contain_text("结论")
        who.page.select_option("#record-verdict", "SUSPICIOUS")
        who.page.fill("#record-reason", "可疑")
        who.page.press("#record-reason", "Enter")
        expect(who.page.locator("#record-problem")).to_contain_text("4")
        who.page.fill("#record-reason", "与三名已拒申请人共用设备")
        who.page.press("#record-reason", "Enter")
        entry = drawer.locator(".case-history li")
        expect(entry).to_have_count(1)
        for words in ("存疑", "investigator", "与三名已拒申请人共用设备"):
            expect(entry).to_contain_text(words)
    with investigating(browser, product.url) as scientist:
        scientist.start(f"/subject/{product.subject}?lang=en", name="scientist")
        scientist.wait_for_graph(73)
        choose(scientist, product.ids["d_user"])
        expect(scientist.page.locator(".case-history")).to_contain_text("Suspicious")
        assert scientist.page.locator("[data-action=record], #record-dialog").count() == 0


def test_a_supervisor_blocklists_a_device_and_colleagues_see_why(browser: Browser, product: ReferenceProduct) -> None:
    device = product.ids["device1"]
    with investigating(browser, product.url, locale="en-GB") as sue:
        page = sue.page
        sue.start(f"/subject/{product.subject}", name="supervisor")
        sue.wait_for_graph(73)
        choose(sue, device)
        page.click("#inspector [data-action=block]")
        expect(page.locator("#block-reason")).to_be_focused()
        page.fill("#block-reason", "six refused applicants on it")
        page.fill("#block-until", "2001-01-01")
        page.press("#block-reason", "Enter")
        expect(page.locator("#block-problem")).to_contain_text("Choose a later day")
        page.fill("#block-until", "2099-12-31")
        page.click("#block-confirm")
        listed = page.locator("#inspector .listed")
        for words in ("six refused applicants on it", "supervisor", "2099-12-31 23:59"):
            expect(listed).to_contain_text(words)
        assert sue.cy(f"cy.getElementById('{device}').data('listed')")
        expect(page.locator(".toast.problem")).to_have_count(0)
    with investigating(browser, product.url) as ida:
        ida.start("/blocklist")
        row = ida.page.locator("#blocklist-list tbody tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("six refused applicants on it")
        assert ida.page.locator("[data-action=unblock], [data-action=block-key], #block-dialog").count() == 0
        row.locator(".row-name").press("Enter")
        ida.wait_for_graph()
        assert f"/subject/{device}" in ida.page.url


def test_a_number_nobody_has_used_yet_is_listed_and_taken_off(browser: Browser, product: ReferenceProduct) -> None:
    number = "13900136007"
    with investigating(browser, product.url) as sue:
        page = sue.page
        sue.start("/blocklist", name="supervisor")
        page.click("[data-action=block-key]")
        page.select_option("#block-type", "Phone")
        page.fill("#block-key", "139")
        page.fill("#block-reason", "中介的号码")
        page.click("#block-confirm")
        expect(page.locator("#block-problem")).to_contain_text("号码的格式不对")
        page.fill("#block-key", number)
        page.press("#block-key", "Enter")
        row = page.locator("#blocklist-list tbody tr", has_text="中介的号码")
        expect(row).to_contain_text("supervisor")
        expect(page.locator(".toast")).to_contain_text(TEXTS["blocklist.added"][0])  # though the list was drawn anew
        page.fill("#search", "half a na")
        assert number not in page.content() and number not in str(page.evaluate("Object.values(localStorage)"))
        page.select_option("select[data-filter=type]", "Phone")
        page.wait_for_url("**type=Phone**")
        expect(page.locator("#list-count")).to_have_text("1 条")
        expect(page.locator("#search")).to_have_value("half a na")
        row.locator("[data-action=unblock]").click()
        page.fill("#block-reason", "核实为误报")
        page.press("#block-reason", "Enter")
        expect(row).to_have_count(0)
        expect(page.locator("#list-count")).to_have_text("0 条")


def test_a_number_that_was_typed_is_gone_with_the_dialog_and_the_blocklist_is_that_of_today(
    browser: Browser, product: ReferenceProduct
) -> None:
    with investigating(browser, product.url) as sue:
        page = sue.page
        sue.start("/rings?asOf=2026-06-01", name="supervisor")
        expect(page.locator("#as-of")).to_have_value("2026-06-01")
        page.click("a[data-page='/blocklist']")
        page.wait_for_url("**/blocklist")
        expect(page.locator("#as-of")).to_be_hidden()
        for leave in (lambda: page.keyboard.press("Escape"), lambda: page.click("#block-dialog [data-close]")):
            page.click("[data-action=block-key]")
            page.fill("#block-key", "139")
            page.fill("#block-reason", "中介的号码")
            page.click("#block-confirm")
            expect(page.locator("#block-problem")).not_to_be_empty()
            expect(page.locator("#block-key")).to_have_value("139")
            expect(page.locator("#block-confirm")).to_be_enabled()
            leave()
            expect(page.locator("#block-key")).to_have_count(0)


def test_what_is_blocklisted_says_so(browser: Browser, fake_product: tuple[FakeApi, str]) -> None:
    api, url = fake_product
    since = {"since": "2025-03-01T02:00:00+00:00", "expiresAt": None}
    entry = {
        "nodeId": "p00001",
        "type": "Phone",
        "caption": "138****0001",
        "reason": "mule phone",
        "source": "black-phones.csv",
    }
    api.relation_graph, api.blocklist_entry = star(12), entry | since
    with investigating(browser, url, locale="en-GB") as who:
        who.start("/subject/subject")
        who.wait_for_graph(13)
        choose(who, "p00001")
        expect(who.page.locator("#inspector .blocklisted")).to_have_text("blocklisted")
        said = who.page.locator("#inspector .listed dd").all_inner_texts()
        assert said == ["mule phone", "black-phones.csv", "2025-03-01 10:00", "no end"]
        assert who.page.locator("[data-action=block], [data-action=unblock]").count() == 0

"""The rings page: listed by the API's order and filter, page by page; a ring opens as its full graph; a marketer never sees it."""

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct
from tests.ui.fake_api import FakeApi, ring_row, star

pytestmark = pytest.mark.browser


def test_a_ring_opens_as_its_full_graph_and_the_way_back_leads_to_the_list(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    page = investigator.page
    investigator.home()
    page.click("a[data-page='/rings']")
    row = page.locator("#rings-list tbody tr")
    expect(row).to_have_count(1)
    for words in ("2 个成员", "50%", "1.00", "设备"):
        expect(row).to_contain_text(words)
    expect(page.locator("a[data-page='/rings']")).to_have_attribute("aria-current", "page")
    assert page.title() == "团伙 · 关系"
    row.locator(".row-name").press("Enter")
    investigator.wait_for_graph()
    assert "full=1" in page.url
    assert investigator.cy("cy.nodes('[?subject]').id()") in {reference.ids["c_user"], reference.ids["d_user"]}
    assert {reference.ids["c_user"], reference.ids["d_user"]} <= investigator.elements()
    page.go_back()
    expect(row).to_have_count(1)
    page.click("[data-language=en]")
    expect(row).to_contain_text("2 members")


def test_a_day_before_the_scoring_has_no_rings(investigator: Investigator) -> None:
    investigator.page.goto(f"{investigator.url}/rings?asOf=2020-01-01&minSize=2")
    expect(investigator.page.locator("#rings-list tbody")).to_contain_text("没有符合筛选的团伙")
    expect(investigator.page.locator(".list-head .chip-time")).to_contain_text("2020-01-01")


def test_order_filter_and_page_are_the_apis_and_stay_in_the_address(
    browser: Browser, fake_product: tuple[FakeApi, str]
) -> None:
    api, url = fake_product
    api.rings, api.full_graph = [ring_row(place) for place in range(60)], star(12)
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.start("/rings")
        expect(page.locator("#rings-list tbody tr")).to_have_count(25)
        page.click("[data-order=SIZE]")
        page.wait_for_url("**order=SIZE**")
        expect(page.locator("th[aria-sort=descending]")).to_contain_text("Members")
        page.fill("input[name=minSize]", "5")
        page.press("input[name=minSize]", "Enter")
        page.wait_for_url("**minSize=5**")
        page.select_option("select[data-filter=heldBy]", "Device")
        page.wait_for_url("**heldBy=Device**")
        page.click("[data-turn='2']")
        expect(page.locator(".list-turns")).to_contain_text("Rows 26–50 of 60")
        variables = [variables for operation, variables in api.asked if operation == "Rings"][-1]
        assert variables == {
            "first": 25, "after": "25", "filter": {"minSize": 5, "heldBy": "Device"}, "order": "SIZE", "asOf": None,
        }  # fmt: skip
        page.reload()
        expect(page.locator(".list-turns")).to_contain_text("Rows 26–50 of 60")
        expect(page.locator("input[name=minSize]")).to_have_value("5")
        expect(page.locator("select[data-filter=heldBy]")).to_have_value("Device")
        page.click("#list-clear")
        expect(page.locator(".list-turns")).to_contain_text("Rows 1–25 of 60")
        assert "minSize" not in page.url and "order=SIZE" in page.url
        rows = page.locator("#rings-list .row-name")
        rows.first.focus()
        page.keyboard.press("ArrowDown")
        expect(rows.nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        who.wait_for_graph(13)
        assert "order" not in page.url and "full=1" in page.url


def test_a_marketer_sees_no_way_to_the_lists_and_is_refused_there(
    browser: Browser, reference: ReferenceProduct
) -> None:
    with investigating(browser, reference.url) as marketer:
        marketer.start("/rings", name="marketer")
        expect(marketer.page.locator(".state.problem")).to_have_attribute("data-code", "forbidden")
        assert marketer.page.locator("a[data-page='/rings'], a[data-page='/blocklist']").count() == 0
        marketer.page.goto(f"{marketer.url}/blocklist")
        expect(marketer.page.locator(".state.problem")).to_have_attribute("data-code", "forbidden")

"""Casework in the drawer: a conclusion is recorded and seen with who said it; what is blocklisted says so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

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


def test_what_is_blocklisted_says_so(browser: Browser, fake_product: tuple[FakeApi, str]) -> None:
    api, url = fake_product
    api.relation_graph, api.blocklisted = star(12), True
    with investigating(browser, url, locale="en-GB") as who:
        who.start("/subject/subject")
        who.wait_for_graph(13)
        choose(who, "p00001")
        expect(who.page.locator("#inspector .blocklisted")).to_have_text("blocklisted")

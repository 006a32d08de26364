"""The reference case on the screen: 73 nodes, the overview of the page that the product descends from, nothing unmasked."""

import json
import re
from collections import Counter

import pytest
from playwright.sync_api import Route, expect

from tests.fixtures.reference_case import EXPECTED
from tests.ui.browsing import Investigator
from tests.ui.conftest import ReferenceProduct

pytestmark = pytest.mark.browser

CHINESE = {
    "main node": "主节点", "Customer": "客户", "Phone": "电话", "Device": "设备", "Address": "地址", "BankAccount": "银行账户",
    "Application": "申请单", "Employer": "工作单位", "SocialAccount": "社交账号",
}  # fmt: skip


def test_an_id_number_opens_the_graph_and_the_overview_agrees_with_the_canvas(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.search(reference.id_number)
    investigator.wait_for_graph(73)
    assert f"/subject/{reference.subject}" in investigator.page.url
    expected = {grade: {CHINESE[name]: n for name, n in cells.items()} for grade, cells in EXPECTED.items()}
    assert investigator.overview() == expected
    drawn = Counter((d["grade"], d["type"], d["subject"]) for d in investigator.cy("cy.nodes().map(n => n.data())"))
    counted = {
        (grade, "Customer" if name == "main node" else name, name == "main node"): n
        for grade, cells in EXPECTED.items()
        for name, n in cells.items()
    }
    assert drawn == counted
    expect(investigator.page.locator("#overview tfoot td")).to_have_text("73")
    expect(investigator.page.locator("#table-count")).to_contain_text("73 个节点")


def test_the_graph_does_not_wait_for_the_panels_beside_it(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    page, held = investigator.page, list[Route]()

    def hold_panels(route: Route) -> None:
        if any(panel in (route.request.post_data or "") for panel in ("rail-top.data-html", "legend.data-html")):
            held.append(route)
        else:
            route.continue_()

    investigator.home()
    page.route("**/_dash-update-component*", hold_panels)
    investigator.search(reference.id_number)
    page.wait_for_selector("#page[data-drawn]")
    assert investigator.cy("cy.nodes().length") == 73
    expect(page.locator(".state.start")).to_be_hidden()
    expect(page.locator("#rail-top")).to_be_empty()
    zoom = investigator.cy("cy.zoom()")
    page.unroute("**/_dash-update-component*")  # which lets go what is held
    expect(page.locator("#rail-top")).not_to_be_empty()
    expect(page.locator("#legend")).not_to_be_empty()
    assert investigator.cy("cy.zoom()") == pytest.approx(zoom, rel=0.03)  # room was kept for the legend


def test_full_width_digits_and_spaces_open_the_same_person(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in reference.id_number)
    investigator.search(f" {full_width} ")
    investigator.wait_for_graph(73)
    assert reference.subject in investigator.page.url


def test_the_subject_is_a_star_in_the_middle(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    star = investigator.cy("cy.nodes('[?subject]').map(n => [n.id(), n.style('shape'), n.position(), n.width()])")
    assert len(star) == 1
    node_id, shape, at, width = star[0]
    assert (node_id, shape, at) == (reference.subject, "star", {"x": 0, "y": 0})
    assert width > max(investigator.cy("cy.nodes('[!subject]').map(n => n.width())"))


def test_who_the_subject_is_and_that_the_document_has_expired(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.open(reference.subject, nodes=73)
    rail = investigator.page.locator("#rail")
    expect(rail.locator(".expired")).to_have_text("证件已于 2024-05-01 过期")
    expect(rail.locator("#section-risk .grade-large")).to_have_text("A")
    facts = dict(
        zip(rail.locator(".facts dt").all_inner_texts(), rail.locator(".facts dd").all_inner_texts(), strict=True)
    )
    assert facts["性别"] == "女"
    assert facts["身份证号"].startswith("110***") and facts["身份证号"].endswith("0241")
    assert "证件已过期" in facts["证件有效期"]
    assert rail.locator(".applications > li").count() == 6


def test_a_row_of_the_overview_finds_its_nodes(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    investigator.overview()
    row = investigator.page.locator("#overview-D [data-find-type=Device]")
    row.click()
    expect(row).to_have_attribute("aria-pressed", "true")
    found = investigator.cy("cy.nodes('.found').map(n => [n.data('type'), n.data('grade')])")
    assert found == [["Device", "D"]]
    assert investigator.cy("cy.nodes('.dim').length") == 72
    investigator.page.wait_for_timeout(500)  # the window moves there in a quarter of a second
    inside = investigator.cy("(b => b.x1 > 0 && b.y1 > 0 && b.x2 < cy.width() && b.y2 < cy.height())"
                             "(cy.nodes('.found').renderedBoundingBox())")  # fmt: skip
    assert inside
    row.click()
    assert investigator.cy("cy.nodes('.dim, .found').length") == 0


def test_ctrl_click_on_a_row_selects_its_nodes_and_the_table_shows_them(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.open(reference.subject, nodes=73)
    investigator.overview()
    investigator.page.locator("#overview-A [data-find-type=Phone]").click(modifiers=["Control"])
    expect(investigator.page.locator("#table-selected")).to_have_text("已选 18")
    assert len(investigator.selected()) == 18
    investigator.page.keyboard.press("t")
    expect(investigator.page.locator("#table-rows tr.selected")).to_have_count(18)
    expect(investigator.page.locator("#inspector h2")).to_have_text("已选 18 个节点")


def test_table_and_canvas_select_together(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    investigator.page.keyboard.press("t")
    investigator.page.fill("#table-filter", "工作单位")
    row = investigator.page.locator("#table-rows tr")
    expect(row).to_have_count(1)
    row.locator(".row-name").press("Enter")
    assert investigator.selected() == [reference.ids["employer1"]]
    expect(investigator.page.locator("#inspector h2")).to_contain_text("深圳市启明电子有限公司")
    investigator.page.fill("#table-filter", "")
    investigator.page.mouse.click(*investigator.spot(reference.ids["user3"]))
    expect(investigator.page.locator("#table-rows tr.selected")).to_have_attribute("data-id", reference.ids["user3"])


def test_clicks_show_nodes_and_relationships_in_the_drawer(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.open(reference.subject, nodes=73)
    investigator.page.mouse.click(*investigator.spot(reference.ids["d_device"]))
    drawer = investigator.page.locator("#inspector")
    expect(drawer.locator(".inspector-head .grade")).to_have_text("D")
    expect(drawer.locator(".degrees")).to_contain_text("使用设备")
    expect(drawer.locator(".degrees .count")).to_have_text("3 / 3")
    investigator.cy("(cy.elements().unselect(), cy.edges('[type = \"GUARANTEES\"]')[0].select(), 1)")
    expect(drawer.locator("h2")).to_have_text("担保")
    investigator.page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_no_personal_value_is_in_the_page_or_in_what_the_server_sends(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    sent: list[str] = []
    investigator.page.on("response", lambda answer: sent.append(answer.text()) if "_dash" in answer.url else None)
    investigator.search(reference.id_number)
    investigator.wait_for_graph(73)
    investigator.page.mouse.click(*investigator.spot(reference.ids["user2"]))
    expect(investigator.page.locator("#inspector .facts").first).to_be_visible()
    investigator.page.wait_for_load_state("networkidle")
    everything = "\n".join([investigator.page.content(), json.dumps(investigator.cy("cy.json().elements")), *sent])
    assert len(sent) > 5
    assert [value for value in reference.personal if value in everything] == []
    assert re.findall(r"(?<![\d.])[1-9]\d{16}[\dX](?![\d.])", everything) == []
    kept = investigator.page.evaluate("() => JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert "token" not in kept and "guanxi_session" not in kept


def test_a_reload_of_the_address_opens_the_same_view(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, "?lang=en&full=1&asOf=2026-07-15", nodes=73)
    places = investigator.positions()
    expect(investigator.page.locator("#full-switch")).to_have_attribute("aria-checked", "true")
    expect(investigator.page.locator(".chip-time")).to_have_text("as of 2026-07-15")
    investigator.page.reload()
    investigator.wait_for_graph(73)
    assert investigator.positions() == places
    assert investigator.page.url.endswith("?lang=en&full=1&asOf=2026-07-15")


def test_before_the_day_of_the_first_record_the_page_says_from_when_on_there_is_something(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.page.goto(f"{investigator.url}/subject/{reference.subject}?asOf=2020-01-01")
    problem = investigator.page.locator(".state.problem")
    expect(problem).to_have_attribute("data-code", "not_known_then")
    first = investigator.page.locator("[data-as-of]").first
    day = str(first.get_attribute("data-as-of"))
    expect(first).to_contain_text(day)
    first.click()
    investigator.wait_for_graph()
    assert f"asOf={day}" in investigator.page.url


def test_the_day_is_picked_and_cleared_in_the_top_bar(investigator: Investigator, reference: ReferenceProduct) -> None:
    """Before the first scoring nothing is graded, and the page says so instead of showing grades of later days."""
    investigator.open(reference.subject, nodes=73)
    investigator.page.fill("#as-of", "2025-03-10")
    expect(investigator.page.locator(".chip-time")).to_have_text("截至 2025-03-10")
    assert investigator.page.url.endswith("asOf=2025-03-10")
    expect(investigator.page.locator("#section-risk")).to_contain_text("尚未评分")
    expect(investigator.page.locator("#overview-- .find").first).to_contain_text("未评级")
    assert sum(investigator.overview()["-"].values()) == 73
    investigator.page.click("#as-of-clear")
    expect(investigator.page.locator("#overview-A .find").first).to_be_visible()
    assert "asOf" not in investigator.page.url


def test_the_browser_goes_back_to_the_view_before(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.ids["phone18"], nodes=4)
    investigator.page.evaluate("id => Guanxi.openSubject(id)", reference.subject)
    investigator.wait_for_graph(73)
    investigator.page.go_back()
    investigator.wait_for_graph(4)
    expect(investigator.page.locator("#rail h1")).to_have_text("138****8018")

"""Beyond the usual few hundred elements: cheap style, read-only overview, communities, and hubs of thousands said in words."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.fake_api import FakeApi, communities, edge, node, star

pytestmark = pytest.mark.browser


@pytest.fixture
def screen(browser: Browser, fake_product: tuple[FakeApi, str]) -> Iterator[tuple[FakeApi, Investigator]]:
    api, url = fake_product
    kept = dict(vars(api))
    with investigating(browser, url, locale="en-GB") as who:
        who.start()
        yield api, who
    vars(api).update(kept)


def test_up_to_300_elements_are_drawn_richly_and_more_cheaply(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    for neighbours, curve, arrow in ((149, "bezier", "triangle"), (150, "haystack", "none")):
        api.relation_graph = star(neighbours)
        who.open("subject", nodes=neighbours + 1)
        style = who.cy("[cy.edges()[0].style('curve-style'), cy.edges()[0].style('target-arrow-shape')]")
        assert style == [curve, arrow]


def test_above_1500_elements_a_view_is_read_only_and_a_double_click_centres(
    screen: tuple[FakeApi, Investigator],
) -> None:
    api, who = screen
    api.relation_graph = star(800)
    who.open("subject", nodes=801)
    expect(who.page.locator("#notices")).to_contain_text("1,601 elements: overview mode, read-only")
    who.page.evaluate("Guanxi.history.expand('p00001')")
    expect(who.page.locator(".toast")).to_contain_text("read-only")
    assert "Neighbours" not in [operation for operation, _ in api.asked]
    who.page.evaluate("() => { Guanxi.canvas.cy().getElementById('p00001').emit('dbltap'); }")
    who.page.wait_for_url("**/subject/p00001")


def test_five_thousand_nodes_open_and_the_table_turns_pages(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    api.relation_graph = star(5000)
    who.open("subject", nodes=5001)
    who.page.keyboard.press("t")
    expect(who.page.locator("#table-rows tr")).to_have_count(100)
    expect(who.page.locator("#table-pages")).to_contain_text("Rows 1–100 of 5,001")
    who.page.click("#table-pages button:last-child")
    expect(who.page.locator("#table-pages")).to_contain_text("Rows 101–200")


def test_the_full_graph_of_a_large_ring_shows_communities_and_explains_them(
    screen: tuple[FakeApi, Investigator],
) -> None:
    api, who = screen
    who.open("subject", nodes=13)
    api.full_graph = communities(8, 12_345)
    who.page.keyboard.press("g")
    who.wait_for_graph(8)
    assert "full=1" in who.page.url
    expect(who.page.locator("#notices")).to_contain_text("12,345 nodes, shown as 8 communities")
    expect(who.page.locator("#overview tfoot td")).to_have_text("12,345")
    circles = who.cy("cy.nodes().map(n => [n.position('x'), n.position('y'), n.width() / 2])")
    for place, (x, y, radius) in enumerate(circles):
        for other_x, other_y, other_radius in circles[:place]:
            assert ((x - other_x) ** 2 + (y - other_y) ** 2) ** 0.5 > radius + other_radius
    who.page.mouse.click(*who.spot("community~2"))
    expect(who.page.locator("#inspector")).to_contain_text("A community is a group of closely linked nodes")
    who.page.keyboard.press("Escape")
    row = who.page.locator("#overview-A .grade-row .find")
    row.click()  # an aggregated row finds the communities that hold such nodes
    assert sorted(who.cy("cy.nodes('.found').map(n => n.id())")) == ["community~0", "community~1"]
    who.page.keyboard.press("g")
    who.wait_for_graph(13)


def test_a_hub_of_thousands_is_capped_labelled_and_comes_in_portions(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    who.open("subject", nodes=13)
    new = [node(f"c{place:03}", "Customer", caption="王**", x=900.0, y=80.0 * place) for place in range(25)]
    api.expansion = {
        "nodes": new,
        "edges": [edge(each["id"], "p00001") for each in new],
        "omissions": [{"nodeId": "p00001", "type": "USES_PHONE", "shown": 26, "total": 3412}],
    }
    who.double_click("p00001")
    who.wait_for_graph(38)
    assert who.cy("cy.getElementById('p00001').data('label')").endswith("\n26 / 3,412")
    expect(who.page.locator(".toast")).to_contain_text("Showing 26 of 3,412 neighbours")
    expect(who.page.locator(".notice-omitted")).to_contain_text("26 of 3,412")
    asked = next(variables for operation, variables in reversed(api.asked) if operation == "Neighbours")
    assert len(asked["known"]) == 13 and len(asked["positions"]) == 26


def test_a_subject_that_was_never_scored_says_so(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    api.relation_graph = star(3)
    for each in api.relation_graph["nodes"]:
        each["grade"] = each["score"] = None
    who.open("subject", nodes=4)
    expect(who.page.locator("#section-risk")).to_contain_text("Not scored yet")


def test_a_slow_answer_shows_that_it_is_being_read(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    api.delay = 1.5
    who.page.evaluate("Guanxi.openSubject('subject')")
    expect(who.page.locator("#busy-words")).to_be_visible()
    expect(who.page.locator("#busy-words")).to_have_text("Reading the relation graph…")
    api.delay = 0.0
    who.wait_for_graph(13)
    expect(who.page.locator("#busy-words")).to_be_hidden()

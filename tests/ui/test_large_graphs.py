"""Beyond the usual few hundred elements: cheap style, read-only overview, communities, and hubs of thousands said in words."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from investigator_ui.contract import RelationGraph, parse
from investigator_ui.elements import to_elements
from tests.ui.browsing import Investigator, investigating
from tests.ui.fake_api import SCHEMA, TOKEN, FakeApi, communities, edge, node, star

pytestmark = pytest.mark.browser


@pytest.fixture
def screen(browser: Browser, fake_product: tuple[FakeApi, str]) -> Iterator[tuple[FakeApi, Investigator]]:
    api, url = fake_product
    kept = dict(vars(api))
    with investigating(browser, url, locale="en-GB") as who:
        who.have_session(TOKEN)
        yield api, who
    vars(api).update(kept)


def test_up_to_300_elements_are_drawn_richly_and_more_cheaply(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    for neighbours, curve, arrow in ((149, "bezier", "triangle"), (150, "haystack", "none")):
        api.relation_graph = star(neighbours)
        who.open("subject", nodes=neighbours + 1)
        style = who.cy("[cy.edges()[0].style('curve-style'), cy.edges()[0].style('target-arrow-shape')]")
        assert style == [curve, arrow]


def test_what_the_api_sends_by_columns_is_what_the_canvas_holds(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    graph = star(3)
    graph["nodes"][1] |= {"blocklisted": True, "grade": "D", "ringId": "r1", "caption": "a caption longer than fits"}
    graph["edges"][1] |= {"weight": 4, "qualifier": "home"}
    graph["edges"][2] |= {"human": True, "type": "HUMAN_LINK", "link": {"id": "link7", "author": "ida"}}
    api.full_graph = graph
    who.open("subject", "?full=1", nodes=4)
    drawn = who.cy("Object.fromEntries(cy.elements().map(e => [e.id(), [e.data(), e.isNode() ? e.position() : null]]))")
    names = {view["name"]: (view["captionZh"], view["captionEn"]) for view in SCHEMA["relationshipTypes"]}
    plain = graph | {"edges": [each | {"captionZh": "", "captionEn": ""} for each in graph["edges"]]}
    sent = {each["data"]["id"]: each for each in to_elements(parse(RelationGraph, plain), names)}
    assert drawn.keys() == sent.keys()
    for name, (data, position) in drawn.items():
        assert (data, position) == (sent[name]["data"], sent[name].get("position"))
    assert (drawn["p00000"][0]["label"], drawn["p00000"][0]["listed"]) == ("a caption lon…", True)


def test_a_view_that_was_left_is_not_told_to_be_drawn(screen: tuple[FakeApi, Investigator]) -> None:
    _, who = screen
    who.open("subject", nodes=13)
    told = who.page.evaluate(
        """async () => {
          const page = document.getElementById("page");
          page.dataset.state = "loading"; // its panels don't stand yet
          delete page.dataset.drawn;
          Guanxi.canvas.fitWhenSettled();
          await Guanxi.canvas.open(null); // and the user goes elsewhere
          page.dataset.state = "graph";
          await new Promise((done) => { setTimeout(done, 120); });
          return page.dataset.drawn ?? null;
        }"""
    )
    assert told is None


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
    expect(who.page.locator("#inspector")).to_contain_text("2 of them of grade C or D")
    assert who.cy("cy.getElementById('community~2').data('label')") == "王**\n1,543\nC·D 2"
    who.page.keyboard.press("Escape")
    row = who.page.locator("#overview-A .grade-row .find")
    row.click()  # an aggregated row finds the communities that hold such nodes
    assert sorted(who.cy("cy.nodes('.found').map(n => n.id())")) == ["community~0", "community~1"]
    who.page.keyboard.press("g")
    who.wait_for_graph(13)


def test_a_community_of_the_map_is_opened_and_left_again(screen: tuple[FakeApi, Investigator]) -> None:
    _, who = screen
    who.open("subject", "?full=1", nodes=8)
    who.double_click("community~3")
    who.wait_for_graph(21)
    assert "community=3" in who.page.url
    expect(who.page.locator("#notices")).to_contain_text("A community: 21 of the 12,345 nodes")
    assert not who.cy("cy.nodes()[1].data('kind') === 'COMMUNITY'")
    who.page.reload()  # the address holds it
    who.wait_for_graph(21)
    who.page.click("#leave-community")
    who.wait_for_graph(8)
    who.page.keyboard.press("t")
    who.page.locator("#table-rows tr[data-id='community~5']").dblclick()
    who.wait_for_graph(21)
    who.page.go_back()
    who.wait_for_graph(8)
    who.page.keyboard.press("g")
    who.wait_for_graph(13)
    assert "community" not in who.page.url


def test_the_subject_stands_out_among_thousands_and_a_click_lights_its_neighbours(
    screen: tuple[FakeApi, Investigator],
) -> None:
    api, who = screen
    api.relation_graph = star(2_000)
    who.open("subject", nodes=2_001)
    assert who.cy("cy.getElementById('subject').renderedWidth()") > 20
    assert who.cy("cy.getElementById('subject').style('label')") == "林**"
    assert who.cy("cy.getElementById('p00001').style('label')") == ""
    assert who.cy("cy.edges()[0].renderedStyle('width')") != ""
    who.page.evaluate("Guanxi.selection.choose(['p00001'])")
    who.page.wait_for_function(
        "() => document.getElementById('graph')._cyreg.cy.elements('.lit').length === 3"  # it, its edge and the subject
    )
    expect(who.page.locator("#inspector")).to_contain_text("138****0000")
    card = who.cy("[cy.edges()[0].data('zh'), cy.edges()[0].data('human'), cy.nodes()[1].data('members')]")
    assert card == ["使用电话", False, 1]


def test_a_graph_that_could_not_be_arranged_in_time_says_so(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    api.full_graph = star(30) | {"simplified": True}
    who.open("subject", "?full=1", nodes=31)
    expect(who.page.locator("#notices")).to_contain_text("some nodes are placed roughly. Nothing is missing")


def test_what_is_blocklisted_has_a_double_red_border(screen: tuple[FakeApi, Investigator]) -> None:
    api, who = screen
    api.relation_graph = star(12)
    api.relation_graph["nodes"][3]["blocklisted"] = True
    who.open("subject", nodes=13)
    listed = api.relation_graph["nodes"][3]["id"]
    assert who.cy("cy.nodes().filter(n => n.style('border-style') === 'double').map(n => n.id())") == [listed]
    assert who.cy(f"cy.getElementById('{listed}').style('border-color')") == "rgb(192,15,28)"


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
    who.home()
    api.delay = 1.5
    who.page.evaluate("Guanxi.openSubject('subject')")
    expect(who.page.locator("#busy-words")).to_be_visible()
    expect(who.page.locator("#busy-words")).to_have_text("Reading the relation graph…")
    api.delay = 0.0
    who.wait_for_graph(13)
    expect(who.page.locator("#busy-words")).to_be_hidden()

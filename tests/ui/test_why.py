"""Why a score is what it is, on the screen: the ties are listed in the drawer, lit on the canvas, and gone again with the next choice."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from investigator_ui.contract import ExplainedTie, Explanation, GraphEdge, GraphNode, NodeKind, Overview, RelationGraph
from investigator_ui.explanation import CLEAR, clear_of, lit
from tests.ui.browsing import Investigator
from tests.ui.conftest import ReferenceProduct

AT = datetime(2026, 6, 30, tzinfo=UTC)


def explanation(*names: str) -> Explanation:
    """A customer on some devices, each with a place on a line."""
    nodes = [
        GraphNode(
            name, NodeKind.NODE, "Device" if place else "Customer", name, 50.0 * place, 0.0, 1, place == 0, 1, hop=place
        )
        for place, name in enumerate(names)
    ]
    edges = [GraphEdge(f"{names[0]}-{name}", names[0], name, "USES_DEVICE", AT, AT, False, 1) for name in names[1:]]
    graph = RelationGraph(names[0], tuple(nodes), tuple(edges), Overview(len(nodes), ()), (), False, len(nodes))
    ties = tuple(ExplainedTie(names[0], name, 0.1) for name in names[1:])
    return Explanation(names[0], names[0], 0.8, 0.8, 0.1, ties, "m", (), graph)


def test_what_is_drawn_is_lit_and_what_is_not_gets_a_place_of_its_own() -> None:
    found = explanation("c", "d1", "d2")
    shown = lit(found, there={"c": (10.0, 20.0), "d1": (160.0, 20.0)}, drawn=["c-d1"])
    assert shown.nodes == ("c", "d1", "d2")
    assert shown.relations == ("USES_DEVICE|c|d1", "USES_DEVICE|c|d2")
    node, edge = shown.elements
    assert (node["data"]["id"], edge["data"]["source"], edge["data"]["target"]) == ("d2", "c", "d2")
    at = (node["position"]["x"], node["position"]["y"])
    assert clear_of([(10.0, 20.0), (160.0, 20.0)], at, (10.0, 20.0)) == at


def test_a_place_that_is_taken_is_left_for_the_next_clear_one() -> None:
    taken = [(float(x), float(y)) for x in range(-200, 201, 80) for y in range(-200, 201, 80)]
    x, y = clear_of(taken, (0.0, 0.0), (0.0, 0.0))
    assert min(((x - a) ** 2 + (y - b) ** 2) ** 0.5 for a, b in taken) >= CLEAR


@pytest.mark.browser
def test_the_ties_that_a_score_rests_on_are_listed_and_lit(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    page = investigator.page
    investigator.open(reference.subject, nodes=73)
    page.evaluate("id => Guanxi.selection.choose([id], {show: false})", reference.subject)
    drawer = page.locator("#inspector")
    drawer.get_by_role("button", name="为何此分").click()
    listed = drawer.locator(".why li")
    expect(drawer.locator(".why")).to_contain_text("去掉这")
    expect(drawer.locator(".why")).to_contain_text("由规则评分")
    assert 1 <= listed.count() <= 12
    expect(drawer.locator(".why ol")).to_contain_text("设备 ref***")
    lit_edges = investigator.cy("cy.edges('.why').length")
    assert lit_edges >= 1
    assert investigator.cy("cy.nodes('.found').length") >= 2
    assert investigator.cy("cy.nodes('.dim').length") > 40
    # The drawer is still that of the subject; whatever is chosen next puts the light out.
    expect(drawer.locator("h2")).to_contain_text("林")
    listed.first.locator("button").click()
    page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.edges('.why').length === 0")
    expect(drawer.locator("h2")).not_to_contain_text("林")
    # A device has no score of its own to explain.
    page.evaluate("id => Guanxi.selection.choose([id], {show: false})", reference.ids["d_device"])
    expect(drawer.locator("h2")).to_contain_text("ref***")
    expect(drawer.locator("[data-action=why]")).to_have_count(0)


@pytest.mark.browser
def test_a_place_off_the_canvas_is_drawn_and_undone(investigator: Investigator, reference: ReferenceProduct) -> None:
    """Opened at an application: most of what its customer's score rests on is not drawn there."""
    page = investigator.page
    investigator.open(reference.ids["phone18"], nodes=4)
    page.evaluate("id => Guanxi.selection.choose([id], {show: false})", reference.ids["application3"])
    page.locator("#inspector [data-action=why]").click()
    page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.edges('.why').length > 0")
    drawn = investigator.cy("cy.nodes().length")
    assert drawn > 4
    page.keyboard.press("Control+z")
    page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length === 4")

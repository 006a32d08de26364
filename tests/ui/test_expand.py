"""Expanding, collapsing and undoing on the screen: what is there never moves, and what was added goes again without a trace."""

import math

import pytest
from playwright.sync_api import expect

from tests.ui.browsing import Investigator
from tests.ui.conftest import ReferenceProduct

pytestmark = pytest.mark.browser

START = 4
ADDED = 25  # at once; the subject has one relationship more


@pytest.fixture
def phone(investigator: Investigator, reference: ReferenceProduct) -> Investigator:
    """A phone, the application made with it, and within two hops the subject and one delivery address."""
    investigator.open(reference.ids["phone18"], nodes=START)
    return investigator


def test_a_double_click_adds_neighbours_and_moves_nothing(phone: Investigator, reference: ReferenceProduct) -> None:
    phone.page.mouse.click(*phone.spot(reference.ids["application3"]))
    expect(phone.page.locator("#inspector")).to_be_visible()
    phone.page.wait_for_timeout(700)
    phone.page.keyboard.press("0")  # everything beside the open drawer
    phone.page.wait_for_timeout(500)
    before = phone.positions()
    seen_before = {node_id: phone.spot(node_id) for node_id in before}
    phone.double_click(reference.ids["subject"])
    phone.page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length > 4")
    after = phone.positions()
    assert {node_id: after[node_id] for node_id in before} == before
    for node_id, (x, y) in seen_before.items():
        now = phone.spot(node_id)
        assert math.hypot(now[0] - x, now[1] - y) <= 5
    assert len(after) == START + ADDED
    assert min(math.dist(one, two) for a, one in after.items() for b, two in after.items() if a < b) > 40


def test_collapsing_restores_the_canvas_exactly(phone: Investigator, reference: ReferenceProduct) -> None:
    before = phone.cy("cy.elements().map(e => [e.id(), e.data('label'), e.data('total') ?? null])")
    places = phone.positions()
    phone.double_click(reference.ids["subject"])
    phone.page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length > 4")
    # What was expanded from it goes with it.
    phone.page.evaluate("id => Guanxi.history.expand(id)", reference.ids["user1"])
    phone.page.wait_for_function(
        "n => document.getElementById('graph')._cyreg.cy.nodes().length > n", arg=START + ADDED
    )
    phone.page.evaluate("id => Guanxi.selection.choose([id], {show: false})", reference.ids["subject"])
    phone.page.keyboard.press("Shift+E")
    phone.page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length === 4")
    after = phone.cy("cy.elements().map(e => [e.id(), e.data('label'), e.data('total') ?? null])")
    assert sorted(after, key=str) == sorted(before, key=str)
    assert phone.positions() == places
    assert "expanded" not in phone.page.url


@pytest.mark.long
def test_undo_and_redo_walk_through_the_steps(phone: Investigator, reference: ReferenceProduct) -> None:
    empty, undo, redo = phone.elements(), phone.page.locator("#undo-button"), phone.page.locator("#redo-button")
    expect(undo).to_be_disabled()
    wait_for_more = "n => document.getElementById('graph')._cyreg.cy.elements().length > n"
    phone.double_click(reference.ids["subject"])
    phone.page.wait_for_function(wait_for_more, arg=len(empty))
    one = phone.elements()
    phone.page.evaluate("id => Guanxi.history.expand(id)", reference.ids["user1"])
    phone.page.wait_for_function(wait_for_more, arg=len(one))
    two = phone.elements()
    phone.page.keyboard.press("Control+z")
    phone.page.wait_for_function(
        "n => document.getElementById('graph')._cyreg.cy.elements().length === n", arg=len(one)
    )
    assert phone.elements() == one
    undo.click()
    phone.page.wait_for_function(
        "n => document.getElementById('graph')._cyreg.cy.elements().length === n", arg=len(empty)
    )
    assert phone.elements() == empty
    redo.click()
    phone.page.wait_for_function(
        "n => document.getElementById('graph')._cyreg.cy.elements().length === n", arg=len(one)
    )
    phone.page.keyboard.press("Control+Shift+Z")
    phone.page.wait_for_function(
        "n => document.getElementById('graph')._cyreg.cy.elements().length === n", arg=len(two)
    )
    assert phone.elements() == two


def test_undo_leaves_a_node_where_the_investigator_put_it(phone: Investigator, reference: ReferenceProduct) -> None:
    phone.double_click(reference.ids["subject"])
    phone.page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length > 4")
    x, y = phone.spot(reference.ids["application3"])
    phone.page.mouse.move(x, y)
    phone.page.mouse.down()
    phone.page.mouse.move(x + 40, y + 60, steps=5)
    phone.page.mouse.up()
    dragged = phone.positions()[reference.ids["application3"]]
    phone.page.wait_for_timeout(300)  # dash-cytoscape tells Dash of the new place after a tenth of a second
    phone.page.keyboard.press("Control+z")
    phone.page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length === 4")
    assert phone.positions()[reference.ids["application3"]] == pytest.approx(dragged)


def test_the_overview_counts_what_is_on_the_canvas_after_expanding(
    phone: Investigator, reference: ReferenceProduct
) -> None:
    expect(phone.page.locator("#overview tfoot td")).to_have_text(str(START))
    phone.double_click(reference.ids["subject"])
    expect(phone.page.locator("#overview tfoot td")).to_have_text(str(START + ADDED))
    counted = phone.overview()
    drawn = phone.cy("cy.nodes().map(n => n.data('grade'))")
    assert {grade: sum(cells.values()) for grade, cells in counted.items()} == {g: drawn.count(g) for g in set(drawn)}


def test_the_address_opens_the_expansions_again(phone: Investigator, reference: ReferenceProduct) -> None:
    phone.double_click(reference.ids["subject"])
    phone.page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length > 4")
    phone.page.wait_for_url("**expanded=**")
    elements = phone.elements()
    phone.page.reload()
    phone.wait_for_graph(START + ADDED)
    assert phone.elements() == elements
    phone.page.evaluate("id => Guanxi.selection.choose([id])", reference.ids["subject"])
    phone.page.keyboard.press("Shift+E")
    phone.page.wait_for_function("() => document.getElementById('graph')._cyreg.cy.nodes().length === 4")


def test_one_kind_of_relationship_is_expanded_from_the_drawer(phone: Investigator, reference: ReferenceProduct) -> None:
    phone.page.evaluate("id => Guanxi.selection.choose([id])", reference.ids["subject"])
    phone.page.locator("#inspector [data-action=expand][data-relationship=HAS_ADDRESS]").click()
    phone.wait_for_graph(START + 2)
    added = phone.cy("cy.nodes('[from]').map(n => n.data('type'))")
    assert added == ["Address", "Address"]
    expect(phone.page.locator("#inspector .degrees tr", has_text="居住").or_(
        phone.page.locator("#inspector .degrees tr", has_text="地址"))).to_contain_text("2 / 2")  # fmt: skip


def test_expanding_what_is_all_there_says_so(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    before = investigator.elements()
    investigator.double_click(reference.ids["user2"])
    expect(investigator.page.locator(".toast")).to_contain_text("没有新的邻居")
    assert investigator.elements() == before

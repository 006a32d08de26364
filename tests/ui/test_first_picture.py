"""What makes a page's first picture as quick as the next: a canvas that nobody sees is drawn on beforehand, and leaves nothing behind."""

import pytest
from playwright.sync_api import expect

from tests.ui.browsing import Investigator
from tests.ui.conftest import ReferenceProduct

pytestmark = pytest.mark.browser

# Milliseconds; a step waits for a page that has nothing to do, up to three seconds, and there are dozens.
WARMING = 120_000


def warmed(investigator: Investigator, how: str = "1") -> None:
    """The page has warmed up, to its end or not."""
    investigator.page.wait_for_selector("#page[data-warm]", state="attached", timeout=WARMING)
    expect(investigator.page.locator("#page")).to_have_attribute("data-warm", how)
    expect(investigator.page.locator(".unseen-canvas")).to_have_count(0)


def test_whoever_waits_at_the_start_page_finds_an_empty_canvas_and_then_the_same_graph_as_by_its_address(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.home()
    warmed(investigator)
    assert investigator.elements() == set()
    assert investigator.cy("cy.style().json().length") > 40  # the style sheet of the first picture is read
    investigator.search(reference.id_number)
    investigator.wait_for_graph()
    searched = investigator.elements()
    investigator.open(reference.subject)  # a page of its own, which had no time to warm up
    assert reference.subject in searched
    assert searched == investigator.elements()


def test_whoever_opens_a_graph_at_once_sees_that_alone(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.home()
    investigator.page.evaluate("id => Guanxi.openSubject(id)", reference.ids["phone18"])
    investigator.wait_for_graph(nodes=4)
    expect(investigator.page.locator(".unseen-canvas")).to_have_count(0)
    assert reference.ids["phone18"] in investigator.elements()


def test_a_page_that_fails_to_warm_up_leaves_nothing_behind_and_draws_all_the_same(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.page.add_init_script(
        """const idle = window.requestIdleCallback.bind(window);
        window.requestIdleCallback = (...wanted) => {
          if (document.querySelector(".unseen-canvas canvas")) throw new Error("the browser has no more memory");
          return idle(...wanted);
        };"""
    )
    investigator.home()
    warmed(investigator, "0")
    investigator.search(reference.id_number)
    investigator.wait_for_graph()
    assert reference.subject in investigator.elements()


def test_a_list_in_the_other_language_gives_the_canvas_its_words_too(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    """The style sheet that is in use already is not read again, but another one is."""
    investigator.home()
    warmed(investigator)
    investigator.page.click("[data-language=en]")
    expect(investigator.page.locator("#home-link")).to_have_attribute("aria-label", "Back to the start page")
    investigator.search(reference.id_number)
    investigator.wait_for_graph()
    named = investigator.cy(
        "(() => { const e = cy.edges('[!human]')[0]; e.select(); return [e.style('label'), e.data('en')]; })()"
    )
    assert named[0] == named[1]

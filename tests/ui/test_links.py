"""Links that an investigator draws: seen at once and told from source data, explained, changed, retracted, and left out again."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct, running_reference, session_of
from tests.ui.fake_api import FakeApi, star
from tests.ui.test_accessibility import serious

pytestmark = pytest.mark.browser

WHY = "两人使用同一份工资流水"
EDGES = "cy.edges('[?human]').map(e => [e.data('source'), e.data('target')].sort())"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceProduct]:
    """A product of its own: what is drawn here is seen by no other test."""
    with running_reference(tmp_path_factory.mktemp("links")) as running:
        yield running


@pytest.fixture(scope="module")
def session(product: ReferenceProduct) -> str:
    return session_of(product)


@pytest.fixture
def ida(browser: Browser, product: ReferenceProduct, session: str) -> Iterator[Investigator]:
    with investigating(browser, product.url) as who:
        who.have_session(session)
        yield who


def fill_in(who: Investigator, reason: str = WHY, evidence: str = "", expires: str = "") -> None:
    expect(who.page.locator("#link-dialog")).to_be_visible()
    who.page.fill("#link-reason", reason)
    if evidence:
        who.page.fill("#link-evidence", evidence)
    if expires:
        who.page.fill("#link-expires", expires)
    who.page.click("#link-confirm")


def select_two(who: Investigator, one: str, other: str) -> None:
    who.page.evaluate("ids => Guanxi.selection.choose(ids, {show: false})", [one, other])


def choose_link(who: Investigator) -> None:
    who.page.evaluate("Guanxi.selection.choose(Guanxi.canvas.cy().edges('[?human]').map(e => e.id()), {show: false})")


def draw(who: Investigator, one: str, other: str, **said: str) -> None:
    select_two(who, one, other)
    who.page.locator("#inspector [data-action=link]").click()
    fill_in(who, **said)
    expect(who.page.locator("#inspector .link-history")).to_be_visible()


def retract(who: Investigator, reason: str = "查明为笔误") -> None:
    who.page.locator("#inspector [data-action=retract]").click()
    fill_in(who, reason)
    expect(who.page.locator("#link-dialog")).to_be_hidden()


def test_a_link_between_two_selected_nodes_is_there_at_once_and_moves_nothing(
    ida: Investigator, product: ReferenceProduct
) -> None:
    ends = sorted([product.ids["user1"], product.ids["d_user"]])
    ida.open(product.subject, nodes=73)
    places, edges = ida.positions(), ida.cy("cy.edges().length")
    until = (datetime.now(UTC).date() + timedelta(days=90)).isoformat()
    draw(ida, *ends, evidence="2025-11 门店录像", expires=until)
    assert ida.cy(EDGES) == [ends]
    assert ida.positions() == places and ida.cy("cy.edges().length") == edges + 1
    drawer = ida.page.locator("#inspector")
    expect(drawer.locator("h2")).to_have_text("人工关联")
    for words in ("investigator", WHY, "2025-11 门店录像", until, "画上"):
        expect(drawer).to_contain_text(words)
    drawn = ida.cy("cy.edges('[?human]')[0].style('line-style')"), ida.cy("cy.edges('[?human]')[0].data('mark')")
    assert drawn == ("dashed", "I")
    ida.page.reload()
    ida.wait_for_graph(73)
    assert ida.cy(EDGES) == [ends] and ida.cy("cy.edges().length") == edges + 1
    choose_link(ida)
    retract(ida)
    assert ida.cy(EDGES) == []
    expect(drawer).to_be_hidden()
    ida.page.reload()
    ida.wait_for_graph(73)
    assert ida.cy("cy.edges().length") == edges


def test_the_link_tool_takes_the_next_two_nodes_that_are_clicked(ida: Investigator, product: ReferenceProduct) -> None:
    one, other = product.ids["user1"], product.ids["d_device"]
    ida.open(product.subject, nodes=73)
    tool, hint = ida.page.locator("#link-tool"), ida.page.locator("#link-hint")
    tool.click()
    expect(tool).to_have_attribute("aria-pressed", "true")
    expect(hint).to_contain_text("选择起点")
    ida.page.mouse.click(*ida.spot(one))
    expect(hint).to_contain_text("选择终点")
    expect(ida.page.locator("#inspector")).to_be_hidden()  # a drawer that opens now would cover where the link may end
    ida.page.mouse.click(*ida.spot(other))
    fill_in(ida, "看到")
    expect(ida.page.locator("#link-problem")).to_contain_text("4")
    fill_in(ida)
    expect(ida.page.locator(".toast")).to_contain_text("关联已画上")
    expect(ida.page.locator("#inspector .link-history")).to_contain_text(WHY)
    assert ida.cy(EDGES) == [sorted([one, other])]
    ida.page.locator(".toast-action", has_text="撤回").click()
    fill_in(ida, "点错了节点")
    expect(ida.page.locator(".toast").last).to_contain_text("已撤回")
    assert ida.cy(EDGES) == []


def test_a_link_is_drawn_read_and_retracted_without_a_mouse(ida: Investigator, product: ReferenceProduct) -> None:
    page = ida.page
    ida.open(product.subject, nodes=73)
    page.keyboard.press("t") if page.locator("#table-panel").get_attribute("data-open") == "0" else None
    names = page.locator("#table-rows .row-name")
    names.nth(1).focus()
    page.keyboard.press("r")
    expect(page.locator("#link-hint")).to_contain_text("选择起点")
    page.keyboard.press("Enter")
    expect(page.locator("#link-hint")).to_contain_text("选择终点")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#link-reason")).to_be_focused()
    page.keyboard.type("same handwriting")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector .link-history")).to_contain_text("same handwriting")
    names.nth(1).focus()
    page.keyboard.press("Enter")
    entry = page.locator("#inspector .named", has_text="investigator")
    entry.focus()
    page.keyboard.press("Enter")
    page.locator("#inspector [data-action=retract]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#link-reason")).to_be_focused()
    page.keyboard.type("not the same after all")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").last).to_contain_text("已撤回")
    assert ida.cy(EDGES) == []
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    expect(page.locator("#link-hint")).to_be_hidden()


def test_source_only_leaves_out_human_links_and_what_only_they_reach(
    ida: Investigator, product: ReferenceProduct
) -> None:
    phone = product.ids["phone18"]
    ida.open(phone, nodes=4)
    ida.page.evaluate("id => Guanxi.history.expand(id)", product.ids["subject"])
    ida.wait_for_graph(29)
    far = ida.cy("cy.nodes('[from]').filter(n => n.data('hop') !== 1).map(n => n.id())")[0]
    draw(ida, phone, far)
    ida.open(phone)
    with_links = ida.elements()
    assert far in with_links
    ida.page.click("#source-switch")
    ida.page.wait_for_url("**sourceOnly=1**")
    ida.wait_for_graph(4)
    expect(ida.page.locator("#source-switch")).to_have_attribute("aria-checked", "true")
    assert far not in ida.elements() and ida.cy(EDGES) == []
    expect(ida.page.locator("[data-find-human]")).to_have_count(0)
    ida.page.reload()
    ida.wait_for_graph(4)
    expect(ida.page.locator("#link-tool")).to_have_attribute("aria-disabled", "true")
    ida.page.keyboard.press("r")
    expect(ida.page.locator(".toast")).to_contain_text("请先关闭“仅看来源关系”")
    ida.page.keyboard.press("s")
    ida.page.wait_for_function(
        "n => document.getElementById('graph')._cyreg.cy.elements().length === n", arg=len(with_links)
    )
    assert ida.elements() == with_links
    ida.page.click("[data-find-human]")
    assert sorted(ida.cy("cy.nodes('.found').map(n => n.id())")) == sorted([phone, far])
    choose_link(ida)
    retract(ida)


def test_undo_and_redo_keep_what_the_server_keeps(ida: Investigator, product: ReferenceProduct) -> None:
    phone, subject = product.ids["phone18"], product.ids["subject"]
    ida.open(phone, nodes=4)
    ida.page.evaluate("id => Guanxi.history.expand(id)", subject)
    ida.wait_for_graph(29)
    draw(ida, phone, subject)
    ida.page.keyboard.press("Control+z")
    ida.wait_for_graph(4)
    assert ida.cy(EDGES) == [sorted([phone, subject])]
    choose_link(ida)
    retract(ida)
    ida.page.keyboard.press("Control+Shift+Z")
    ida.wait_for_graph(29)
    assert ida.cy(EDGES) == []


def test_a_colleague_adds_evidence_but_may_not_retract(
    browser: Browser, ida: Investigator, product: ReferenceProduct
) -> None:
    ends = product.ids["user2"], product.ids["user3"]
    ida.open(product.subject, nodes=73)
    draw(ida, *ends)
    with investigating(browser, product.url, locale="en-GB") as who:
        who.start(f"/subject/{product.subject}?lang=en", name="colleague")
        who.wait_for_graph(73)
        choose_link(who)
        drawer = who.page.locator("#inspector")
        drawer.locator("[data-action=annotate]").click()
        expect(who.page.locator("#link-reason")).to_have_value(WHY)
        fill_in(who, evidence="bank statement of March")
        expect(drawer).to_contain_text("bank statement of March")
        expect(drawer.locator(".link-history li")).to_have_count(2)
        expect(drawer.locator(".link-history li").first).to_contain_text("colleague")
        drawer.locator("[data-action=retract]").click()
        fill_in(who, "I don't believe it")
        expect(who.page.locator("#link-problem")).to_contain_text("Only its author or a supervisor may do this")
        assert who.cy("cy.edges('[?human]').length") == 1
    choose_link(ida)
    retract(ida)


def test_an_exported_relationship_says_who_drew_it(ida: Investigator, product: ReferenceProduct) -> None:
    ida.open(product.subject, "?lang=en", nodes=73)
    draw(ida, product.ids["user1"], product.ids["user2"])
    ida.page.click("#export-menu summary")
    with ida.page.expect_download() as saved:
        ida.page.click("#export-csv-edges")
    rows = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text("utf-8-sig"))))
    assert [row["relationship"] for row in rows if row["drawn by hand by"] == "investigator"] == ["drawn by hand"]
    assert {row["drawn by hand by"] for row in rows} == {"", "investigator"}
    retract(ida)


def test_who_may_not_edit_sees_links_but_nothing_to_draw_them_with(
    browser: Browser, ida: Investigator, product: ReferenceProduct
) -> None:
    ida.open(product.subject, nodes=73)
    draw(ida, product.ids["user1"], product.ids["user2"])
    with investigating(browser, product.url) as scientist:
        scientist.start(f"/subject/{product.subject}", name="scientist")
        scientist.wait_for_graph(73)
        choose_link(scientist)
        expect(scientist.page.locator("#inspector")).to_contain_text(WHY)
        scientist.page.keyboard.press("r")
        select_two(scientist, product.ids["user1"], product.ids["user2"])
        expect(scientist.page.locator("#inspector h2")).to_contain_text("2")
        for shown in (
            "#link-tool",
            "#link-dialog",
            "[data-action=link]",
            "[data-action=annotate]",
            "[data-action=retract]",
        ):
            assert scientist.page.locator(shown).count() == 0
        expect(scientist.page.locator("#link-hint")).to_be_hidden()
    choose_link(ida)
    retract(ida)


@pytest.mark.parametrize("query", ["", "?asOf=2025-01-31"])
def test_no_link_is_drawn_where_it_would_not_be_seen(
    browser: Browser, fake_product: tuple[FakeApi, str], query: str
) -> None:
    api, url = fake_product
    api.relation_graph = star(12 if query else 800)
    with investigating(browser, url, locale="en-GB") as who:
        who.start(f"/subject/subject{query}")
        who.wait_for_graph()
        tool = who.page.locator("#link-tool")
        expect(tool).to_have_attribute("aria-disabled", "true")
        expect(tool).to_have_attribute("title", "This is the graph of a day in the past. Go back to now, then draw the link."
                                       if query else "Overview mode is read-only: no links can be drawn. Centre on one of the nodes first.")  # fmt: skip
        tool.click(force=True)  # Playwright takes it for disabled; people may still ask why
        expect(who.page.locator(".toast")).to_be_visible()
        expect(who.page.locator("#link-hint")).to_be_hidden()


def test_a_refusal_stays_in_the_dialog_with_what_was_typed(browser: Browser, fake_product: tuple[FakeApi, str]) -> None:
    api, url = fake_product
    api.relation_graph, api.refused = star(12), {"DrawLink": "link.evidence"}
    with investigating(browser, url, locale="en-GB") as who:
        who.start("/subject/subject")
        who.wait_for_graph(13)
        select_two(who, "p00001", "p00002")
        who.page.locator("#inspector [data-action=link]").click()
        fill_in(who, evidence="a long story")
        expect(who.page.locator("#link-problem")).to_contain_text("The evidence is too long")
        expect(who.page.locator("#link-evidence")).to_have_value("a long story")
        api.refused = {}
        who.page.click("#link-confirm")
        expect(who.page.locator("#link-dialog")).to_be_hidden()
        assert who.cy(EDGES) == [["p00001", "p00002"]]


@pytest.mark.long
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_axe_finds_nothing_serious_while_drawing(browser: Browser, product: ReferenceProduct, lang: str) -> None:
    with investigating(browser, product.url, bypass_csp=True) as who:
        who.start(f"/subject/{product.subject}?lang={lang}")
        who.wait_for_graph(73)
        who.page.click("#link-tool")
        expect(who.page.locator("#link-hint")).to_be_visible()
        assert serious(who) == []
        who.page.click("#link-tool")
        select_two(who, product.ids["user1"], product.ids["user2"])
        who.page.locator("#inspector [data-action=link]").click()
        expect(who.page.locator("#link-dialog")).to_be_visible()
        assert serious(who) == []
        fill_in(who)
        expect(who.page.locator("#inspector .link-history")).to_be_visible()
        who.page.evaluate("Guanxi.clearToasts()")
        assert serious(who) == []
        who.page.evaluate("id => Guanxi.selection.choose([id])", product.ids["user1"])
        who.page.locator("#inspector [data-action=record]").click()
        expect(who.page.locator("#record-dialog")).to_be_visible()
        assert serious(who) == []
        who.page.keyboard.press("Escape")
        choose_link(who)
        retract(who)

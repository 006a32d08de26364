"""When something is down or over: words that say what to do next, nothing lost, and back to the same page."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import PASSWORD, investigating
from tests.ui.conftest import ReferenceProduct
from tests.ui.fake_api import FakeApi, serving
from tests.ui.processes import free_port, ui_server

pytestmark = pytest.mark.browser


def test_an_ended_session_asks_for_a_new_log_in_and_comes_back(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url) as who:
        who.start(f"/subject/{reference.subject}?lang=en")
        who.wait_for_graph(73)
        context = who.page.context
        cookie = next(c for c in context.cookies() if c["name"] == "guanxi_session")
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        context.add_cookies([{**cookie, "value": "of-yesterday"}])
        who.page.mouse.click(*who.spot(reference.ids["user1"]))
        dialog = who.page.locator("#session-dialog")
        expect(dialog).to_be_visible()
        dialog.locator("[data-log-in]").click()
        who.log_in()
        who.wait_for_graph(73)
        assert who.page.url.endswith(f"/subject/{reference.subject}?lang=en")


def test_logging_out_ends_the_session(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url) as who:
        who.start()
        who.page.click("#log-out")
        expect(who.page.locator(".login-message")).to_have_text("您已退出。")
        who.page.goto(f"{who.url}/subject/{reference.subject}")
        expect(who.page.locator("#username")).to_be_visible()
        assert [c for c in who.page.context.cookies() if c["name"] == "guanxi_session"] == []


def test_a_wrong_password_is_refused_without_saying_which_part_is_wrong(
    browser: Browser, reference: ReferenceProduct
) -> None:
    with investigating(browser, reference.url) as who:
        who.page.goto(who.url)
        for name in ("investigator", "nobody"):
            who.log_in(name, "wrong-password-1")
            expect(who.page.locator(".login-message")).to_have_text("用户名或密码不正确，请重新输入。")
            expect(who.page.locator("#username")).to_have_value(name)
        who.complaints.clear()  # the browser reports the 401 itself


@pytest.mark.long
def test_the_api_goes_down_and_comes_back(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    with ui_server(f"http://127.0.0.1:{port}", tmp_path) as url, investigating(browser, url) as who:
        who.page.goto(url)
        who.log_in()
        expect(who.page.locator(".login-message")).to_contain_text("连不上服务")
        who.complaints.clear()
        with serving(FakeApi(), port):
            who.log_in()
            expect(who.page.locator(".state.start")).to_be_visible()
        who.page.evaluate("Guanxi.openSubject('subject')")
        problem = who.page.locator(".state.problem")
        expect(problem).to_have_attribute("data-code", "api_down")
        with serving(FakeApi(), port):
            problem.locator("#retry-button").click()
            who.wait_for_graph(13)
        who.page.mouse.click(*who.spot("p00003"))
        expect(who.page.locator(".toast.problem")).to_have_attribute("data-code", "api_down")
        assert who.cy("cy.nodes().length") == 13  # what is on the screen stays


@pytest.mark.parametrize(
    ("code", "retry"),
    [("store_unavailable", True), ("overloaded", True), ("something_new", True), ("forbidden", False)],
)
def test_coded_errors_have_words_and_a_way_on(
    browser: Browser, fake_product: tuple[FakeApi, str], code: str, retry: bool
) -> None:
    api, url = fake_product
    with investigating(browser, url, locale="en-GB") as who:
        who.start()
        api.error = {"code": code}
        try:
            who.page.evaluate("Guanxi.openSubject('subject')")
            problem = who.page.locator(".state.problem")
            expect(problem).to_have_attribute("data-code", code)
            assert problem.locator("h1").inner_text() and problem.locator(".lead").inner_text()
            assert problem.locator("#retry-button").count() == int(retry)
        finally:
            api.error = None


def test_an_api_of_another_version_is_named(browser: Browser, fake_product: tuple[FakeApi, str]) -> None:
    api, url = fake_product
    graph = api.relation_graph
    with investigating(browser, url) as who:
        who.start()
        api.relation_graph = graph | {"nodes": [{"id": "x"}]}
        try:
            who.page.evaluate("Guanxi.openSubject('subject')")
            expect(who.page.locator(".state.problem")).to_have_attribute("data-code", "api_differs")
        finally:
            api.relation_graph = graph


def test_a_form_without_its_token_logs_nobody_in(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url) as who:
        who.page.goto(who.url)
        who.page.evaluate("document.querySelector('[name=csrf]').value = 'forged'")
        who.log_in(password=PASSWORD)
        expect(who.page.locator(".login-message")).to_contain_text("请再提交一次")
        assert [c for c in who.page.context.cookies() if c["name"] == "guanxi_session"] == []

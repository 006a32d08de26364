"""What the marketer's pages share: addresses read leniently, files fetched by the server that holds the session, sessions that end in a form."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from dash import html
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from investigator_ui.address import ViewAddress
from investigator_ui.app import create_app
from investigator_ui.callbacks.navigate import open_view
from investigator_ui.client import Api
from investigator_ui.contract import Me, dump, parse
from investigator_ui.errors import Refused
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.marketing import pages
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.canvas import dialogs
from investigator_ui.panels.inert import markup
from investigator_ui.panels.states import problem_page
from investigator_ui.panels.topbar import topbar
from investigator_ui.settings import Settings
from investigator_ui.view import Problem
from tests.ui.browsing import investigating
from tests.ui.fake_api import PASSWORD, SCHEMA, TOKEN, FakeApi
from tests.ui.marketing_answers import MARKETER, tag, with_tags
from tests.ui.processes import free_port
from tests.ui.test_panels import words_of

QUERIES = st.dictionaries(st.sampled_from(["q", "category", "state", "order", "tag", "after", "rows"]), st.text())
HEADS = ("/tags", "/segments", "/portraits", "/circles", "/audiences", "/subject/a1/tags")
PATHS = st.one_of(st.text(), st.builds(lambda head, rest: f"{head}/{rest}", st.sampled_from(HEADS), st.text()))


@given(st.one_of(st.sampled_from(HEADS), PATHS), QUERIES)
def test_any_address_is_read_and_what_it_asks_travels_to_the_browser_and_back(path: str, query: dict[str, str]) -> None:
    found = pages.asked_at(path, query)
    if found is not None:
        page, question = found
        assert parse(page.question, dump(question)) == question


def test_each_page_has_an_address_of_its_own_and_a_place_in_the_bar_by_rights() -> None:
    for page in pages.PAGES:
        if page.home:
            found = pages.asked_at(page.home, {})
            assert found is not None and found[0] is page
    marketer = Me("mei", "marketer", ("see_tags", "edit_tags", "market"))
    assert next(iter(pages.in_bar(marketer))).name == "tags"
    assert pages.in_bar(Me("engine", "risk_engine", ("assess", "see_risk"))) == []
    landing = pages.landing(marketer)
    assert landing is not None and landing.name == "tags"
    assert pages.landing(replace(marketer, rights=(*marketer.rights, "see_graph"))) is None


@pytest.mark.parametrize("path", ["/circles/nope", "/audiences/nope", "/tags/UPPER", "/nowhere", "/subject/"])
def test_a_mistyped_address_is_no_page_and_only_the_root_is_the_start(fake: FakeApi, path: str) -> None:
    user, schema, marketer = (
        Api(fake.url).as_user(TOKEN),
        parse(GraphSchema, SCHEMA),
        Me("mei", "marketer", tuple(MARKETER)),
    )
    with_tags(fake, [], MARKETER)
    with pytest.raises(Refused) as refused:
        open_view(user, ViewAddress.parse(path, "lang=en"), schema, me=marketer, moment=None)
    assert refused.value.code == "page.unknown" and fake.asked == []
    told = words_of(problem_page(Problem("page.unknown"), "zh"))
    assert "没有这个页面" in told and "回到首页" in told and "重试" not in told
    home, _ = open_view(user, ViewAddress.parse("/", ""), schema, me=marketer, moment=None)
    assert home.page is not None and home.page.name == "tags"


@pytest.mark.parametrize("of", ["tag", "segment", "circle", "audience"])
def test_what_is_not_there_leads_to_the_list_of_what_is(of: str) -> None:
    page = problem_page(Problem(f"{of}.unknown"), "en")
    assert f"/{of}s" in [link.href for link in page._traverse() if isinstance(link, html.A)]
    assert "Try again" not in words_of(page)


def test_what_is_laid_out_as_text_says_what_was_written_and_runs_nothing() -> None:
    name = '<img src=x onerror="alert(1)"> & "co"'
    row = html.Tr(
        [html.Th(name, scope="row", colSpan=2), html.Td(None), html.Td([html.Br(), 7])], title=name, hidden=False
    )
    made = markup(
        html.Div(row, className="a b", style={"backgroundColor": "red", "--icon": "url(x)"}, **attrs(data_row="1"))
    )
    said = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &quot;co&quot;"
    assert made == (
        f'<div class="a b" style="background-color:red;--icon:url(x)" data-row="1"><tr title="{said}"><th colspan="2" scope="row">{said}</th>'
        "<td></td><td><br>7</td></tr></div>"
    )


def test_keys_of_the_graph_are_told_to_who_sees_graphs() -> None:
    marketers, investigators = (
        words_of(dialogs("zh", may_see=see, may_edit=False, may_record=False, may_block=False)) for see in (False, True)
    )
    assert "关闭面板" in marketers and "展开所选节点" not in marketers and "滚轮" not in marketers
    assert "展开所选节点" in investigators and "滚轮" in investigators
    skip = words_of(topbar("zh", Me("mei", "marketer", tuple(MARKETER))))
    assert "跳到正文" in skip and "跳到关系图" not in skip


def test_a_page_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused):
        pages.named("nobodys")


@contextmanager
def logged_in(api_url: str) -> Iterator[FlaskClient]:
    """Somebody's browser at the UI's server, without scripts."""
    app = create_app(Settings(api_url=api_url))
    with app.server.test_client() as client:
        page = client.get("/login").get_data(as_text=True)
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
        client.post("/login", data={"username": "mei", "password": PASSWORD, "csrf": csrf})
        yield client


@pytest.mark.parametrize("wanted", ["/download/nobodys/file", "/download/tags/file"])
def test_only_files_that_a_page_offers_are_fetched(fake: FakeApi, wanted: str) -> None:
    with_tags(fake, [], MARKETER)
    with logged_in(fake.url) as client:
        answer = client.post(wanted, json={"path": "/tags", "query": "", "values": {}})
    assert answer.status_code == 422
    assert answer.get_json()["problem"]
    assert fake.asked == []


def test_nobody_fetches_a_file_without_a_session() -> None:
    app = create_app(Settings(api_url=f"http://127.0.0.1:{free_port()}"))
    answer = app.server.test_client().post("/download/audiences/members", json={})
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/login")


def test_a_session_that_ends_in_a_form_keeps_what_was_typed(
    browser: Browser, fake_product: tuple[FakeApi, str]
) -> None:
    api, url = fake_product
    with_tags(api, [tag("referrer")], MARKETER)
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.start()
        expect(page.locator("#tags-page")).to_be_visible()
        page.click("tr[data-row=referrer]")
        expect(page.locator("#tag-page")).to_be_visible()
        page.click("#home-link")
        expect(page.locator("tr[data-row=referrer]")).to_be_visible()
        assert page.url == f"{url}/tags"
        page.click("a[href='/tags/~new']")
        page.fill("#field-nameEn", "big spender")
        api.error = {"code": "unauthenticated"}
        try:
            page.fill("#field-rule", "degree(APPLIED) >= 2")
            expect(page.locator("#session-dialog")).to_be_visible()
        finally:
            api.error = None
        page.keyboard.press("Escape")
        expect(page.locator("#field-nameEn")).to_have_value("big spender")
        api.pages["PageCheckTag"] = lambda _: {
            "checkTag": {"valueType": "BOOL", "reads": ["APPLIED"], "risk": False, "population": 2000, "counts": [{"value": "true", "count": 40}]}
        }  # fmt: skip
        page.fill("#field-rule", "degree(APPLIED) >= 3")
        expect(page.locator("#rule-check")).to_contain_text("2.0%")
        page.click("[data-language=zh]")
        expect(page.locator("#tag-form-page h1")).to_have_text("新建标签")
        expect(page.locator("#field-nameEn")).to_have_value("big spender")
    api.pages, api.rights = {}, FakeApi().rights

"""Segments on screen: a marketer clicks a rule together, sees whom it reaches, computes it, compares two editions and takes the file home."""

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from investigator_ui.callbacks.pages import telling
from investigator_ui.marketing.segment_form import FormAsked
from investigator_ui.marketing.tag_words import by
from tests.ui.browsing import investigating
from tests.ui.processes import telling_api, ui_server
from tests.ui.test_accessibility import serious


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, set[str]]]:
    """The product over people of a circle, some of whom refused or are risky: its address, and who may not be in a file."""
    folder = tmp_path_factory.mktemp("segments")
    with telling_api("marketing_api", folder) as (url, told), ui_server(url, folder) as ui:
        yield ui, {*told["refused"], *told["risky"]}


def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("GUANXI_SHOTS")
    if folder:
        page.wait_for_timeout(400)  # the window comes to rest
        page.screenshot(path=Path(folder) / f"segment-{name}.png")


def test_the_form_takes_a_rule_from_its_address() -> None:
    assert FormAsked.parse("/segments/~new", {"rule": "tag(a)"}) == FormAsked(rule="tag(a)")
    assert FormAsked.parse("/segments/some/edit", {}) == FormAsked("some")
    assert FormAsked.parse("/segments/some", {}) is None and FormAsked.parse("/segments/No Code/edit", {}) is None


def test_what_only_the_api_knows_is_told_in_chinese_and_its_other_words_are_left_out() -> None:
    place = "At line 1, column 5: "
    for said, told in (
        (f"{place}There is no tag vip. Define it first, or ask `guanxi tags list`.", "没有标签 vip"),
        (f"{place}That is no property. Did you mean education?", "是不是 education？"),
        (f"{place}That is no node type. There are: Phone, Device.", "可用：Phone, Device"),
        ("The segment one is named by other, third. Change those first.", "引用它的有：other, third"),
        ("The segment one is named by others. Ask the risk team. Change those first.", ""),
        (f"{place}The texts of band have no order. Compare by = or <> or in.", "The texts of band have no order."),
        ("A segment's code is up to 40 small letters, digits and underscores, a letter first.", ""),
    ):
        assert telling(said).strip() == told


def test_what_is_no_person_is_not_called_one() -> None:
    assert by("user:a job (tags)", "zh") == "后台任务" and by("user:command line", "zh") == "命令行"
    assert by("user:marketer", "zh") == "marketer"


@pytest.mark.browser
def test_a_marketer_clicks_a_segment_together_and_takes_it_home(
    browser: Browser, product: tuple[str, set[str]]
) -> None:
    url, not_allowed = product
    with investigating(browser, url, bypass_csp=True) as who:
        page = who.page
        who.start("/segments", name="marketer")
        expect(page.locator("#segments-page .empty-title")).to_have_text("还没有用户群")
        page.click("a.button.primary")
        page.click("[data-focus='c-add']")
        page.select_option("[data-focus='c.0-what']", "degree")
        page.select_option("[data-focus='c.0-tie']", "REFERRED")
        page.select_option("[data-focus='c.0-way']", "in")
        expect(page.locator("#field-rule")).to_have_value("degree(REFERRED in) >= 1")
        expect(page.locator("#rule-check .reached")).to_contain_text("人符合全部条件")
        reached = page.locator("#rule-check .reached strong").inner_text()
        page.click("[data-focus='c-group']")
        page.click("[data-focus='c.1-add']")
        page.select_option("[data-focus='c.1.0-what']", "property:education")
        page.click("[data-focus='c.1-add']")
        page.select_option("[data-focus='c.1.1-what']", "property:first_seen")
        page.select_option("[data-focus='c.1.1-op']", "known")
        page.click(".page-form [type=submit]")
        expect(page.locator("#problem-name")).to_have_text("请填写")
        page.fill("#field-name", "被推荐的人")
        page.fill("#field-code", "referred")
        page.click(".page-form [type=submit]")
        expect(page.locator("#problem-rule")).to_have_text("有条件还没填完")
        page.check("[role=group] .ticks input >> nth=0")
        expect(page.locator("#field-rule")).to_have_value(
            'degree(REFERRED in) >= 1 and (education in ("primary") or first_seen is known)'
        )
        expect(page.locator("#rule-check .bars li")).to_have_count(3)
        assert page.locator("#rule-check .reached strong").inner_text() == reached
        page.click("[data-focus='c.1.0-not']")
        expect(page.locator("#field-rule")).to_have_value(
            'degree(REFERRED in) >= 1 and (not education in ("primary") or first_seen is known)'
        )
        assert serious(who) == []
        shoot(page, "builder")

        page.fill("#field-rule", "degree(REFERRED in >= 1")
        expect(page.locator("#problem-rule")).to_contain_text("第 1 行")
        page.fill("#field-rule", "degree(REFERRED in) >= 1")
        expect(page.locator(".builder .condition")).to_have_count(1)
        expect(page.locator("#problem-rule")).to_be_empty()
        page.click(".page-form [type=submit]")
        expect(page.locator("#segment-page h1")).to_have_text("被推荐的人")
        assert page.url == f"{who.url}/segments/referred"
        expect(page.locator(".page-notice")).to_contain_text("尚未计算")

        page.click("button[data-do=compute]")
        expect(page.locator(".edition-line")).to_have_count(1)
        page.click("form[data-do=reach] [type=submit]")
        expect(page.locator("#segment-reach")).to_contain_text("未通过")
        page.select_option("#field-format", "csv")
        with page.expect_download() as downloading:
            page.click("button[data-download=members]")
        rows = list(csv.DictReader(io.StringIO(Path(downloading.value.path()).read_text())))
        assert len(rows) >= 20 and {row["segment"] for row in rows} == {"referred"}
        assert not_allowed.isdisjoint(row["node_id"] for row in rows)
        shoot(page, "page")

        page.click("text=修改")
        expect(page.locator("#field-code")).to_have_attribute("readonly", "")
        page.fill(".builder input[type=number]", "2")
        expect(page.locator("#field-rule")).to_have_value("degree(REFERRED in) >= 2")
        page.click(".page-form [type=submit]")
        expect(page.locator(".page-notice")).to_contain_text("旧规则")
        page.click("button[data-do=compute]")
        expect(page.locator(".edition-line")).to_have_count(2)
        page.click("form[data-do=compare] [type=submit]")
        expect(page.locator("#segment-difference")).to_contain_text("第 1 期到第 2 期")
        assert serious(who) == []
        shoot(page, "compared")
        page.goto(f"{who.url}/segments")
        expect(page.locator("tr[data-row=referred]")).to_contain_text("第 2 期")

        def pressed_before_the_words(route: Route) -> None:
            if "dialogs.data-html" in (route.request.post_data or ""):
                page.click("button[data-do=delete]")
            route.continue_()

        page.route("**/_dash-update-component*", pressed_before_the_words)
        page.goto(f"{who.url}/segments/referred")
        page.click("#market-confirm")
        expect(page.locator("#segments-page .empty-title")).to_be_visible()


@pytest.mark.browser
def test_the_builder_has_its_words_when_its_address_is_opened_at_once(
    browser: Browser, product: tuple[str, set[str]]
) -> None:
    url, _ = product
    with investigating(browser, url) as who:
        page = who.page
        who.start("/segments", name="marketer")

        def words_come_last(route: Route) -> None:
            if "topbar.data-html" in (route.request.post_data or ""):
                expect(page.locator("#segment-builder")).to_be_attached()
            route.continue_()

        page.route("**/_dash-update-component*", words_come_last)
        page.goto(f"{who.url}/segments/~new")
        expect(page.locator(".builder [data-focus='c-mode'] option >> nth=0")).to_have_text("满足全部（且）")
        page.click("[data-focus='c-add']")
        page.select_option("[data-focus='c.0-what']", "degree")
        expect(page.locator("#field-rule")).to_have_value(re.compile("degree"))
        page.click("[data-language=en]")
        expect(page.locator(".builder [data-focus='c-mode'] option >> nth=0")).to_have_text("all of these (and)")
        expect(page.locator("[data-focus='c.0-what']")).to_have_value("degree")
        expect(page.locator(".builder")).not_to_contain_text("segments.script.")


@pytest.mark.browser
def test_what_saving_found_wrong_stays_while_the_rule_is_looked_at(
    browser: Browser, product: tuple[str, set[str]]
) -> None:
    url, _ = product
    with investigating(browser, url) as who:
        page = who.page
        who.start("/segments/~new", name="marketer")
        page.fill("#field-rule", "shared(Device by USES_DEVICE) >= 2")
        page.click(".page-form [type=submit]")
        expect(page.locator("#problem-name")).to_have_text("请填写")
        expect(page.locator("#rule-check")).to_contain_text("人符合全部条件")
        expect(page.locator("#problem-name")).to_have_text("请填写")
        expect(page.locator(".builder .condition")).to_contain_text("按规则文本保留")


@pytest.mark.browser
def test_a_tag_that_was_never_computed_is_told_of_and_one_that_is_named_is_not_deleted(
    browser: Browser, product: tuple[str, set[str]]
) -> None:
    url, _ = product
    with investigating(browser, url) as who:
        page = who.page
        who.start("/tags/~new", name="marketer")
        told = {"code": "friends", "nameZh": "推荐人", "nameEn": "referrer", "category": "社交", "subcategory": "推荐"}
        for name, value in {**told, "rule": "degree(REFERRED out) >= 1"}.items():
            page.fill(f"#field-{name}", value)
        page.click(".page-form [type=submit]")
        expect(page.locator("#tag-page h1")).to_have_text("推荐人")
        for name, code, rule in (("一群", "one", "tag(friends)"), ("另一群", "other", "segment(one)")):
            page.goto(f"{who.url}/segments/~new")
            page.fill("#field-rule", rule)
            expect(page.locator("#rule-check")).to_contain_text("标签“推荐人”还没有值")
            page.fill("#field-name", name)
            page.fill("#field-code", code)
            page.click(".page-form [type=submit]")
            expect(page.locator("#segment-page h1")).to_have_text(name)
            expect(page.locator("#segment-page")).to_contain_text("标签“推荐人”还没有值")
        page.goto(f"{who.url}/segments/one")
        expect(page.locator("#segment-page")).to_contain_text("有 1 个用户群引用它")
        assert page.locator("button[data-do=delete]").count() == 0
        expect(page.locator(".tag-chip").first).to_have_text("推荐人")
        page.click(".tag-chip >> text=另一群")
        expect(page.locator("button[data-do=delete]")).to_be_visible()

"""The portrait of one customer: from the graph to the tags that they have, to what one of them said before, and back again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import investigating
from tests.ui.fake_api import SEEN, TOKEN, FakeApi, Json
from tests.ui.test_accessibility import serious

pytestmark = pytest.mark.browser

READER = ["see_graph", "see_risk", "see_tags"]


def entry(code: str, value: str = "true", **changes: object) -> Json:
    made: Json = {
        "code": code, "nameZh": f"标签{code}", "nameEn": f"the {code}", "category": "社交", "subcategory": "推荐", "valueType": "BOOL",
        "value": value, "version": 2, "since": "2026-03-31", "computedAt": SEEN, "source": "a job (tags)",
    }  # fmt: skip
    return made | changes


def span(since: str, value: str | None) -> Json:
    return {"value": value, "since": since, "version": 1, "computedAt": SEEN, "source": "user:operator"}


@pytest.fixture
def tagged(fake_product: tuple[FakeApi, str]) -> Iterator[tuple[FakeApi, str]]:
    """Somebody with two tags, one of which said other things before."""
    api, url = fake_product
    node = {"id": "subject", "type": "Customer", "caption": "林**"}
    level = entry("level", "high", valueType="TEXT", category="行为", subcategory="申请")
    told = [span("2026-03-31", "high"), span("2026-03-20", None), span("2026-03-01", "some")]
    api.rights, api.asked = READER, []
    api.pages = {
        "PagePortrait": lambda _: {"subjectById": {"node": node, "portrait": [entry("referrer"), level]}},
        "PageTagHistory": lambda _: {"subjectById": {"tagHistory": told}},
    }
    yield api, url
    api.pages, api.refused, api.rights, api.portrait = {}, {}, FakeApi().rights, []


def test_the_relation_graph_names_the_subjects_tags_and_leads_to_each(
    browser: Browser, tagged: tuple[FakeApi, str]
) -> None:
    api, url = tagged
    level = entry("level", "high", valueType="TEXT", category="行为", subcategory="申请")
    risky = entry("risk_shares_device", nameZh="共用设备", nameEn="shares a device")
    api.portrait = [entry(f"tag_{place}") for place in range(7)] + [level, risky]
    with investigating(browser, url, locale="en-GB", bypass_csp=True) as who:
        page = who.page
        who.visit("/subject/subject", TOKEN)
        who.wait_for_graph(13)
        chips = page.locator(".subject-tags .chip")
        expect(chips).to_have_count(9)
        expect(chips.first).to_have_text("Shares a device")
        expect(page.locator(".subject-tags .chip.problem")).to_have_count(1)
        expect(chips.last).to_have_text("All 9 tags")
        api.portrait = [level]
        page.reload()
        who.wait_for_graph(13)
        expect(chips).to_have_text(["The level: high", "Portrait by tags"])
        title = chips.first.get_attribute("title") or ""
        assert title == "行为 › 申请 · high · since 2026-03-31 · version 2 · by a job"
        assert serious(who) == []
        chips.first.click()
        expect(page.locator("[aria-current=true] .portrait-name")).to_have_text("The level")


def test_an_investigator_reads_what_a_tag_said_before(browser: Browser, tagged: tuple[FakeApi, str]) -> None:
    api, url = tagged
    with investigating(browser, url, locale="en-GB", bypass_csp=True) as who:
        page = who.page
        who.visit("/subject/subject?asOf=2026-04-02", TOKEN)
        who.wait_for_graph(13)
        page.click("#rail a[href='/subject/subject/tags']")
        expect(page.locator("#portrait-page h1")).to_have_text("Tags of 林**")
        assert page.locator(".portrait-tag").all_inner_texts() == [
            "The referrer\nsince 2026-03-31", "The level\nhigh\nsince 2026-03-31",
        ]  # fmt: skip
        assert serious(who) == []
        page.click(".portrait-tag >> text=The level")
        history = page.locator(".portrait-history li strong")
        expect(history).to_have_text(["high", "Ended", "some"])
        expect(page.locator("[aria-current=true] .portrait-name")).to_have_text("The level")
        assert serious(who) == []
        asked = [variables for operation, variables in api.asked if operation == "PageTagHistory"][-1]
        assert asked == {"nodeId": "subject", "code": "level", "asOf": "2026-04-02T23:59:59.999999+08:00"}
        page.click(".page-back")
        who.wait_for_graph(13)
        assert "tag=" not in page.url and "asOf=2026-04-02" in page.url


def test_a_day_before_the_first_tag_has_none(browser: Browser, tagged: tuple[FakeApi, str]) -> None:
    api, url = tagged
    node = {"id": "subject", "type": "Customer", "caption": "林**"}
    api.pages["PagePortrait"] = lambda _: {"subjectById": {"node": node, "portrait": []}}
    with investigating(browser, url) as who:
        who.visit("/subject/subject/tags?asOf=2020-01-01", TOKEN)
        expect(who.page.locator(".page-empty")).to_contain_text("没有标签")
        expect(who.page.locator(".chip-time")).to_contain_text("2020-01-01")
        api.refused = {"PagePortrait": "not_known_then"}
        who.page.goto(f"{url}/subject/subject/tags?asOf=2019-01-01")
        expect(who.page.locator(".state.problem")).to_have_attribute("data-code", "not_known_then")


def test_a_marketer_never_reads_the_tags_of_one_person(browser: Browser, tagged: tuple[FakeApi, str]) -> None:
    api, url = tagged
    api.rights = ["see_tags", "edit_tags", "market"]
    with investigating(browser, url) as who:
        who.visit("/subject/subject/tags", TOKEN)
        expect(who.page.locator(".state.problem")).to_have_attribute("data-code", "forbidden")
        assert "PagePortrait" not in {operation for operation, _ in api.asked}

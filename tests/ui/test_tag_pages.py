"""The tag market, a tag's page and its form: a marketer's way from the log-in to a tag of their own, and every state that a tag can be in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct
from tests.ui.fake_api import TOKEN, FakeApi
from tests.ui.marketing_answers import MARKETER, OPERATOR, computation, figures, job, run, tag, with_tags
from tests.ui.test_accessibility import serious

pytestmark = pytest.mark.browser


@pytest.fixture
def market(fake_product: tuple[FakeApi, str]) -> Iterator[tuple[FakeApi, str]]:
    api, url = fake_product
    yield api, url
    api.pages, api.refused, api.rights = {}, {}, FakeApi().rights


def write(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"#field-{name}", value)


def test_a_marketer_makes_a_tag_changes_it_and_takes_it_away(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url, bypass_csp=True) as who:
        page = who.page
        who.start(name="marketer")
        expect(page.locator("#tags-page .empty-title")).to_have_text("还没有标签")
        assert page.url == f"{who.url}/tags"
        assert page.title() == "标签市场 · 关系"
        assert page.locator("#search").count() == 0
        page.click("a.button.primary")
        page.click(".page-form [type=submit]")
        expect(page.locator("#problem-code")).to_have_text("请填写")
        write(page, rule="degree(REFERRED out >= 1")
        expect(page.locator("#problem-rule")).to_contain_text("第 1 行第 21 列")
        assert serious(who) == []
        write(page, rule="tag(nobody)")
        expect(page.locator("#problem-rule")).to_contain_text("没有标签 nobody")
        expect(page.locator("#problem-rule")).not_to_contain_text("Define")
        expect(page.locator("#problem-code")).to_have_text("请填写")  # what saving found wrong stays
        write(page, rule="degree(REFERRED out) >= 1")
        expect(page.locator("#rule-check")).to_contain_text("少于 10")
        expect(page.locator("#problem-rule")).to_be_empty()
        write(page, code="Friends", nameZh="推荐人", nameEn="referrer", category="社交", subcategory="推荐")
        page.click(".page-form [type=submit]")
        expect(page.locator("#problem-code")).to_contain_text("代码不合规范")
        expect(page.locator("#field-code")).to_be_focused()
        write(page, code="friends")
        page.press("#field-code", "Enter")
        expect(page.locator("#tag-page h1")).to_have_text("推荐人")
        assert page.url == f"{who.url}/tags/friends"
        expect(page.locator(".page-notice")).to_contain_text("尚未计算")
        assert serious(who) == []

        page.click("text=修改")
        expect(page.locator("#field-code")).to_have_attribute("readonly", "")
        expect(page.locator("#rule-check")).to_contain_text("规则可用")
        write(page, rule='when degree(REFERRED out) >= 2 then "many"')
        expect(page.locator("#rule-check")).to_contain_text("规则给出“枚举”，而此标签是“是否”")
        expect(page.locator("#rule-check")).not_to_contain_text("规则可用")
        write(page, rule="degree(REFERRED out) >= 2")
        page.click(".page-form [type=submit]")
        expect(page.locator(".version-list li")).to_have_count(2)
        expect(page.locator(".page-head .chip").last).to_have_text("第 2 版")

        page.click("text=删除")
        expect(page.locator("#market-dialog")).to_be_visible()
        assert serious(who) == []
        page.click("#market-confirm")
        expect(page.locator("#tags-page .empty-title")).to_have_text("还没有标签")


def test_a_rule_over_risk_is_refused_where_it_is_written(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url, locale="en-GB") as who:
        who.start("/tags/~new", name="marketer")
        who.page.fill("#field-rule", "degree(REFERRED out) >= 1")
        expect(who.page.locator("#rule-check")).to_contain_text("The rule is good")
        who.page.fill("#field-rule", 'grade = "D"')
        expect(who.page.locator("#problem-rule")).to_contain_text("The rule reads risk")
        expect(who.page.locator("#rule-check")).not_to_contain_text("The rule is good")
        who.page.click(".page-form [type=submit]")
        expect(who.page.locator("#problem-code")).to_have_text("Please fill this in")
        expect(who.page.locator("#problem-rule")).to_contain_text("The rule reads risk")
        assert who.page.locator("#field-consent option").all_inner_texts() == ["Marketing", "Service"]


def test_the_market_tells_what_is_late_and_what_failed(browser: Browser, market: tuple[FakeApi, str]) -> None:
    api, url = market
    with_tags(
        api,
        [
            tag("referrer"),
            tag("broken", figures=figures(status="FAILED", errorCode="tag.failed", error="The store did not answer.")),
            tag("asleep", figures=figures(status="STUCK", stale=True)),
            tag("late", figures=figures(stale=True)),
            tag("fresh", figures=None, category="行为", subcategory="申请"),
            tag("rare", figures=figures(coverage=None), nameEn="rare ones"),
        ],
        MARKETER,
    )
    with investigating(browser, url, locale="en-GB", bypass_csp=True) as who:
        page = who.page
        who.visit("/tags", TOKEN)
        rows = page.locator("#tags-page tbody tr[data-row]")
        expect(rows).to_have_count(6)
        for code, words in (
            ("referrer", "6.0%"), ("broken", "The store did not answer."), ("asleep", "Stuck"), ("late", "Out of date"),
            ("fresh", "Not computed"), ("rare", "fewer than 10"),
        ):  # fmt: skip
            expect(page.locator(f"tr[data-row={code}]")).to_contain_text(words)
        assert serious(who) == []
        assert page.locator("button[data-do=compute]").count() == 0
        assert "Risk" not in page.locator("select[data-filter=consent] option").all_inner_texts()
        page.select_option("select[data-filter=state]", "trouble")
        expect(rows).to_have_count(2)
        page.click("#list-clear")
        page.click(".second .branch >> text=申请")
        expect(rows).to_have_count(1)
        assert "category=" in page.url and "subcategory=" in page.url
        page.click(".first .branch >> nth=0")
        page.fill("input[name=q]", "RARE")
        page.press("input[name=q]", "Enter")
        expect(rows).to_have_count(1)
        page.click("text=Rare ones")
        expect(page.locator("#tag-page h1")).to_have_text("Rare ones")
        assert "q=" not in page.url
        page.go_back()
        expect(rows).to_have_count(1)


def test_a_market_of_hundreds_opens_and_arrows_walk_its_rows(browser: Browser, market: tuple[FakeApi, str]) -> None:
    api, url = market
    with_tags(api, [tag(f"t{i:03}", category=f"c{i % 4}", nameEn=f"<b>{i}") for i in range(400)], MARKETER)
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.visit("/tags", TOKEN)
        names = page.locator("#tags-page .row-name")
        expect(names).to_have_count(400)
        expect(names.first).to_have_text("<b>0")
        names.nth(99).focus()
        page.keyboard.press("ArrowDown")  # into the next category
        expect(names.nth(100)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#tag-page h1")).to_have_text("<b>1")


def test_computing_now_shows_how_far_it_is_and_then_the_new_numbers(
    browser: Browser, market: tuple[FakeApi, str]
) -> None:
    api, url = market
    told = tag("referrer", figures=None)
    with_tags(api, [told], OPERATOR)
    steps = iter([job(), job(done=9)])

    def computed(_: object) -> dict[str, object]:
        told["figures"] = figures()
        return {"job": next(steps, job(status="DONE", message="11 tags"))}

    api.pages |= {"PageStartJob": lambda _: {"startJob": job()}, "PageJob": computed}
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.visit("/tags", TOKEN)
        page.click("button[data-do=compute]")
        page.click("#market-confirm")
        expect(page.locator(".page-progress")).to_contain_text("of 11")
        expect(page.locator(".toast")).to_contain_text("11 tags")
        expect(page.locator("tr[data-row=referrer]")).to_contain_text("6.0%")
        expect(page.locator(".page-progress")).to_be_hidden()
        api.refused = {"PageStartJob": "job.running"}
        page.click("button[data-do=compute]")
        page.click("#market-confirm")
        expect(page.locator("#market-problem")).to_contain_text("Another job is at work")


def test_a_tag_is_computed_on_its_page(browser: Browser, market: tuple[FakeApi, str]) -> None:
    api, url = market
    told = tag("referrer", nameEn="referrer", figures=None)
    with_tags(api, [told, tag("by_hand", kind="MANUAL", figures=None)], MARKETER)
    asked: list[object] = []
    steps = iter([job(total=1, done=0, codes=["referrer"])])

    def started(variables: object) -> dict[str, object]:
        asked.append(variables)
        return {"startJob": job(total=1, done=0, codes=["referrer"])}

    def computed(_: object) -> dict[str, object]:
        told["figures"] = figures()
        return {"job": next(steps, job(status="DONE", message="1 tag"))}

    api.pages |= {"PageStartJob": started, "PageJob": computed}
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.visit("/tags/referrer", TOKEN)
        expect(page.locator(".page-notice")).to_contain_text("“Compute now” does not wait")
        page.click("button[data-do=compute]")
        expect(page.locator(".page-progress")).to_contain_text("of 1")
        expect(page.locator(".spread-head")).to_contain_text("6.0%")
        expect(page.locator(".page-progress")).to_be_hidden()
        assert asked == [{"kind": "TAGS", "codes": ["referrer"]}]
        page.goto(f"{who.url}/tags/by_hand")
        expect(page.locator("#tag-page h1")).to_have_text("The by_hand")
        assert page.locator("button[data-do=compute]").count() == 0
        api.rights = ["see_tags"]
        page.goto(f"{who.url}/tags/referrer")
        expect(page.locator("#tag-page h1")).to_have_text("Referrer")
        assert page.locator("button[data-do=compute]").count() == 0


def test_a_tag_that_is_being_computed_says_so_and_only_who_may_stop_that_is_offered_it(
    browser: Browser, market: tuple[FakeApi, str]
) -> None:
    api, url = market
    with_tags(api, [tag("referrer", nameEn="referrer", figures=None)], MARKETER)
    at_work = job(total=5, done=2, codes=["referrer"], startedBy="somebody else")
    api.pages |= {"PageJobs": lambda _: {"jobs": [at_work]}, "PageJob": lambda _: {"job": at_work}}
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.visit("/tags/referrer", TOKEN)
        expect(page.locator(".page-progress")).to_contain_text("2 of 5")
        expect(page.locator(".page-progress [data-stop]")).to_be_hidden()
        api.rights = OPERATOR
        page.reload()
        expect(page.locator(".page-progress [data-stop]")).to_be_visible()
        api.rights = MARKETER
        at_work["startedBy"] = "investigator"
        page.reload()
        expect(page.locator(".page-progress [data-stop]")).to_be_visible()
        at_work["codes"] = []  # of all tags
        page.reload()
        expect(page.locator("#tag-page h1")).to_have_text("Referrer")
        expect(page.locator(".page-progress")).to_be_hidden()


def test_a_tag_that_others_read_says_which_and_is_not_deleted(browser: Browser, market: tuple[FakeApi, str]) -> None:
    api, url = market
    reads = tag("spreader", reads=["tag referrer", "Customer.education"], nameEn="spreader")
    with_tags(api, [tag("referrer", nameEn="referrer", dependants=["spreader"]), reads], MARKETER)
    api.refused = {"PageDeleteTag": "tag.in_use"}
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.visit("/tags/referrer", TOKEN)
        expect(page.locator("#tag-page")).to_contain_text("Tags and segments that read it: 1")
        assert page.locator("button[data-do=delete]").count() == 0
        page.click(".tag-chip >> text=Spreader")
        expect(page.locator("#tag-page h1")).to_have_text("Spreader")
        page.click("button[data-do=delete]")
        page.click("#market-confirm")
        expect(page.locator("#market-problem")).not_to_be_empty()
        page.keyboard.press("Escape")
        expect(page.locator("button[data-do=delete]")).to_be_focused()
        page.click(".tag-chip >> text=Referrer")
        expect(page.locator("#tag-page h1")).to_have_text("Referrer")


def test_every_night_of_a_tag_is_told_with_what_went_wrong(browser: Browser, market: tuple[FakeApi, str]) -> None:
    api, url = market
    killed = run(status="STUCK", baseDate="2026-03-29", heardAt="2025-03-01T02:03:00+00:00")
    failed = run(
        status="FAILED",
        baseDate="2026-03-30",
        coverage=None,
        changed=None,
        errorCode="tag.reads_failed",
        error="It reads what failed: a.",
    )
    told = tag("referrer", runs=[run(by="a job (tags)"), failed, killed], figures=figures(by="a job (tags)"))
    with_tags(api, [told], MARKETER)
    with investigating(browser, url, bypass_csp=True) as who:
        page = who.page
        who.visit("/tags/referrer", TOKEN)
        rows = page.locator(".tag-runs tbody tr")
        expect(rows).to_have_count(3)
        for place, said in enumerate(
            (
                ["2026-03-31", "6.0%", "15", "后台任务", "完成"],
                ["少于 10", "它读取的标签没有算成"],
                ["卡住", "3.0 分钟"],
            )
        ):
            for each in said:
                expect(rows.nth(place)).to_contain_text(each)
        expect(page.locator(".run-strip .run")).to_have_count(3)
        expect(page.locator(".run-strip .run").first).to_have_class("run stuck")  # the oldest
        assert serious(who) == []


def test_a_computed_tag_is_chosen_from_what_there_is_and_says_what_it_tells(
    browser: Browser, market: tuple[FakeApi, str]
) -> None:
    api, url = market
    sent: list[object] = []
    reach = computation("referral.reach")
    made = tag(
        "far", kind="COMPUTED", computation="referral.reach", rule="", valueType="NUMBER", figures=None, versions=[]
    )
    with_tags(api, [made], [*MARKETER, "see_risk"], [reach, computation("relations.ring_size", risk=True)])
    api.pages["PageDefineTag"] = lambda variables: (sent.append(variables["input"]), {"defineTag": {"code": "far"}})[1]
    with investigating(browser, url, locale="en-GB", bypass_csp=True) as who:
        page = who.page
        who.visit("/tags/~new", TOKEN)
        expect(page.locator("#field-rule")).to_be_visible()
        expect(page.locator("#field-computation")).to_be_hidden()
        page.select_option("#field-kind", "COMPUTED")
        expect(page.locator("#field-computation")).to_be_visible()
        for hidden in ("rule", "type", "valueType"):
            expect(page.locator(f"#field-{hidden}")).to_be_hidden()
        page.select_option("#field-computation", "relations.ring_size")
        expect(page.locator("#field-consent")).to_have_value("RISK")
        page.select_option("#field-computation", "referral.reach")
        expect(page.locator("[data-computation='referral.reach']")).to_contain_text("it tells referral.reach")
        expect(page.locator("[data-computation='relations.ring_size']")).to_be_hidden()
        page.select_option("#field-consent", "MARKETING")
        write(page, code="far", nameZh="触达", nameEn="reach", category="社交", subcategory="推荐")
        assert serious(who) == []
        page.click(".page-form [type=submit]")
        expect(page.locator("#tag-page h1")).to_have_text("The far")
        expect(page.locator("#tag-page")).to_contain_text("it tells referral.reach")
        assert serious(who) == []
    (input,) = sent
    assert isinstance(input, dict)
    assert {name: input[name] for name in ("kind", "computation", "rule", "valueType", "consent")} == {
        "kind": "COMPUTED", "computation": "referral.reach", "rule": "", "valueType": None, "consent": "MARKETING",
    }  # fmt: skip


def test_a_tag_that_is_given_says_how_and_is_changed_without_a_rule(
    browser: Browser, market: tuple[FakeApi, str]
) -> None:
    api, url = market
    given = tag("tier", kind="IMPORTED", rule="", reads=[], figures=None, schedule="MANUAL", versions=[])
    with_tags(api, [given], MARKETER)
    api.pages["PageChangeTag"] = lambda _: {"changeTag": {"code": "tier"}}
    with investigating(browser, url, locale="en-GB") as who:
        page = who.page
        who.visit("/tags/tier", TOKEN)
        expect(page.locator(".page-notice")).to_contain_text("guanxi tags import tier")
        assert page.locator("#tag-page .rule").count() == 0
        page.click("text=Edit")
        expect(page.locator("#field-kind")).to_be_disabled()
        expect(page.locator("#field-kind")).to_have_value("IMPORTED")
        expect(page.locator("#field-rule")).to_be_hidden()
        expect(page.locator("#field-schedule")).to_be_hidden()
        page.click(".page-form [type=submit]")
        expect(page.locator("#tag-page h1")).to_have_text("The tier")


def test_who_may_not_see_tags_is_told_so_and_an_unknown_tag_is_not_there(
    browser: Browser, market: tuple[FakeApi, str]
) -> None:
    api, url = market
    with investigating(browser, url) as who:
        api.rights = ["see_graph"]
        who.visit("/tags", TOKEN)
        expect(who.page.locator(".state.problem")).to_have_attribute("data-code", "forbidden")
        with_tags(api, [], MARKETER)
        who.page.goto(f"{url}/tags/nobody")
        expect(who.page.locator(".state.problem")).to_have_attribute("data-code", "tag.unknown")
        expect(who.page.locator(".state.problem")).to_contain_text("请从标签市场打开")
        assert who.page.locator("#retry-button").count() == 0
        who.page.click(".state.problem a.button")
        expect(who.page.locator("#tags-page")).to_be_visible()


def test_an_investigator_finds_tags_in_the_menu_and_keeps_the_search(investigator: Investigator) -> None:
    page = investigator.page
    investigator.home()
    page.click(".pages-menu summary")
    page.click(".pages-menu a[data-page='/tags']")
    expect(page.locator("#tags-page")).to_be_visible()
    expect(page.locator(".pages-menu")).not_to_have_attribute("open", "")
    expect(page.locator("#search")).to_be_visible()
    assert page.locator("a.button.primary").count() == 0

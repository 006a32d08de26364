"""A marketer's afternoon in a browser: a tag of their own, a segment by it, a circle chosen, a seed audience drawn from it and grown by look-alikes,
the files of both; then what the supervisor sees of it.
Screenshots go to GUANXI_SHOTS."""

import csv
import io
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.browsing import PASSWORD, Investigator, investigating
from tests.ui.processes import telling_api, ui_server
from tests.ui.test_accessibility import serious

pytestmark = [pytest.mark.browser, pytest.mark.long]


@dataclass(frozen=True)
class Product:
    """The running product, and who in its circle is who, by node id; `keys` are the ID numbers."""

    url: str
    api_url: str
    circle: frozenset[str]
    everybody: frozenset[str]
    refused: frozenset[str]
    risky: frozenset[str]
    keys: tuple[str, ...]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("marketing")
    with telling_api("marketing_api", folder) as (url, told), ui_server(url, folder) as ui:
        who = {name: frozenset(told[name]) for name in ("circle", "everybody", "refused", "risky")}
        yield Product(ui, url, **who, keys=tuple(told["keys"]))


def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("GUANXI_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(400)  # the window comes to rest
        page.screenshot(path=Path(folder) / f"marketer-{name}.png")


def make_a_tag(who: Investigator) -> None:
    page = who.page
    page.goto(f"{who.url}/tags/~new")
    page.fill("#field-rule", 'education in ("bachelor", "master")')
    expect(page.locator("#rule-check")).to_contain_text("规则可用")
    fields = {"code": "graduate", "nameZh": "大学毕业", "nameEn": "graduate", "category": "人口", "subcategory": "学历"}
    for name, value in fields.items():
        page.fill(f"#field-{name}", value)
    page.click(".page-form [type=submit]")
    expect(page.locator("#tag-page h1")).to_have_text("大学毕业")


def compute_tags(api_url: str) -> None:
    """As the operator's daily job does."""
    credentials = {"username": "operator", "password": PASSWORD}
    with httpx.Client(base_url=api_url, timeout=30) as api:
        token = api.post("/auth/login", json=credentials).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}

        def ask(query: str) -> Any:
            return api.post("/graphql", json={"query": query}, headers=headers).json()["data"]

        job = ask("mutation { startJob(kind: TAGS) { id status } }")["startJob"]
        until = time.monotonic() + 60
        while job["status"] in ("QUEUED", "RUNNING"):
            assert time.monotonic() < until, job
            time.sleep(0.2)
            job = ask(f'{{ job(id: "{job["id"]}") {{ id status }} }}')["job"]
        assert job["status"] == "DONE"


def make_a_segment(who: Investigator) -> set[str]:
    """Everybody with the tag; who of them is handed out for a text message."""
    page = who.page
    page.goto(f"{who.url}/segments/~new")
    page.fill("#field-rule", "tag(graduate)")
    expect(page.locator("#rule-check .reached")).to_contain_text("70")
    page.fill("#field-name", "毕业生")
    page.fill("#field-code", "graduates")
    page.click(".page-form [type=submit]")
    expect(page.locator("#segment-page h1")).to_have_text("毕业生")
    page.click("button[data-do=compute]")
    expect(page.locator(".edition-line")).to_have_count(1)
    page.select_option("#field-format", "csv")
    with page.expect_download() as saved:
        page.click("button[data-download=members]")
    return {row["node_id"] for row in csv.DictReader(io.StringIO(Path(saved.value.path()).read_text("utf-8")))}


def draw_from_the_circle(who: Investigator, name: str, *, grow: int = 0) -> None:
    page = who.page
    page.goto(f"{who.url}/circles")
    row = page.locator(".circles tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("40")
    shoot(page, "circles")
    row.locator("[data-choose]").click()
    expect(page.locator(".chosen")).to_contain_text("已选 1 个圈")
    shoot(page, "chosen")
    page.click(".chosen a.button")
    expect(page.locator("#audience-form-page")).to_contain_text("40 人")
    page.click("#audience-form-page button[type=submit]")
    expect(page.locator("#problem-name")).to_have_text("请填写")
    page.fill("#field-name", name)
    page.fill("#field-purpose", "老带新")
    page.click("#audience-form-page button[type=submit]")
    expect(page.locator("#problem-purpose")).to_contain_text("4 至 500 字")
    page.fill("#field-purpose", "春季老带新活动")
    page.fill("#field-grow", str(grow or ""))
    shoot(page, "studio")
    page.click("#audience-form-page button[type=submit]")
    expect(page.locator("#page-title")).to_have_text(name)
    expect(page.locator("#audience-page")).to_contain_text("第 1 版")


def downloaded(page: Page, label: str) -> str:
    with page.expect_download() as saved:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(saved.value.path()).read_text("utf-8")


def test_from_a_circle_to_a_file_without_anybody_who_said_no_or_is_risky(browser: Browser, product: Product) -> None:
    with investigating(browser, product.url, bypass_csp=True) as marketer:
        marketer.start("/", name="marketer")
        page = marketer.page
        make_a_tag(marketer)
        compute_tags(product.api_url)
        graduates = make_a_segment(marketer)
        assert len(graduates) >= 20 and graduates <= product.everybody - product.refused - product.risky
        page.click("a[href='/circles']")
        expect(page.locator("#circles-page")).to_contain_text("少于 10 不显示")
        page.click(".circles .row-name")
        expect(page.locator(".levels tbody tr")).to_have_count(2)
        assert page.locator("#circle-canvas, .circle-tree, .key-members").count() == 0, "people are not a marketer's"
        shoot(page, "circle")
        draw_from_the_circle(marketer, "春季", grow=15)
        expect(page.locator("#audience-page")).to_contain_text("不说明谁因何未入选")
        expect(page.locator("#audience-page")).to_contain_text("大学毕业")
        assert page.locator("text=逐项排除").count() == 0
        shoot(page, "audience")
        rows = list(csv.DictReader(io.StringIO(downloaded(page, "CSV"))))
        handed = {row["node_id"] for row in rows}
        assert len(handed) == len(rows) >= 20 and handed <= product.everybody
        assert len(handed - product.circle) == 15, "as many look-alikes as were asked for"
        assert handed & product.refused == set(), "nobody without consent"
        assert handed & product.risky == set(), "nobody of grade C or D"
        assert list(rows[0]) == ["node_id", "audience", "version", "channel"]
        lines = downloaded(page, "JSON Lines").splitlines()
        assert {json.loads(line)["node_id"] for line in lines} == handed
        page.click("[data-do=redraw]")
        page.click("#market-confirm")
        expect(page.locator(".versions tbody tr")).to_have_count(2)
        page.goto(f"{product.url}/audiences")
        expect(page.locator(".audiences tbody tr")).to_have_count(1)
        shoot(page, "audiences")
        assert serious(marketer) == []
        page.goto(f"{product.url}/circles")
        expect(page.locator(".circles tbody tr")).to_have_count(1)
        assert serious(marketer) == []
        page.goto(f"{product.url}/audiences/~new")
        expect(page.locator("#field-spreaders")).to_be_visible()
        assert serious(marketer) == []
        assert not any(key in page.content() for key in product.keys)


def test_the_supervisor_sees_every_reason_and_withdraws(browser: Browser, product: Product) -> None:
    with investigating(browser, product.url, bypass_csp=True) as supervisor:
        supervisor.start("/circles", name="supervisor")
        page = supervisor.page
        page.click(".circles .row-name")
        expect(page.locator(".circle-tree tbody tr")).to_have_count(40)
        expect(page.locator("#circle-page")).to_contain_text("循环推荐 2")
        shoot(page, "supervisor-tree")
        assert serious(supervisor) == []
        page.get_by_role("link", name="图", exact=True).click()
        expect(page.locator(".circle-canvas[data-drawn]")).to_be_visible()
        shoot(page, "supervisor-graph")
        assert serious(supervisor) == []
        drawn = page.evaluate("document.getElementById('circle-canvas')._cyreg.cy.nodes().map(n => n.id())")
        assert set(drawn) == product.circle
        pixels = page.evaluate(
            """(() => { const live = document.getElementById('circle-canvas')._cyreg.cy; live.zoom(0.2);
            return live.nodes('[weighty = 1]').map(n => n.numericStyle('font-size') * live.zoom()); })()"""
        )
        assert pixels and min(pixels) > 11.9, "who brought somebody is read by name, from however far"
        draw_from_the_circle(supervisor, "给主管看的")
        bars = page.locator("#audience-page .bars")
        for reason in ("未同意此渠道", "风险等级 C 或 D"):
            expect(bars).to_contain_text(reason)
        shoot(page, "supervisor-audience")
        assert serious(supervisor) == []
        named = list(csv.DictReader(io.StringIO(downloaded(page, "CSV（含脱敏姓名）"))))
        assert "caption" in named[0]
        page.click("[data-do=withdraw]")
        page.fill("#market-reason", "发现其中有团伙成员")
        page.click("#market-confirm")
        expect(page.locator("#audience-page .page-notice.problem")).to_contain_text("已撤回")
        expect(page.locator("#audience-page")).to_contain_text("发现其中有团伙成员")
        assert page.get_by_role("button", name="CSV", exact=True).count() == 0


def test_an_investigator_sees_circles_and_their_signs_and_no_audience(browser: Browser, product: Product) -> None:
    with investigating(browser, product.url, locale="en-GB") as investigator:
        investigator.start("/circles", name="investigator")
        page = investigator.page
        expect(page.locator("[data-choose]")).to_have_count(0)
        page.click(".circles .row-name")
        expect(page.locator("#circle-page")).to_contain_text("A sign, not a verdict.")
        page.goto(f"{product.url}/audiences")
        expect(page.locator(".state.problem")).to_have_attribute("data-code", "forbidden")
        page.goto(f"{product.url}/circles/circle-{'f' * 16}")
        expect(page.locator(".state.problem")).to_have_attribute("data-code", "circle.unknown")

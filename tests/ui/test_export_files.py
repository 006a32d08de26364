"""Export and reveal: files hold exactly what is on the canvas, masked; a revealed value is seen for a while and nowhere else."""

import csv
import io
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct

pytestmark = pytest.mark.browser


def download(who: Investigator, item: str) -> tuple[str, bytes]:
    who.page.click("#export-menu summary")
    with who.page.expect_download() as saved:
        who.page.click(item)
    return saved.value.suggested_filename, Path(saved.value.path()).read_bytes()


def test_the_csv_holds_the_nodes_of_the_canvas_masked(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    name, content = download(investigator, "#export-csv")
    assert name == f"guanxi-nodes-{reference.subject}.csv"
    assert content.startswith(b"\xef\xbb\xbf")  # or Excel reads Chinese as something else
    text = content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["节点编号"] for row in rows} == set(investigator.cy("cy.nodes().map(n => n.id())"))
    assert [row["节点编号"] for row in rows if row["主节点"] == "是"] == [reference.subject]
    assert [value for value in reference.personal if value in text] == []


def test_the_csv_of_relationships_holds_the_edges_of_the_canvas(
    investigator: Investigator, reference: ReferenceProduct
) -> None:
    investigator.open(reference.subject, "?lang=en", nodes=73)
    _, content = download(investigator, "#export-csv-edges")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == investigator.cy("cy.edges().length")
    assert {"guarantees", "uses device", "referred"} <= {row["relationship"] for row in rows}


def test_the_picture_is_a_png_of_a_useful_size(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    name, content = download(investigator, "#export-png")
    assert name == f"guanxi-graph-{reference.subject}.png"
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert width > 1500 and height > 1000


def test_revealing_needs_a_reason_and_ends_by_itself(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.subject, nodes=73)
    page, slot = investigator.page, investigator.page.locator(f"[data-slot='{reference.subject}|id_number']")
    masked = slot.inner_text()
    assert reference.id_number not in page.content()
    page.click("#rail [data-reveal][data-property=id_number]")
    page.fill("#reveal-reason", "看看")
    page.click("#reveal-confirm")
    expect(page.locator("#reveal-problem")).to_contain_text("4")
    page.fill("#reveal-reason", "核对申请人身份")
    page.keyboard.press("Enter")
    expect(slot.locator("strong")).to_have_text(reference.id_number)
    expect(slot.locator(".countdown")).to_contain_text("立即脱敏")
    slot.locator(".countdown").click()
    expect(slot).to_have_text(masked)
    assert reference.id_number not in page.content()


def test_a_role_without_the_rights_can_neither_reveal_nor_export(browser: Browser, reference: ReferenceProduct) -> None:
    with investigating(browser, reference.url) as scientist:
        scientist.start(f"/subject/{reference.subject}", name="scientist")
        scientist.wait_for_graph(73)
        expect(scientist.page.locator("#rail .value.masked").first).to_be_visible()
        assert scientist.page.locator("[data-reveal]").count() == 0
        assert scientist.page.locator("#export-csv, #export-png").count() == 0
        scientist.page.evaluate("Guanxi.tell('ask-export', {data: {what: 'nodes', subject: 'x', n: 1}})")
        expect(scientist.page.locator(".toast.problem")).to_have_attribute("data-code", "forbidden")

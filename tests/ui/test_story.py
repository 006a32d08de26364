"""The investigator's whole story in a browser, on a generated portfolio that was ingested and scored as `make demo` does it:
log in → search → graph → overview → expand → full graph → language → export. Screenshots go to GUANXI_SHOTS."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.processes import ROOT, free_port, process, ui_server

pytestmark = [pytest.mark.browser, pytest.mark.long]

CUSTOMERS = 1_500
SIZES = {"laptop": (1366, 768), "desk": (1920, 1080)}


@dataclass(frozen=True)
class Demo:
    """The running demo: whom it says to search, and the investigator's password."""

    url: str
    password: str
    clean: str
    ring: str
    hub: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo")
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "demo",
        "--customers",
        str(CUSTOMERS),
        "--home",
        str(home),
        "--no-serve",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GUANXI_")} | {"COLUMNS": "200"}
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert made.returncode == 0, made.stderr[-2000:]
    cases = re.findall(r"(\d{17}[\dX])\s+(clean customer|ring member|customer on a hub)", made.stdout)
    number = {what: id_number for id_number, what in cases}
    address = re.search(r"--store (\S+)", made.stdout)
    assert address is not None
    port = free_port()
    serve = ["api.cli", "serve", "--home", str(home), "--store", address[1], "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    password = json.loads((home / "demo-logins.json").read_text())["investigator"]
    with process(serve, log=home / "api.log", ready=f"{url}/healthz"), ui_server(url, home) as ui:
        yield Demo(ui, password, number["clean customer"], number["ring member"], number["customer on a hub"])


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("GUANXI_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("size", SIZES)
def test_from_a_number_to_an_exported_ring(browser: Browser, demo: Demo, shots: Path, size: str) -> None:
    width, height = SIZES[size]
    with investigating(browser, demo.url, viewport={"width": width, "height": height}) as who:
        page = who.page

        def shot(name: str) -> None:
            page.wait_for_timeout(500)  # the window comes to rest
            page.screenshot(path=shots / f"{size}-{name}.png")

        page.goto(demo.url)
        shot("1-log-in")
        who.log_in(password=demo.password)
        expect(page.locator(".figure").first).to_have_text(f"{CUSTOMERS:,}")
        shot("2-start")

        who.search(demo.ring)
        who.wait_for_graph()
        expect(page.locator("#section-risk .grade-large")).to_have_text("D")
        assert page.locator(".reasons li").count() >= 2
        shot("3-ring-member")
        drawn = Counter(who.cy("cy.nodes().map(n => n.data('grade'))"))
        assert {grade: sum(cells.values()) for grade, cells in who.overview().items()} == drawn

        row = page.locator("#overview-D [data-find-type=Customer][data-find-subject='0']")
        row.click()
        found = who.cy("cy.nodes('.found').length")
        assert str(found) == row.locator("xpath=ancestor::tr").locator("td").inner_text()
        shot("4-found")
        page.keyboard.press("Escape")

        expand_somebody(who, shot)

        page.keyboard.press("g")
        page.wait_for_url("**full=1**")
        expect(page.locator("#full-switch")).to_have_attribute("aria-checked", "true")
        who.wait_for_graph()
        shot("6-whole-ring")

        page.click("[data-language=en]")
        expect(page.locator("#section-overview h2")).to_have_text("Investigation overview")
        shot("7-english")

        page.click("#export-menu summary")
        with page.expect_download() as saved:
            page.click("#export-csv")
        rows = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text("utf-8-sig"))))
        assert len(rows) == who.cy("cy.nodes().length")
        assert Counter(row["grade"] or "-" for row in rows) == Counter(who.cy("cy.nodes().map(n => n.data('grade'))"))
        assert demo.ring not in page.content()

        who.search(demo.hub)
        page.wait_for_url(lambda url: "full=1" not in url)
        who.wait_for_graph()
        expect(page.locator(".notice-omitted")).to_be_visible()
        page.click(".notice-omitted summary")
        shot("8-hub")


def expand_somebody(who: Investigator, shot) -> None:
    """Double-clicks the first other customer who has more relationships than are drawn."""
    chosen = who.cy(
        "(n => n && n.id())(cy.nodes('[type = \"Customer\"][!subject]').filter("
        "n => n.data('degree') > n.connectedEdges().length)[0])"
    )
    assert chosen is not None
    before = who.positions()
    who.double_click(chosen)
    who.page.wait_for_function("n => document.getElementById('graph')._cyreg.cy.nodes().length > n", arg=len(before))
    after = who.positions()
    assert {node_id: after[node_id] for node_id in before} == before
    expect(who.page.locator("#inspector .degrees")).to_be_visible()
    shot("5-expanded")

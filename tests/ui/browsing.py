"""A person at the screen: log-in, search, what the canvas shows. Used by the browser tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, expect

PASSWORD = "correct-horse-battery"
PATIENCE = 30_000  # milliseconds; machines that run tests are busy

# Not ours to change: dash-cytoscape always passes a wheel sensitivity.
ACCEPTED = ("custom wheel sensitivity",)


@dataclass
class Investigator:
    """A page, and everything that a browser complained about on it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def log_in(self, name: str = "investigator", password: str = PASSWORD) -> None:
        self.page.fill("#username", name)
        self.page.fill("#password", password)
        self.page.click("button[type=submit]")

    def have_session(self, token: str) -> None:
        self.page.context.add_cookies(
            [{"name": "guanxi_session", "value": token, "url": self.url, "httpOnly": True, "sameSite": "Strict"}]
        )

    def home(self, query: str = "") -> None:
        self.page.goto(f"{self.url}/{query}")
        expect(self.page.locator(".state.start")).to_be_visible()

    def start(self, path: str = "/", name: str = "investigator") -> None:
        self.page.goto(self.url + path)
        self.log_in(name)
        expect(self.page.locator("#topbar .user-name")).to_have_text(name)

    def visit(self, path: str, token: str) -> None:
        """With a session, as somebody who logged in before."""
        self.have_session(token)
        self.page.goto(self.url + path)
        expect(self.page.locator("#topbar .user-name")).not_to_be_empty()

    def search(self, text: str) -> None:
        if self.page.url == "about:blank":
            self.home()
        self.page.fill("#search", text)
        self.page.press("#search", "Enter")

    def wait_for_graph(self, nodes: int | None = None) -> None:
        """With the panels beside it, which come after it."""
        self.page.wait_for_selector("#page[data-state=graph][data-drawn]", timeout=PATIENCE)
        for panel in ("#rail-top", "#overview", "#legend"):
            self.page.wait_for_selector(f"{panel} > *", state="attached", timeout=PATIENCE)
        if nodes is not None:
            self.page.wait_for_function(
                "n => document.getElementById('graph')._cyreg.cy.nodes().length === n", arg=nodes
            )

    def open(self, node_id: str, query: str = "", nodes: int | None = None) -> None:
        self.page.goto(f"{self.url}/subject/{node_id}{query}")
        self.wait_for_graph(nodes)

    def cy(self, expression: str) -> Any:
        """The value of an expression over `cy`, Cytoscape's live instance."""
        return self.page.evaluate(
            f"() => {{ const cy = document.getElementById('graph')._cyreg.cy; return {expression}; }}"
        )

    def positions(self) -> dict[str, tuple[float, float]]:
        places = self.cy("Object.fromEntries(cy.nodes().map(n => [n.id(), [n.position('x'), n.position('y')]]))")
        return {node_id: (x, y) for node_id, (x, y) in places.items()}

    def elements(self) -> set[str]:
        return set(self.cy("cy.elements().map(e => e.id())"))

    def selected(self) -> list[str]:
        return sorted(self.cy("cy.nodes(':selected').map(n => n.id())"))

    def spot(self, node_id: str) -> tuple[float, float]:
        """Where a node is on the screen."""
        at = self.page.evaluate(
            """id => { const cy = document.getElementById('graph')._cyreg.cy;
                 const box = cy.container().getBoundingClientRect(), at = cy.getElementById(id).renderedPosition();
                 return [box.x + at.x, box.y + at.y]; }""",
            node_id,
        )
        return at[0], at[1]

    def double_click(self, node_id: str) -> None:
        """As the browser's own events at that spot: sent one by one from here, a busy machine would make two clicks of them."""
        x, y = self.spot(node_id)
        self.page.evaluate(
            """([x, y]) => {
              const target = document.elementFromPoint(x, y);
              const send = type => target.dispatchEvent(new MouseEvent(type, {
                bubbles: true, cancelable: true, clientX: x, clientY: y, button: 0, buttons: type === "mousedown" ? 1 : 0 }));
              ["mousemove", "mousedown", "mouseup", "mousedown", "mouseup"].forEach(send);
            }""",
            [x, y],
        )

    def overview(self) -> dict[str, dict[str, int]]:
        """Grade → caption → count, as the panel says; every grade is opened first."""
        rows: dict[str, dict[str, int]] = {}
        for body in self.page.locator("#overview tbody").all():
            grade = str(body.get_attribute("id")).removeprefix("overview-")
            fold = body.locator(".fold")
            if fold.get_attribute("aria-expanded") == "false":
                fold.click()
            cells = body.locator("tr.type-row").all()
            rows[grade] = {
                c.locator("th").inner_text().strip(): int(c.locator("td").inner_text().replace(",", "")) for c in cells
            }
        return rows


@contextmanager
def investigating(browser: Browser, url: str, *, locale: str = "zh-CN", **options: Any) -> Iterator[Investigator]:
    """A fresh browser profile. Fails at the end where the page raised an error or the console showed one."""
    context = browser.new_context(
        viewport=options.pop("viewport", {"width": 1366, "height": 768}), locale=locale, **options
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    who = Investigator(page, url)
    page.on("pageerror", lambda error: who.complaints.append(f"page: {error}"))
    page.on("console", lambda line: who.complaints.append(line.text) if line.type == "error" else None)
    try:
        yield who
        assert [text for text in who.complaints if not any(known in text for known in ACCEPTED)] == []
    finally:
        context.close()

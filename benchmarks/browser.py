"""What a person waits for, measured in a real browser: a subject's graph, an expansion, the full graph of a thousand and of five thousand nodes.

    python -m benchmarks.browser --rounds 5 --sizes 36 240 1220

Components of so many customers (about four nodes and eight relationships each) are loaded, then the API and the pages are started as processes.
Times run from the click until the frame after everything is drawn. Beside them: CPU of the page's main thread, its longest task, CPU of both servers,
and the page's memory. The peer gets the very same elements: a plain dash-cytoscape page that lays them out in the browser with `cose`, as its
guide shows it; above --peer-most nodes it is left out, as its page does not answer for minutes. With --store ADDRESS subjects of that graph, which
is only read, are opened and expanded as well: each first one in a new browser profile, --pause seconds after its start page stands (nobody finds and
sends a number sooner; 0 is the worst that a program could do), then a second one on the same page.
"""

import argparse
import json
import logging
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.ui.browsing import PASSWORD
from tests.ui.processes import free_port
from tests.ui.reference_api import TOLD

FLAGS = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-sync")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
Measured = dict[str, float]

# Runs in the page: `act`, then until `there` holds, then two frames. Milliseconds, and the longest time for which nothing else could run.
TIMED = """async ([act, there, patience]) => {
  const longest = {value: 0};
  const watcher = new PerformanceObserver(list => list.getEntries().forEach(e => { longest.value = Math.max(longest.value, e.duration); }));
  watcher.observe({type: 'longtask'});
  const holds = new Function('return ' + there), begun = performance.now();
  new Function(act)();
  while (!holds()) {
    if (performance.now() - begun > patience) { watcher.disconnect(); return null; }
    await new Promise(done => setTimeout(done, 8));
  }
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const wall = performance.now() - begun;
  await new Promise(done => setTimeout(done, 50));
  watcher.disconnect();
  return [wall, longest.value];
}"""
CY = "document.getElementById('graph')._cyreg.cy"
PEER_CY = "document.getElementById('peer')?._cyreg?.cy"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="*", default=[36, 240, 1220], help="customers of each component")
    parser.add_argument("--peer-most", type=int, default=1_000, help="nodes up to which the peer is measured")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--store", help="address of a graph whose subjects are opened too; it is only read")
    parser.add_argument(
        "--pause", type=float, default=2.0, help="seconds between a start page of --store and its first subject"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", nargs=3, metavar=("HOME", "PORT", "STORE"), help=argparse.SUPPRESS)
    parser.add_argument("--serve-peer", nargs=2, metavar=("ELEMENTS", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        _serve(Path(options.serve[0]), int(options.serve[1]), options.serve[2])
    elif options.serve_peer is not None:
        _serve_peer(Path(options.serve_peer[0]), int(options.serve_peer[1]))
    else:
        _measure_all(options)


def _measure_all(options: argparse.Namespace) -> None:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("No browser is installed: apt-get install chromium.")
    results: dict[str, list[Measured | None]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        home = Path(folder)
        if options.sizes:
            _component_rounds(browser, home, options, results)
        if options.store is not None:
            _store_rounds(browser, home, options, results)
        browser.close()
    print(_table(results, options))


def _component_rounds(
    browser: Browser, home: Path, options: argparse.Namespace, results: dict[str, list[Measured | None]]
) -> None:
    specs = [str(size) for size in options.sizes]
    begin = ["tests.ui.large_api", str(home / "home")]
    with _product(home, begin, specs) as (url, pids):
        told = json.loads((home / "home" / TOLD).read_text(encoding="utf-8"))
        page = _logged_in(browser, url)
        for _ in range(options.rounds):
            for spec in specs:
                _subject_round(page, pids, told[spec]["subject"], spec, results)
        elements = {spec: _elements(page, told[spec]["subject"]) for spec in specs}
        page.close()
    if not options.no_peer:
        for spec in specs:
            _peer_rounds(browser, home, spec, elements[spec], options, results)


# --- one round --------------------------------------------------------------------------------------------------------


def _subject_round(
    page: Page, pids: Sequence[int], node: str, size: str, results: dict[str, list[Measured | None]]
) -> None:
    opened = _act(page, pids, f"Guanxi.openSubject('{node}')", _drawn(node, full=False))
    _note(page, results, f"{_shown(page)} opened", opened)
    _note(page, results, "expansion", _expanded(page, pids))
    full = _act(page, pids, "document.getElementById('full-switch').click()", _drawn(node, full=True))
    _note(page, results, f"full graph: {_shown(page)}", full)


def _drawn(node: str, *, full: bool) -> str:
    return f"(document.getElementById('page').dataset.drawn ?? '').startsWith('{node}|{int(full)}|')"


def _expanded(page: Page, pids: Sequence[int]) -> Measured | None:
    """The node on the rim that has most relationships which are not drawn."""
    node = page.evaluate(
        f"{CY}.nodes().filter(n => !n.data('subject')).max(n => n.data('degree') - n.connectedEdges().length).ele.id()"
    )
    before = page.evaluate(f"{CY}.nodes().length")
    there = f"{CY}.nodes().length > {before} || document.querySelector('.toast')"
    return _act(page, pids, f"Guanxi.clearToasts(); Guanxi.history.expand('{node}')", there)


def _shown(page: Page) -> str:
    nodes, edges = page.evaluate(f"[{CY}.nodes().length, {CY}.edges().length]")
    return f"{nodes:,} nodes, {edges:,} relationships"


def _note(page: Page, results: dict[str, list[Measured | None]], name: str, measured: Measured | None) -> None:
    if measured is not None:
        page.wait_for_timeout(1_000)  # what goes on in the background is not the next one's
    results.setdefault(name, []).append(measured)
    told = "given up" if measured is None else ", ".join(f"{what} {value:,.0f}" for what, value in measured.items())
    print(f"{name}: {told}", file=sys.stderr, flush=True)


def _act(page: Page, pids: Sequence[int], act: str, there: str, patience: float = 120.0) -> Measured | None:
    """None where patience ended."""
    watcher = page.context.new_cdp_session(page)
    watcher.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, servers = _page_metrics(watcher), _cpu(pids)
    found = page.evaluate(TIMED, [act, there, patience * 1_000])
    after = _page_metrics(watcher)
    if found is None:
        return None
    watcher.send("HeapProfiler.collectGarbage")
    return {
        "wall ms": found[0],
        "longest task ms": found[1],
        "page CPU ms": (after["TaskDuration"] - before["TaskDuration"]) * 1_000,
        "server CPU ms": (_cpu(pids) - servers) * 1_000,
        "page MB": _page_metrics(watcher)["JSHeapUsedSize"] / 1e6,
    }


def _page_metrics(watcher: CDPSession) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in watcher.send("Performance.getMetrics")["metrics"]}


def _cpu(pids: Sequence[int]) -> float:
    """CPU seconds of processes so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


# --- ours -------------------------------------------------------------------------------------------------------------


@contextmanager
def _process(arguments: Sequence[str], ready: str, more: Mapping[str, str]) -> Iterator[int]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUANXI_")}
    running = subprocess.Popen([sys.executable, "-m", *arguments], env=kept | dict(more), stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 600
        while not _answers(ready):
            if running.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{arguments[0]} does not answer at {ready}.")
            time.sleep(0.2)
        yield running.pid
    finally:
        running.terminate()
        running.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@contextmanager
def _product(folder: Path, begin: Sequence[str], end: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    api_port, ui_port = free_port(), free_port()
    api, ui = f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{ui_port}"
    # A busy machine is to be slow here, not to give up.
    patient = {"GUANXI_RATE_CAPACITY": "100000000", "GUANXI_OPERATION_SECONDS": "120"}
    settings = {"GUANXI_API_URL": api, "GUANXI_UI_PORT": str(ui_port), "GUANXI_API_TIMEOUT_SECONDS": "120"}
    with (
        _process([*begin, str(api_port), *end], f"{api}/healthz", patient) as served,
        _process(["investigator_ui"], f"{ui}/healthz", settings) as pages,
    ):
        yield ui, [served, pages]


def _logged_in(browser: Browser, url: str) -> Page:
    page: Page = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    page.fill("#username", "investigator")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".state.start")
    return page


def _elements(page: Page, node: str) -> list[dict[str, Any]]:
    """The full graph as the peer gets it: without places."""
    _act(page, [], f"Guanxi.go({{pathname: '/subject/{node}', query: {{full: '1'}}}})", _drawn(node, full=True))
    found: list[dict[str, Any]] = page.evaluate(f"{CY}.elements().map(e => ({{data: e.data()}}))")
    return found


def _store_rounds(
    browser: Browser, folder: Path, options: argparse.Namespace, results: dict[str, list[Measured | None]]
) -> None:
    from graph_model.predicates import EVERYTHING
    from graph_model.stores import open_store

    store = open_store(options.store, read_only=True)
    people = store.select("Customer", EVERYTHING, limit=2_000)
    store.close()
    chosen = random.Random(options.seed).sample(people, 10 * options.rounds)
    with _product(folder, ["benchmarks.browser", "--serve", str(folder / "other")], [options.store]) as (url, pids):
        for pair in zip(chosen[::2], chosen[1::2], strict=True):
            page = _logged_in(browser, url)
            page.wait_for_timeout(options.pause * 1_000)
            for person, which in zip(pair, ("the first of its page", "a later one"), strict=True):
                act = f"Guanxi.openSubject('{person.node_id}')"
                opened = _act(page, pids, act, _drawn(person.node_id, full=False))
                _note(page, results, f"that store: opened, {which}", opened)
            _note(page, results, "that store: expansion", _expanded(page, pids))
            page.context.close()


def _serve(home: Path, port: int, store: str) -> None:
    import uvicorn

    from api.app import create_app
    from api.settings import Settings
    from api.users import Users
    from graph_model.principal import Role

    home.mkdir(parents=True, exist_ok=True)
    Users(home).add("investigator", Role.INVESTIGATOR, PASSWORD, now=datetime.now(UTC))
    settings = Settings(home=home, store=store, api_port=port, log_level="warning", read_only=True, compile_ahead=False)
    uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_level="warning", ws="none")


# --- the peer ---------------------------------------------------------------------------------------------------------


def _peer_rounds(
    browser: Browser,
    folder: Path,
    spec: str,
    elements: list[dict[str, Any]],
    options: argparse.Namespace,
    results: dict[str, list[Measured | None]],
) -> None:
    nodes = sum("source" not in element["data"] for element in elements)
    if nodes > options.peer_most:
        return
    name = f"peer: {nodes:,} nodes, {len(elements) - nodes:,} relationships"
    file, port = folder / f"peer-{spec}.json", free_port()
    file.write_text(json.dumps(elements), encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    with _process(["benchmarks.browser", "--serve-peer", str(file), str(port)], f"{url}/", {}) as served:
        for _ in range(options.rounds):
            page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
            page.goto(url)
            page.wait_for_selector("#show")
            moved = f"{PEER_CY}.nodes().some(node => node.position('x') !== 0)"  # it is laid out before anything else can run
            there = f"{PEER_CY}?.elements().length === {len(elements)} && {moved}"
            act = "document.getElementById('show').click()"
            measured = _act(page, [served], act, there, 600.0)
            _note(page, results, name, measured)
            page.context.close()


def _serve_peer(file: Path, port: int) -> None:
    import dash_cytoscape as cyto
    from dash import Dash, Input, Output, html
    from dash.development.base_component import Component

    elements = json.loads(file.read_text(encoding="utf-8"))
    app = Dash("peer")
    app.layout = html.Div([html.Button("show", id="show"), html.Div(id="there")])

    @app.callback(Output("there", "children"), Input("show", "n_clicks"), prevent_initial_call=True)
    def show(_: int) -> Component:
        size = {"width": "1300px", "height": "680px"}
        return cyto.Cytoscape(id="peer", elements=elements, layout={"name": "cose", "animate": False}, style=size)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run(port=str(port), debug=False)


# --- the table --------------------------------------------------------------------------------------------------------


def _table(results: Mapping[str, Sequence[Measured | None]], options: argparse.Namespace) -> str:
    measures = ("wall ms", "page CPU ms", "server CPU ms", "longest task ms", "page MB")
    lines = [
        f"{options.rounds} rounds; median, p95 (least to greatest); load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        "",
        f"| | {' | '.join(measures)} |",
        f"|---|{'--:|' * len(measures)}",
    ]
    for name, rounds in results.items():
        done = [measured for measured in rounds if measured is not None]
        cells = [
            _cell([measured[measure] for measured in done]) if len(done) > 0 else "given up" for measure in measures
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
    return f"{statistics.median(ordered):,.0f}, {p95:,.0f} ({ordered[0]:,.0f} to {ordered[-1]:,.0f})"


if __name__ == "__main__":
    main()

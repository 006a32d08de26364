"""A pytest plugin: no response, page, URL, log or output of the whole run holds a personal number in clear, or the run fails at its end."""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.privacy import hooks
from tests.privacy.recorder import FOLDER, Recorder

KEY = pytest.StashKey[Recorder]()
SHOWN = 30


def pytest_configure(config: pytest.Config) -> None:
    folder = Path(tempfile.mkdtemp(prefix="privacy-scan-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ[FOLDER] = str(folder)
    recorder = config.stash[KEY] = Recorder(folder)
    hooks.install(recorder)
    hooks.install_clients(recorder)
    if importlib.util.find_spec("playwright") is not None:
        hooks.watch_browser(recorder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.config.stash[KEY].begin(item.nodeid)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """What pytest captured of a test: its log, and what it and its servers printed."""
    report = yield
    for title, content in report.sections:
        item.config.stash[KEY].see(content, source="output", place=title)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    recorder = session.config.stash[KEY]
    recorder.begin("(after the tests)")
    base = getattr(session.config, "_tmp_path_factory", None)
    if base is not None:
        for log in base.getbasetemp().rglob("*.log"):
            recorder.see(log.read_bytes(), source="log", place=f"{log.parent.name}/{log.name}")
    if recorder.finds() and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    recorder = config.stash[KEY]
    finds = recorder.finds()
    if not finds:
        return
    terminalreporter.section(f"personal data in clear: {len(finds)} found", red=True)
    for find in finds[:SHOWN]:
        terminalreporter.write_line(str(find), red=True)

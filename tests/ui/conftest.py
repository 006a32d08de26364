"""Fixtures of the UI's tests: a browser, the real API over the reference case with the real UI, and a UI over a fake API."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.ui.browsing import PASSWORD, PATIENCE, Investigator, investigating
from tests.ui.fake_api import FakeApi, serving
from tests.ui.processes import telling_api, ui_server

FLAGS = (
    "--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class ReferenceProduct:
    """The running product over the reference case."""

    url: str
    api_url: str
    subject: str
    id_number: str
    ids: dict[str, str]
    personal: tuple[str, ...]


def _browser_path() -> str | None:
    named = os.environ.get("GUANXI_TEST_BROWSER")
    return shutil.which(named) if named else next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = _browser_path()
    if path is None:
        reason = "no browser: install chromium, or set GUANXI_TEST_BROWSER"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason} (CI=true: the browser tests must run)")
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceProduct]:
    with running_reference(tmp_path_factory.mktemp("reference")) as running:
        yield running


@contextmanager
def running_reference(folder: Path) -> Iterator[ReferenceProduct]:
    with telling_api("reference_api", folder) as (api_url, told), ui_server(api_url, folder) as url:
        ids = told["ids"]
        assert isinstance(ids, dict)
        personal = told["personal"]
        assert isinstance(personal, list)
        yield ReferenceProduct(url, api_url, str(told["subject"]), str(told["id_number"]), ids, tuple(personal))


def session_of(product: ReferenceProduct, name: str = "investigator") -> str:
    """The token of a session, so that not every test has to log in."""
    credentials = {"username": name, "password": PASSWORD}
    return str(httpx.post(f"{product.api_url}/auth/login", json=credentials, timeout=30).json()["token"])


@pytest.fixture(scope="session")
def token(reference: ReferenceProduct) -> str:
    return session_of(reference)


@pytest.fixture
def investigator(browser: Browser, reference: ReferenceProduct, token: str) -> Iterator[Investigator]:
    """Logged in, in Chinese, nothing opened yet."""
    with investigating(browser, reference.url) as who:
        who.have_session(token)
        yield who


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with serving(FakeApi()) as api:
        yield api


@pytest.fixture(scope="module")
def fake_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeApi, str]]:
    """The real UI over a fake API; tests set what it answers."""
    folder: Path = tmp_path_factory.mktemp("fake")
    with serving(FakeApi()) as api, ui_server(api.url, folder) as url:
        yield api, url

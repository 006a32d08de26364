"""Single sign-on through all four: a browser's HTTP client, the UI's server, the API and a provider with keys of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.settings import Settings as ApiSettings
from graph_model.stores import open_store
from investigator_ui.app import create_app
from investigator_ui.settings import Settings
from tests.api.conftest import ServerThread
from tests.api.fake_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, providing
from tests.ui.fake_api import FakeApi
from tests.ui.processes import free_port

DONE = "http://localhost/login/sso/done"


@dataclass
class Walk:
    pages: FlaskClient
    provider: FakeProvider
    api: str

    def to_provider(self, wanted: str = "/") -> str:
        """The browser at the API, on its way to the provider."""
        begun = self.pages.get("/login/sso", query_string={"next": wanted})
        assert begun.status_code == 302
        return begun.headers["Location"]

    def through(self, start: str) -> str:
        """From the API to the provider and back, until the API sends the browser to the UI."""
        with httpx.Client(verify=False) as browser:
            at_provider = browser.get(start).headers["location"]
            back = browser.get(at_provider).headers["location"]
            return browser.get(back).headers["location"]

    def come_back(self, address: str) -> TestResponse:
        assert address.startswith(f"{DONE}?")
        return self.pages.get("/login/sso/done", query_string=urlsplit(address).query)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeProvider, str]]:
    with providing() as provider:
        port = free_port()
        settings = ApiSettings(
            home=tmp_path_factory.mktemp("home"),
            oidc_issuer=provider.url,
            oidc_name="Example bank",
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
            oidc_role_map={"fraud-desk": "investigator"},
            oidc_return_to=(DONE,),
            api_public_url=f"http://127.0.0.1:{port}",
        )
        open_store(settings.store_address, create=True).close()
        with ServerThread(settings, port=port) as url:
            yield provider, url


@pytest.fixture
def walk(served: tuple[FakeProvider, str]) -> Iterator[Walk]:
    provider, url = served
    provider.changed = {}
    with create_app(Settings(api_url=url)).server.test_client() as pages:
        yield Walk(pages, provider, url)


def test_the_log_in_page_offers_it_by_name_and_it_ends_where_one_wanted_to_go(walk: Walk) -> None:
    page = walk.pages.get("/login?lang=en&next=/subject/a1").get_data(as_text=True)
    assert "Log in with Example bank" in page and 'href="/login/sso?next=/subject/a1"' in page
    done = walk.come_back(walk.through(walk.to_provider("/subject/a1")))
    assert (done.status_code, done.headers["Location"]) == (302, "/subject/a1")
    session = next(line for line in done.headers.getlist("Set-Cookie") if line.startswith("guanxi_session="))
    assert "HttpOnly" in session and "SameSite=Strict" in session and "Max-Age=" in session
    assert walk.pages.get_cookie("guanxi_walk") is None
    token = walk.pages.get_cookie("guanxi_session")
    assert token is not None
    me = httpx.post(
        f"{walk.api}/graphql",
        json={"query": "{ me { name role } }"},
        headers={"Authorization": f"Bearer {token.value}"},
    )
    assert me.json()["data"]["me"] == {"name": "ida", "role": "investigator"}


def test_the_token_and_the_verifier_are_in_no_url(walk: Walk) -> None:
    start = walk.to_provider()
    kept = walk.pages.get_cookie("guanxi_walk")
    assert kept is not None and kept.http_only and kept.same_site == "Lax"
    back = walk.through(start)
    done = walk.come_back(back)
    token = walk.pages.get_cookie("guanxi_session")
    assert token is not None
    for url in (start, back, done.headers["Location"]):
        assert token.value not in url and kept.value.partition(".")[0] not in url


def test_a_code_of_somebody_elses_log_in_opens_nothing(walk: Walk) -> None:
    """An attacker sends the victim the last address of their own log-in."""
    attackers = walk.through(walk.to_provider())
    with create_app(Settings(api_url=walk.api)).server.test_client() as victim:
        other = Walk(victim, walk.provider, walk.api)
        assert other.come_back(attackers).status_code == 401  # no log-in was begun there
        other.to_provider()
        assert other.come_back(attackers).status_code == 401  # another was
        assert victim.get_cookie("guanxi_session") is None


def test_what_the_provider_or_the_api_refuses_is_told_in_words(walk: Walk) -> None:
    walk.provider.changed = {"roles": ["sales"]}
    page = walk.come_back(walk.through(walk.to_provider()))
    assert page.status_code == 401 and "您的账号没有本系统的角色" in page.get_data(as_text=True)
    forged = walk.pages.get("/login/sso/done?error=%3Cscript%3E")
    assert forged.status_code == 401 and "script&gt;" not in forged.get_data(as_text=True)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/login"])
def test_it_ends_at_a_path_of_ours_whatever_was_asked_for(walk: Walk, wanted: str) -> None:
    assert walk.come_back(walk.through(walk.to_provider(wanted))).headers["Location"] == "/"


def test_the_address_to_come_back_to_can_be_told(walk: Walk) -> None:
    app = create_app(Settings(api_url=walk.api, ui_public_url="https://guanxi.example/"))
    with app.server.test_client() as pages:
        asked = parse_qs(urlsplit(pages.get("/login/sso").headers["Location"]).query)
    assert asked["return_to"] == ["https://guanxi.example/login/sso/done"]


def test_without_a_provider_there_is_no_button_and_no_way(tmp_path: Path, fake: FakeApi) -> None:
    settings = ApiSettings(home=tmp_path)
    open_store(settings.store_address, create=True).close()
    with ServerThread(settings) as url, create_app(Settings(api_url=url)).server.test_client() as pages:
        assert "/login/sso" not in pages.get("/login").get_data(as_text=True)
        assert pages.get("/login/sso").status_code == 401
    with create_app(Settings(api_url=f"http://127.0.0.1:{free_port()}")).server.test_client() as pages:
        assert pages.get("/login").status_code == 200  # the page is there though the API is down
        assert pages.get("/login/sso").status_code == 503

"""Single sign-on, walked by a browser's HTTP client from the log-in page to the session against a provider with keys of its own; and every way
to walk it that must lead nowhere."""

import base64
import hmac
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import ValidationError
from structlog.testing import capture_logs

from api.bootstrap import Runtime, build
from api.handover import Handovers, challenge_of
from api.logs import configure
from api.oidc_errors import OidcRefused
from api.settings import Settings
from graph_model.principal import Role
from graph_model.stores import open_store
from tests.api.conftest import PASSWORD, Client, ServerThread
from tests.api.fake_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, providing
from tests.ui.processes import free_port

UI = "http://127.0.0.1:8050/login/sso/done"
VERIFIER = "v" * 43
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@dataclass
class Walker:
    """A browser, as far as redirects and cookies go. It never follows into the UI: that is where the walk ends."""

    api: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, verify=False))

    def start(self, return_to: str = UI, challenge: str | None = None) -> httpx.Response:
        asked = {"return_to": return_to, "challenge": challenge or challenge_of(VERIFIER)}
        return self.http.get(f"{self.api}/auth/oidc/start", params=asked)

    def to_provider_and_back(self) -> str:
        """The callback's address, with what the provider answered."""
        return self.http.get(self.start().headers["location"]).headers["location"]

    def walk(self) -> dict[str, str]:
        """What the UI is handed."""
        return self.finish(self.to_provider_and_back())

    def finish(self, callback: str) -> dict[str, str]:
        ended = self.http.get(callback)
        assert ended.status_code == 303, ended.text
        location = ended.headers["location"]
        assert location.startswith(f"{UI}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    def exchange(self, code: str, verifier: str = VERIFIER) -> httpx.Response:
        return httpx.post(f"{self.api}/auth/exchange", json={"code": code, "verifier": verifier})


@dataclass
class Product:
    api: str
    provider: FakeProvider
    runtime: Runtime

    def walker(self) -> Walker:
        return Walker(self.api)

    @property
    def handovers(self) -> list[Path]:
        return list((self.runtime.settings.home / "handovers").glob("*"))


def settings_for(home: Path, provider: str, port: int, **changes: Any) -> Settings:
    asked: dict[str, Any] = {
        "home": home,
        "oidc_issuer": provider,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_name": "Example bank",
        "oidc_role_map": {"fraud-lead": "supervisor", "fraud-desk": "investigator"},
        "oidc_return_to": (UI,),
        "api_public_url": f"http://127.0.0.1:{port}/",
    }
    return Settings(**(asked | changes))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with providing() as provider:
        port = free_port()
        settings = settings_for(tmp_path_factory.mktemp("home"), provider.url, port)
        open_store(settings.store_address, create=True).close()
        runtime = build(settings)
        with ServerThread(settings, runtime, port=port) as url:
            yield Product(url, provider, runtime)


@pytest.fixture
def product(running: Product) -> Iterator[Product]:
    """As it was at the start, whatever the test before made the provider say."""
    as_it_was = FakeProvider(url=running.provider.url, key=running.provider.key)
    yield running
    vars(running.provider).update(vars(as_it_was))
    for user in running.runtime.users.all():
        running.runtime.users.remove(user.name)


def test_an_investigator_signs_on_at_the_provider_and_asks(product: Product) -> None:
    walker = product.walker()
    configure("debug", stream=io.StringIO())
    with capture_logs() as logged:
        handed = walker.walk()
        answer = walker.exchange(handed["code"]).json()
    assert (answer["name"], answer["role"]) == ("ida", "investigator")
    left = datetime.fromisoformat(answer["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=7.9) < left <= timedelta(hours=8)
    client = Client(httpx.Client(base_url=product.api), answer["token"])
    assert client.data("{ me { name role } }")["me"] == {"name": "ida", "role": "investigator"}
    assert client.http.post("/auth/logout", headers={"Authorization": f"Bearer {client.token}"}).status_code == 204
    assert client.code("{ me { name } }") == "unauthenticated"
    (asked,) = product.provider.asked
    assert asked["code_challenge_method"] == "S256" and asked["scope"] == "openid profile"
    assert {"login", "http"} <= {line["event"] for line in logged}
    for secret in (answer["token"], handed["code"], asked["state"], asked["nonce"], CLIENT_SECRET):
        assert secret not in repr(logged)


def test_the_log_in_page_can_learn_which_ways_there_are(product: Product, tmp_path: Path) -> None:
    told = httpx.get(f"{product.api}/auth/methods").json()
    start = f"{product.api}/auth/oidc/start"
    assert told == {"password": True, "oidc": True, "oidcName": "Example bank", "oidcStart": start}
    plain = Settings(home=product.runtime.settings.home)
    with ServerThread(plain) as url:
        told = httpx.get(f"{url}/auth/methods").json()
        assert told == {"password": True, "oidc": False, "oidcName": None, "oidcStart": None}
        refused = Walker(url).start()
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "oidc.off")


def test_the_walks_cookie_can_not_be_read_by_scripts_and_ends_with_it(product: Product) -> None:
    walker = product.walker()
    begun = walker.start().headers["set-cookie"]
    assert "HttpOnly" in begun and "SameSite=lax" in begun and "Max-Age=600" in begun
    ended = walker.http.get(walker.to_provider_and_back())
    assert 'guanxi_sign_on=""' in ended.headers["set-cookie"] and "Max-Age=0" in ended.headers["set-cookie"]


def test_over_https_the_walks_cookie_is_secure_and_bound_to_this_very_host(tmp_path: Path) -> None:
    with providing() as provider:
        settings = settings_for(tmp_path, provider.url, 0, api_public_url="https://api.guanxi.example")
        open_store(settings.store_address, create=True).close()
        with ServerThread(settings) as url:
            begun = Walker(url).start()
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-guanxi_sign_on=") and "Secure" in cookie and "Path=/" in cookie
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://api.guanxi.example/auth/oidc/callback"]


@pytest.mark.parametrize(
    "return_to",
    [
        "",
        "https://evil.example/",
        UI + "/more",
        UI + "?x=1",
        UI.replace("8050", "8051"),
        UI + "@evil.example",
        UI.upper(),
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_on_the_list(product: Product, return_to: str) -> None:
    refused = product.walker().start(return_to)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "oidc.return_to")
    assert "location" not in refused.headers and "set-cookie" not in refused.headers


def test_a_walk_without_a_challenge_does_not_begin(product: Product) -> None:
    for challenge in ("short", "ä" * 43, "a" * 44):
        assert product.walker().start(challenge=challenge).json()["error"]["code"] == "oidc.challenge"


def test_a_state_of_another_browser_leads_nowhere(product: Product) -> None:
    """Log-in CSRF: an attacker's answer of the provider, opened in the victim's browser."""
    attacker, victim = product.walker(), product.walker()
    callback = attacker.to_provider_and_back()
    for browser in (victim, Walker(product.api)):
        if browser is victim:
            victim.start()
        refused = browser.http.get(callback)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "oidc.state")
        assert "location" not in refused.headers
    assert "code" in attacker.finish(callback)


def test_a_cookie_that_was_changed_leads_nowhere(product: Product) -> None:
    walker = product.walker()
    callback = walker.to_provider_and_back()
    (cookie,) = [c for c in walker.http.cookies.jar if c.name == "guanxi_sign_on"]
    body, _, seal = str(cookie.value).partition(".")
    values = json.loads(base64.urlsafe_b64decode(body))
    values[1] = "https://evil.example/"
    forged = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    for value in (f"{forged}.{seal}", body, "", "x.y"):
        sent = {"Cookie": f"guanxi_sign_on={value}"}
        assert httpx.get(callback, headers=sent).json()["error"]["code"] == "oidc.state"


def test_an_answer_is_good_once(product: Product) -> None:
    walker = product.walker()
    callback = walker.to_provider_and_back()
    kept = {"Cookie": f"guanxi_sign_on={walker.http.cookies['guanxi_sign_on']}"}
    assert "code" in walker.finish(callback)
    again = httpx.get(callback, headers=kept)
    assert parse_qs(urlsplit(again.headers["location"]).query)["error"] == ["oidc.token"]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1"})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"nonce": "another"}, "oidc.token"),
        ({"nonce": None}, "oidc.token"),
        ({"exp": 1}, "oidc.token"),
        ({"exp": None}, "oidc.token"),
        ({"iat": 4_000_000_000}, "oidc.token"),
        ({"iss": "http://127.0.0.1:1"}, "oidc.token"),
        ({"aud": "another-client"}, "oidc.token"),
        ({"aud": [CLIENT_ID, "another-client"], "azp": "another-client"}, "oidc.token"),
        ({"sub": None}, "oidc.token"),
        ({"roles": ["sales"]}, "oidc.role"),
        ({"roles": []}, "oidc.role"),
        ({"roles": None}, "oidc.role"),
        ({"roles": {"fraud-desk": True}}, "oidc.role"),
        ({"roles": ["supervisor"]}, "oidc.role"),  # our own words mean nothing where the map does not say so
        ({"preferred_username": None}, "oidc.name"),
        ({"preferred_username": " "}, "oidc.name"),
        ({"preferred_username": ["ida"]}, "oidc.name"),
    ],
)
def test_a_token_that_does_not_fit_lets_nobody_in(product: Product, changed: dict[str, Any], code: str) -> None:
    product.provider.changed = changed
    handed_over = product.handovers
    assert product.walker().walk() == {"error": code}
    assert product.handovers == handed_over


def test_a_signature_by_another_key_lets_nobody_in(product: Product) -> None:
    product.provider.signing_key = OTHER_KEY
    assert product.walker().walk() == {"error": "oidc.token"}


@pytest.mark.parametrize("forged", ["none", "HS256 by the public key"])
def test_a_token_that_anybody_could_have_signed_lets_nobody_in(
    product: Product, forged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def token(form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        nonce = product.provider.codes[form["code"]]["nonce"]
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": product.provider.url,
            "aud": CLIENT_ID,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
        }
        claims |= product.provider.claims
        if forged == "none":
            parts = [{"alg": "none", "kid": "k1"}, claims]
            text = ".".join(_base64(json.dumps(part).encode()) for part in parts) + "."
        else:
            public = product.provider.key.as_pem(private=False)
            text = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "k1"}, claims))
            text += "." + _base64(hmac.digest(public, text.encode(), "sha256"))
        return 200, {"access_token": "opaque", "id_token": text}

    monkeypatch.setattr(product.provider, "token", token)
    assert product.walker().walk() == {"error": "oidc.token"}


def test_a_provider_that_changes_its_keys_is_believed_at_once(product: Product) -> None:
    assert "code" in product.walker().walk()
    product.provider.key = RSAKey.generate_key(2048, {"kid": "k1"})
    assert "code" in product.walker().walk()


def test_somebody_who_is_refused_at_the_provider_comes_back_with_a_code(product: Product) -> None:
    product.provider.denied = True
    assert product.walker().walk() == {"error": "oidc.denied"}


def test_an_answer_of_another_provider_is_not_taken(product: Product) -> None:
    walker = product.walker()
    callback = walker.to_provider_and_back().partition("&iss=")[0] + "&iss=https%3A%2F%2Fother.example"
    assert walker.finish(callback) == {"error": "oidc.token"}


def test_a_provider_that_is_down_or_calls_itself_otherwise_is_told_as_such(product: Product) -> None:
    product.provider.broken = True
    refused = product.walker().start()
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "oidc.provider")
    product.provider.broken = False
    product.provider.published_issuer = "https://evil.example"
    assert product.walker().start().json()["error"]["code"] == "oidc.provider"


def test_the_first_role_of_the_map_that_somebody_has_is_theirs(product: Product) -> None:
    product.provider.changed = {"roles": ["fraud-desk", "fraud-lead"]}
    walker = product.walker()
    assert walker.exchange(walker.walk()["code"]).json()["role"] == "supervisor"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Ida.Lin", "ida.lin"),
        ("ida@bank.example", "ida-bank.example-"),
        ("林晓曼", "user-"),
        ("key:engine", "key-engine-"),
        ("x" * 60, "x" * 23 + "-"),
        ("1 or 1=1", "or-1-1-"),
    ],
)
def test_names_keep_to_the_alphabet_of_user_names_and_people_stay_apart(product: Product, told: str, name: str) -> None:
    names = []
    for subject in ("s1", "s2"):
        product.provider.changed = {"preferred_username": told, "sub": subject}
        walker = product.walker()
        names.append(walker.exchange(walker.walk()["code"]).json()["name"])
    assert all(each.startswith(name) and len(each) <= 32 for each in names)
    assert (names[0] == names[1]) is (not name.endswith("-"))


def test_a_name_that_has_a_password_here_is_not_taken_over(product: Product) -> None:
    product.runtime.users.add("ida", "marketer", PASSWORD, now=NOW)
    assert product.walker().walk() == {"error": "oidc.name"}


def test_a_session_ends_when_the_name_gets_a_password_or_the_provider_other_roles(product: Product) -> None:
    walker = product.walker()
    token = walker.exchange(walker.walk()["code"]).json()["token"]
    client = Client(httpx.Client(base_url=product.api), token)
    assert client.data("{ me { role } }")["me"]["role"] == "investigator"
    product.runtime.users.add("ida", "supervisor", PASSWORD, now=NOW)
    assert client.code("{ me { role } }") == "unauthenticated"
    product.runtime.users.remove("ida")
    assert client.data("{ me { role } }")["me"]["role"] == "investigator"
    changed = product.runtime.settings.model_copy(update={"oidc_role_map": {"fraud-desk": "marketer"}})
    for settings in (changed, Settings(home=changed.home)):
        with ServerThread(settings) as url:
            assert Client(httpx.Client(base_url=url), token).code("{ me { role } }") == "unauthenticated"


def test_what_the_ui_was_handed_is_good_once_and_with_its_verifier_only(product: Product) -> None:
    walker = product.walker()
    code = walker.walk()["code"]
    assert walker.exchange(code).status_code == 200
    second = walker.exchange(code)
    assert (second.status_code, second.json()["error"]["code"]) == (401, "oidc.code")
    stolen = walker.walk()["code"]
    assert walker.exchange(stolen, "w" * 43).json()["error"]["code"] == "oidc.code"
    assert walker.exchange(stolen).json()["error"]["code"] == "oidc.code"  # and is gone with the first wrong one
    assert walker.exchange("../users.json").json()["error"]["code"] == "oidc.code"


def test_a_handover_waits_a_minute_and_leaves_nothing_behind(tmp_path: Path) -> None:
    handovers = Handovers(tmp_path)
    challenge = challenge_of(VERIFIER)
    code = handovers.give("ida", "investigator", challenge=challenge, now=NOW)
    assert handovers.take(code, VERIFIER, now=NOW + timedelta(seconds=59)) == ("ida", "investigator")
    late = handovers.give("ida", "investigator", challenge=challenge, now=NOW)
    with pytest.raises(OidcRefused):
        handovers.take(late, VERIFIER, now=NOW + timedelta(seconds=60))
    handovers.give("ida", "investigator", challenge=challenge, now=NOW)  # never fetched
    handovers.give("ida", "investigator", challenge=challenge, now=datetime.now(UTC) + timedelta(hours=1))
    assert len(list((tmp_path / "handovers").iterdir())) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_client_id": ""},
        {"oidc_role_map": {}},
        {"oidc_role_map": {"admins": "boss"}},
        {"oidc_return_to": ()},
        {"oidc_return_to": ("http://guanxi.example/login",)},
        {"oidc_return_to": ("https://guanxi.example/login?next=x",)},
        {"oidc_return_to": ("javascript:alert(1)",)},
        {"oidc_issuer": "http://provider.example"},
        {"api_public_url": ""},
        {"api_public_url": "https://user@guanxi.example"},
    ],
)
def test_settings_that_would_not_be_safe_are_refused_at_the_start(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings_for(tmp_path, "https://provider.example", 8000, **wrong)


def test_the_environment_can_say_it_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_OIDC_ISSUER", "https://provider.example/realms/bank")
    monkeypatch.setenv("GUANXI_OIDC_CLIENT_ID", "guanxi")
    monkeypatch.setenv("GUANXI_OIDC_ROLE_CLAIM", "realm_access.roles")
    monkeypatch.setenv("GUANXI_OIDC_ROLE_MAP", '{"fraud-desk": "investigator"}')
    monkeypatch.setenv("GUANXI_OIDC_RETURN_TO", '["https://guanxi.example/login/sso/done"]')
    monkeypatch.setenv("GUANXI_API_PUBLIC_URL", "https://api.guanxi.example")
    settings = Settings(home=tmp_path)
    assert settings.oidc_role_map == {"fraud-desk": "investigator"}
    assert Role(settings.oidc_role_map["fraud-desk"]) is Role.INVESTIGATOR

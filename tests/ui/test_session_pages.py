"""Log-in, log-out and the guard, on the real Flask server with the real client: cookies, forged forms, other sites, headers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from flask.testing import FlaskClient

from investigator_ui.app import create_app
from investigator_ui.settings import Settings
from tests.ui.fake_api import PASSWORD, TOKEN, FakeApi
from tests.ui.processes import free_port, ui_server


@pytest.fixture
def pages(fake: FakeApi) -> Iterator[FlaskClient]:
    with create_app(Settings(api_url=fake.url)).server.test_client() as client:
        yield client


def log_in(pages: FlaskClient, password: str = PASSWORD, **form: str):
    pages.get("/login")
    csrf = pages.get_cookie("guanxi_csrf")
    assert csrf is not None
    return pages.post("/login", data={"csrf": csrf.value, "username": "investigator", "password": password, **form})


def test_a_page_without_a_session_leads_to_the_log_in_and_back(pages: FlaskClient) -> None:
    asked = pages.get("/subject/a1?lang=en")
    assert asked.status_code == 302
    assert asked.headers["Location"] == "/login?next=%2Fsubject%2Fa1%3Flang%3Den"
    done = log_in(pages, next="/subject/a1?lang=en")
    assert (done.status_code, done.headers["Location"]) == (302, "/subject/a1?lang=en")
    assert pages.get("/subject/a1?lang=en").status_code == 200


def test_the_token_is_in_a_cookie_that_no_script_and_no_other_site_can_use(pages: FlaskClient) -> None:
    answer = log_in(pages)
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("guanxi_session="))
    assert f"guanxi_session={TOKEN}" in cookie
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie
    for path in ("/", "/_dash-layout", "/_dash-dependencies"):
        assert TOKEN not in pages.get(path).get_data(as_text=True)


def over_https(pages: FlaskClient) -> list[str]:
    """The cookies of a log-in there."""
    shown = pages.get("/login", base_url="https://localhost")
    csrf = pages.get_cookie("__Host-guanxi_csrf")
    assert csrf is not None and csrf.secure
    form = {"csrf": csrf.value, "username": "investigator", "password": PASSWORD}
    done = pages.post("/login", data=form, base_url="https://localhost")
    return shown.headers.getlist("Set-Cookie") + done.headers.getlist("Set-Cookie")


def test_over_https_cookies_are_secure_and_no_other_host_can_set_them(pages: FlaskClient) -> None:
    set_cookies = over_https(pages)
    assert {line.partition("=")[0] for line in set_cookies} == {"__Host-guanxi_csrf", "__Host-guanxi_session"}
    for line in set_cookies:
        assert "Secure" in line and "HttpOnly" in line and "SameSite=Strict" in line and "Path=/" in line
        assert "Domain" not in line
    assert pages.get("/", base_url="https://localhost").status_code == 200
    left = pages.post("/logout", base_url="https://localhost").headers.getlist("Set-Cookie")
    assert left[0].startswith("__Host-guanxi_session=;") and "Secure" in left[0] and "Max-Age=0" in left[0]
    assert pages.get("/", base_url="https://localhost").status_code == 302


def test_over_https_a_cookie_without_the_prefix_is_nobodys(pages: FlaskClient) -> None:
    """A neighbour on the same domain can set `guanxi_session`, but not `__Host-guanxi_session`."""
    pages.set_cookie("guanxi_session", TOKEN)
    assert pages.get("/").status_code == 200
    assert pages.get("/", base_url="https://localhost").status_code == 302


def test_behind_tls_the_cookie_never_travels_in_clear(fake: FakeApi) -> None:
    """A proxy that ends TLS and doesn't say so: the setting says it."""
    with create_app(Settings(api_url=fake.url, ui_cookie_secure=True)).server.test_client() as pages:
        (cookie,) = pages.get("/login").headers.getlist("Set-Cookie")
        assert cookie.startswith("__Host-guanxi_csrf=") and "Secure" in cookie


@pytest.mark.parametrize(("trusted", "secure"), [("127.0.0.1", True), ("10.1.2.3", False), ("", False)])
def test_a_proxy_is_believed_where_it_is_the_one_that_was_named(
    fake: FakeApi, tmp_path: Path, trusted: str, secure: bool
) -> None:
    with ui_server(fake.url, tmp_path, GUANXI_UI_TRUSTED_PROXY=trusted) as url:
        cookie = httpx.get(f"{url}/login", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert ("Secure" in cookie) is secure and cookie.startswith("__Host-guanxi_csrf") is secure


def test_a_form_from_another_page_logs_nobody_in(pages: FlaskClient) -> None:
    answer = log_in(pages, csrf="forged")
    assert answer.status_code == 200
    assert pages.get_cookie("guanxi_session") is None


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
@pytest.mark.parametrize("path", ["/login", "/logout", "/_dash-update-component"])
def test_requests_that_other_sites_send_are_refused(pages: FlaskClient, path: str, headers: dict[str, str]) -> None:
    assert pages.post(path, headers=headers).status_code == 403


def test_a_link_in_a_mail_opens_though_the_strict_cookie_was_withheld(pages: FlaskClient) -> None:
    first = pages.get("/subject/a1", headers={"Sec-Fetch-Site": "cross-site"})
    assert first.status_code == 200 and 'http-equiv="refresh"' in first.get_data(as_text=True)
    again = pages.get("/subject/a1", headers={"Sec-Fetch-Site": "same-origin"})
    assert again.status_code == 302


def test_logging_out_tells_the_api_and_drops_the_cookie(pages: FlaskClient) -> None:
    log_in(pages)
    answer = pages.post("/logout")
    assert answer.headers["Location"] == "/login?ended=1"
    assert pages.get_cookie("guanxi_session") is None


def test_refusals_have_words_and_a_status(pages: FlaskClient, fake: FakeApi) -> None:
    wrong = log_in(pages, password="wrong")
    assert wrong.status_code == 401 and "用户名或密码不正确" in wrong.get_data(as_text=True)
    assert "wrong" not in wrong.get_data(as_text=True)
    empty = log_in(pages, password="")
    assert "请同时填写用户名和密码" in empty.get_data(as_text=True)


def test_a_log_in_while_the_api_is_down_says_so() -> None:
    app = create_app(Settings(api_url=f"http://127.0.0.1:{free_port()}"))
    with app.server.test_client() as pages:
        answer = log_in(pages)
    assert answer.status_code == 503 and "连不上服务" in answer.get_data(as_text=True)


def test_what_was_typed_is_escaped(pages: FlaskClient) -> None:
    page = log_in(pages, password="wrong", username='"><script>alert(1)</script>').get_data(as_text=True)
    assert "<script>" not in page


def test_every_answer_carries_the_protecting_headers(pages: FlaskClient) -> None:
    answer = pages.get("/login")
    assert "script-src 'self' 'sha256-" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert pages.get("/healthz").status_code == 200


def test_the_cookie_ends_when_the_session_does(pages: FlaskClient) -> None:
    answer = log_in(pages)
    cookie = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("guanxi_session="))
    seconds = int(cookie.split("Max-Age=")[1].split(";")[0])
    expected = (datetime(2099, 1, 1, tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    assert abs(seconds - expected) < 60

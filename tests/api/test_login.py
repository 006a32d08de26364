"""Logging in and out: passwords, sessions, their end, and what a guesser meets."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.secrets import HomeUnusable, derived, server_secret
from api.sessions import Sessions, Unauthenticated
from api.throttle import FAILURES, WINDOW, LoginThrottled, Throttle
from api.users import UserError, Users
from graph_model.principal import Role
from tests.api.conftest import PASSWORD, Client, Served

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
KEY = b"k" * 32


def sessions(home: Path) -> Sessions:
    return Sessions(KEY, home, lifetime=timedelta(hours=8))


def log_in(served: Served, name: str, password: str) -> httpx.Response:
    return httpx.post(f"{served.url}/auth/login", json={"username": name, "password": password}, timeout=30)


def test_a_user_logs_in_asks_and_logs_out(served: Served) -> None:
    answer = log_in(served, " Supervisor ", PASSWORD).json()
    assert (answer["name"], answer["role"]) == ("supervisor", "supervisor")
    left = datetime.fromisoformat(answer["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=7.9) < left <= timedelta(hours=8)
    client = Client(httpx.Client(base_url=served.url), answer["token"])
    assert client.data("{ me { name role rights } }")["me"]["rights"] == ["export", "reveal", "see_graph", "see_risk"]
    out = client.http.post("/auth/logout", headers={"Authorization": f"Bearer {answer['token']}"})
    assert out.status_code == 204
    assert client.code("{ me { name } }") == "unauthenticated"


def test_a_wrong_password_and_an_unknown_name_answer_alike(served: Served) -> None:
    wrong = log_in(served, "data_scientist", "not the password")
    unknown = log_in(served, "nobody.here", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"]["code"] == "login.failed"


def test_a_guesser_has_to_wait_even_with_the_right_password(served: Served) -> None:
    for _ in range(FAILURES):
        assert log_in(served, "operator", "guess").status_code == 401
    refused = log_in(served, "operator", PASSWORD)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "login.throttled")
    assert log_in(served, "investigator", PASSWORD).status_code == 200


def test_the_throttle_forgets_after_its_window_and_after_success() -> None:
    throttle = Throttle()
    for i in range(FAILURES):
        throttle.check("eve", now=NOW + timedelta(seconds=i))
        throttle.failed("eve", now=NOW + timedelta(seconds=i))
    with pytest.raises(LoginThrottled):
        throttle.check("eve", now=NOW + WINDOW - timedelta(seconds=1))
    throttle.check("eve", now=NOW + WINDOW)
    throttle.failed("ida", now=NOW)
    throttle.succeeded("ida")
    for _ in range(FAILURES - 1):
        throttle.failed("ida", now=NOW)
    throttle.check("ida", now=NOW)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"username": "x"}', b'{"username": "x", "password": "secret-0815", "more": 1}']
)
def test_an_unreadable_log_in_repeats_nothing_of_it(served: Served, body: bytes) -> None:
    answer = httpx.post(f"{served.url}/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"
    assert "secret-0815" not in answer.text


def test_a_session_ends_after_its_time_and_when_it_is_touched(tmp_path: Path) -> None:
    made = sessions(tmp_path)
    token, session = made.begin("ida", "investigator", now=NOW)
    assert made.check(token, now=NOW + timedelta(hours=7)) == session
    with pytest.raises(Unauthenticated):
        made.check(token, now=NOW + timedelta(hours=8))
    other = Sessions(b"x" * 32, tmp_path, lifetime=timedelta(hours=8))
    head, _, tail = token.partition(".")
    forged = other.begin("ida", "supervisor", now=NOW)[0].partition(".")[0]
    for bad in (
        "",
        "x",
        ".",
        head,
        f"{head}.",
        f"{head}.{tail[:-2]}AA",
        f"{forged}.{tail}",
        f"{head}é.{tail}",
        token + "A",
    ):
        with pytest.raises(Unauthenticated):
            made.check(bad, now=NOW)
    with pytest.raises(Unauthenticated):
        other.check(token, now=NOW)


def test_a_log_out_holds_for_every_worker_and_after_a_restart(tmp_path: Path) -> None:
    one, two = sessions(tmp_path), sessions(tmp_path)
    token, session = one.begin("ida", "investigator", now=NOW)
    assert two.check(token, now=NOW) == session
    one.end(session)
    for worker in (one, two, sessions(tmp_path)):
        with pytest.raises(Unauthenticated):
            worker.check(token, now=NOW)


def test_the_list_of_ended_sessions_does_not_grow_for_ever(tmp_path: Path) -> None:
    made = sessions(tmp_path)
    old = made.begin("ida", "investigator", now=NOW - timedelta(days=1))[1]
    token, fresh = made.begin("ida", "investigator", now=NOW)
    made.end(old)
    made.end(fresh)
    made.forget_expired(now=NOW)
    assert len((tmp_path / "ended-sessions").read_text().splitlines()) == 1
    with pytest.raises(Unauthenticated):
        made.check(token, now=NOW)


def test_a_removed_user_is_out_at_once_and_a_new_role_needs_a_new_log_in(served: Served) -> None:
    users = served.runtime.users
    users.add("temp", "investigator", PASSWORD, now=NOW)
    token = served.runtime.sessions.begin("temp", "investigator", now=served.runtime.clock())[0]
    client = Client(httpx.Client(base_url=served.url), token)
    assert client.data("{ me { role } }")["me"]["role"] == "investigator"
    users.add("temp", "marketer", PASSWORD, now=NOW, replace=True)
    assert client.code("{ me { role } }") == "unauthenticated"
    users.remove("temp")
    assert client.code("{ me { role } }") == "unauthenticated"


def test_passwords_are_hashed_and_files_are_private(tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.add("ida", "investigator", PASSWORD, now=NOW)
    text = (tmp_path / "users.json").read_text()
    assert PASSWORD not in text and "$argon2id$" in text
    server_secret(tmp_path, "")
    for name in ("users.json", "secret"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.name not in ("users.json", "secret")] == []


@pytest.mark.parametrize(
    ("name", "role", "password", "code"),
    [
        ("Ida", "investigator", PASSWORD, "user.name"),
        ("x", "investigator", PASSWORD, "user.name"),
        ("ida", "boss", PASSWORD, "user.role"),
        ("ida", "investigator", "short", "user.password"),
        ("there", "investigator", PASSWORD, "user.exists"),
    ],
)
def test_users_that_can_not_be_added(tmp_path: Path, name: str, role: str, password: str, code: str) -> None:
    users = Users(tmp_path)
    users.add("there", "marketer", PASSWORD, now=NOW)
    with pytest.raises(UserError) as raised:
        users.add(name, role, password, now=NOW)
    assert raised.value.code == code
    assert [user.role for user in users.all()] == [Role.MARKETER]


def test_a_damaged_password_file_lets_nobody_in_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text("{")
    with pytest.raises(UserError) as raised:
        Users(tmp_path).verify("ida", PASSWORD)
    assert raised.value.code == "users.damaged"


def test_the_secret_is_made_once_and_keys_differ_by_use(tmp_path: Path) -> None:
    first = server_secret(tmp_path, "")
    assert server_secret(tmp_path, "") == first and len(first) == 32
    assert derived(first, "sessions") != derived(first, "audit subjects")
    assert server_secret(tmp_path, "a configured secret") == b"a configured secret"
    with pytest.raises(HomeUnusable):
        server_secret(tmp_path, "short")
    (tmp_path / "secret").write_text("not hex")
    with pytest.raises(HomeUnusable):
        server_secret(tmp_path, "")

"""Logging in and out: passwords, sessions, their end, and what a guesser meets."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.auth import begin_session
from api.secrets import HomeUnusable, derived, server_secret
from api.sessions import Sessions, Unauthenticated
from api.throttle import FAILURES, WINDOW, LoginThrottled, Throttle
from api.users import UserError, Users
from graph_model.principal import RIGHTS, Role
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
    assert client.data("{ me { name role rights } }")["me"]["rights"] == sorted(RIGHTS[Role.SUPERVISOR])
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


def test_guesses_sent_at_once_are_no_more_than_guesses_sent_in_turn(served: Served) -> None:
    """Each is counted before its password is looked at, whichever thread or process looks."""
    served.runtime.users.add("rhea", "marketer", PASSWORD, now=NOW, replace=True)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda i: log_in(served, "rhea", f"guess number {i}").status_code, range(24)))
    assert (answers.count(401), answers.count(429)) == (FAILURES, 24 - FAILURES)


def test_server_processes_of_one_machine_count_together(tmp_path: Path) -> None:
    guesser = f"""
from datetime import UTC, datetime
from pathlib import Path
from api.throttle import LoginThrottled, Throttle
throttle = Throttle(Path({str(tmp_path)!r}), {KEY!r})
made = 0
for _ in range(4):
    try:
        throttle.count("eve", now=datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
        made += 1
    except LoginThrottled:
        pass
print(made)
"""
    running = [subprocess.Popen([sys.executable, "-c", guesser], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in running) == FAILURES


def test_the_throttle_forgets_after_its_window_and_after_success(tmp_path: Path) -> None:
    throttle = Throttle(tmp_path, KEY)
    for i in range(FAILURES):
        throttle.count("eve", now=NOW + timedelta(seconds=i))
    with pytest.raises(LoginThrottled):
        throttle.count("eve", now=NOW + WINDOW - timedelta(seconds=1))
    throttle.count("eve", now=NOW + WINDOW)
    for _ in range(FAILURES):
        throttle.count("ida", now=NOW)
    throttle.succeeded("ida")
    throttle.count("ida", now=NOW)


def test_waiting_does_not_begin_anew_with_every_try(tmp_path: Path) -> None:
    throttle = Throttle(tmp_path, KEY)
    for _ in range(FAILURES):
        throttle.count("eve", now=NOW)
    for minute in range(1, 5):
        with pytest.raises(LoginThrottled):
            throttle.count("eve", now=NOW + timedelta(minutes=minute))
    throttle.count("eve", now=NOW + WINDOW)


def test_what_was_typed_as_a_name_is_not_in_the_throttles_file(tmp_path: Path) -> None:
    Throttle(tmp_path, KEY).count("my-password-0815", now=NOW)
    path = tmp_path / "log-in-attempts.json"
    assert b"my-password" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("{")  # a damaged file locks nobody out for ever
    Throttle(tmp_path, KEY).count("ida", now=NOW)


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
    token, session = made.begin("ida", "investigator", bound="g1", now=NOW)
    assert made.check(token, now=NOW + timedelta(hours=7)) == session
    with pytest.raises(Unauthenticated):
        made.check(token, now=NOW + timedelta(hours=8))
    other = Sessions(b"x" * 32, tmp_path, lifetime=timedelta(hours=8))
    head, _, tail = token.partition(".")
    forged = other.begin("ida", "supervisor", bound="g1", now=NOW)[0].partition(".")[0]
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
    token, session = one.begin("ida", "investigator", bound="g1", now=NOW)
    assert two.check(token, now=NOW) == session
    one.end(session)
    for worker in (one, two, sessions(tmp_path)):
        with pytest.raises(Unauthenticated):
            worker.check(token, now=NOW)


def test_the_list_of_ended_sessions_does_not_grow_for_ever(tmp_path: Path) -> None:
    made = sessions(tmp_path)
    old = made.begin("ida", "investigator", bound="g1", now=NOW - timedelta(days=1))[1]
    token, fresh = made.begin("ida", "investigator", bound="g1", now=NOW)
    made.end(old)
    made.end(fresh)
    made.forget_expired(now=NOW)
    assert len((tmp_path / "ended-sessions").read_text().splitlines()) == 1
    with pytest.raises(Unauthenticated):
        made.check(token, now=NOW)


@pytest.mark.parametrize("change", ["role", "password", "removed"])
def test_a_session_dies_with_the_role_the_password_and_the_user(served: Served, change: str) -> None:
    users = served.runtime.users
    user = users.add("temp", "investigator", PASSWORD, now=NOW, replace=True)
    token = begin_session(served.runtime, user, now=served.runtime.clock())[0]
    client = Client(httpx.Client(base_url=served.url), token)
    assert client.data("{ me { role } }")["me"]["role"] == "investigator"
    if change == "removed":
        users.remove("temp")
    elif change == "role":
        users.add("temp", "marketer", PASSWORD, now=NOW, replace=True)
    else:
        users.add("temp", "investigator", PASSWORD + "!", now=NOW, replace=True)
    assert client.code("{ me { role } }") == "unauthenticated"
    users.add("temp", "investigator", PASSWORD, now=NOW, replace=True)
    assert client.code("{ me { role } }") == "unauthenticated"  # not even where all is as it was
    users.remove("temp")


def test_a_log_out_while_another_server_starts_is_not_lost(tmp_path: Path) -> None:
    made = sessions(tmp_path)
    begun = [made.begin("ida", "investigator", bound="g1", now=NOW) for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for _, session in begun:
            pool.submit(made.end, session)
            pool.submit(sessions(tmp_path).forget_expired, now=NOW)
    for token, _ in begun:
        with pytest.raises(Unauthenticated):
            made.check(token, now=NOW)


def test_two_operators_who_add_users_at_once_lose_none(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for i in range(8):
            pool.submit(Users(tmp_path).add, f"user{i}", "marketer", PASSWORD, now=NOW)
    assert len(Users(tmp_path).all()) == 8


def test_passwords_are_hashed_and_files_are_private(tmp_path: Path) -> None:
    users = Users(tmp_path)
    users.add("ida", "investigator", PASSWORD, now=NOW)
    text = (tmp_path / "users.json").read_text()
    assert PASSWORD not in text and "$argon2id$" in text
    server_secret(tmp_path, "")
    for name in ("users.json", "secret"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert {p.name for p in tmp_path.iterdir()} == {"users.json", ".users.json.lock", "secret"}


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

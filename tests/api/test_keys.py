"""API keys: a risk engine asks with one, in its role or narrower, until it expires or is revoked; nobody can read it out of a file."""

import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.key_records import Key, KeyRefused, KeyTrouble, State, lifetime
from api.keys import Keys
from graph_model.principal import RIGHTS, Right, Role
from tests.api import queries
from tests.api.conftest import Client, Served

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
SECRET = b"s" * 32
RISK = "query ($n: String!) { subject(idNumber: $n) { assessment { grade } } }"


def client_with(served: Served, text: str) -> Client:
    return Client(httpx.Client(base_url=served.url, timeout=30), text)


def made(
    served: Served, name: str, role: str, *, scopes: Sequence[str] = (), expires_at: datetime | None = None
) -> str:
    return served.runtime.keys.create(name, role, scopes=scopes, expires_at=expires_at, now=NOW)[0]


def test_a_risk_engine_asks_with_its_key_wherever_a_session_would_do(served: Served) -> None:
    engine = client_with(served, made(served, "engine", "risk_engine"))
    assert engine.data(RISK, n=served.case.id_number)["subject"]["assessment"]["grade"] == "A"
    me = engine.data(queries.ME)["me"]
    assert (me["name"], me["role"]) == ("key:engine", "risk_engine")
    assert set(me["rights"]) == set(RIGHTS[Role.RISK_ENGINE])


def test_a_key_may_less_than_its_role_where_it_was_given_less(served: Served) -> None:
    narrow = client_with(served, made(served, "viewer", "investigator", scopes=["see_graph"]))
    assert narrow.data(queries.ME)["me"]["rights"] == ["see_graph"]
    node = served.case.ids["address1"]
    assert narrow.data("query ($id: ID!) { node(id: $id) { caption } }", id=node)["node"]["caption"]
    assert narrow.code("query ($id: ID!) { node(id: $id) { ringId } }", id=node) == "forbidden"
    revealed = {"nodeId": served.case.subject_id, "property": "name", "reason": "case 4711"}
    assert narrow.code(queries.REVEAL, **revealed) == "forbidden"


def secret_of(text: str) -> str:
    """The part of a key that nobody keeps; it may have underscores itself."""
    return text.split("_", 2)[2]


def test_keys_that_are_not_good_are_refused_alike_and_at_once(served: Served) -> None:
    keys = served.runtime.keys
    good = made(served, "rotated", "marketer")
    expired = made(served, "expired", "marketer", expires_at=NOW + timedelta(hours=1))
    revoked = made(served, "revoked", "marketer")
    assert client_with(served, revoked).data(queries.ME)["me"]["role"] == "marketer"
    keys.revoke("revoked", now=NOW)
    tail = secret_of(good)
    altered = f"{good.removesuffix(tail)}{'B' if tail.startswith('A') else 'A'}{tail[1:]}"
    other = made(served, "other", "supervisor")
    swapped = f"{other.removesuffix(secret_of(other))}{tail}"
    wrong = [expired, revoked, altered, swapped, "gx_", "gx_nobody_x", "gx_é", good + "x" * 200]
    answers = []
    for text in wrong:
        sent = {"Authorization": f"Bearer {text}".encode()}
        answers.append(httpx.post(f"{served.url}/graphql", json={"query": "{ me { name } }"}, headers=sent))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["errors"][0]["extensions"]["code"] == "key.refused"
    assert answers[0].headers["www-authenticate"] == "Bearer"


def test_a_key_is_no_session_and_can_not_be_logged_out(served: Served) -> None:
    text = made(served, "stays", "marketer")
    out = httpx.post(f"{served.url}/auth/logout", headers={"Authorization": f"Bearer {text}"})
    assert (out.status_code, out.json()["error"]["code"]) == (401, "unauthenticated")
    assert client_with(served, text).data(queries.ME)["me"]["name"] == "key:stays"


def test_the_file_and_the_log_hold_no_key(served: Served) -> None:
    text = made(served, "secretive", "marketer")
    client_with(served, text).data(queries.ME)
    client_with(served, text[:-3] + "abc").code(queries.ME)
    path = served.runtime.settings.home / "keys.json"
    secret = secret_of(text)
    assert secret not in path.read_text() and secret not in served.log.getvalue()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_secret_makes_every_key_worthless_and_the_list_says_so(tmp_path: Path) -> None:
    text, key = Keys(tmp_path, SECRET).create("engine", "risk_engine", expires_at=None, now=NOW)
    rotated = Keys(tmp_path, b"t" * 32)
    with pytest.raises(KeyRefused):
        rotated.check(text, now=NOW)
    assert rotated.state(key, now=NOW) is State.OTHER_SECRET
    rotated.create("engine", "risk_engine", expires_at=None, now=NOW)  # the name is free for its successor
    assert Keys(tmp_path, SECRET).check(text, now=NOW) == key


def test_a_key_holds_to_its_last_moment_and_not_after(tmp_path: Path) -> None:
    keys = Keys(tmp_path, SECRET)
    text, key = keys.create("engine", "risk_engine", expires_at=NOW + timedelta(days=90), now=NOW)
    assert keys.check(text, now=NOW + timedelta(days=90) - timedelta(seconds=1)) == key
    with pytest.raises(KeyRefused):
        keys.check(text, now=NOW + timedelta(days=90))


def test_another_process_knows_of_a_new_and_of_a_revoked_key(tmp_path: Path) -> None:
    operator, server = Keys(tmp_path, SECRET), Keys(tmp_path, SECRET)
    text, _ = operator.create("engine", "risk_engine", scopes=["assess"], expires_at=None, now=NOW)
    assert server.check(text, now=NOW).principal.rights == {Right.ASSESS}
    operator.revoke("engine", now=NOW)
    with pytest.raises(KeyRefused):
        server.check(text, now=NOW)


def test_the_last_use_is_noted_at_most_once_a_minute_and_not_in_the_keys_file(tmp_path: Path) -> None:
    keys = Keys(tmp_path, SECRET)
    text, key = keys.create("engine", "risk_engine", expires_at=None, now=NOW)
    before = (tmp_path / "keys.json").read_bytes()
    assert keys.last_used(key) is None
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (61, 60)):
        keys.check(text, now=NOW + timedelta(seconds=seconds))
        assert keys.last_used(key) == (NOW + timedelta(seconds=noted)).timestamp()
    assert (tmp_path / "keys.json").read_bytes() == before


def test_keys_made_at_once_are_all_kept(tmp_path: Path) -> None:
    def make(i: int) -> Key:
        return Keys(tmp_path, SECRET).create(f"engine{i}", "risk_engine", expires_at=None, now=NOW)[1]

    with ThreadPoolExecutor(6) as pool:
        created = list(pool.map(make, range(12)))
    assert {key.id for key in Keys(tmp_path, SECRET).all()} == {key.id for key in created}


@pytest.mark.parametrize(
    ("name", "role", "scopes", "code"),
    [
        ("key:engine", "risk_engine", (), "key.name"),
        ("Engine", "risk_engine", (), "key.name"),
        ("engine", "boss", (), "user.role"),
        ("engine", "risk_engine", ("reveal",), "key.scope"),
        ("engine", "risk_engine", ("everything",), "key.scope"),
        ("there", "risk_engine", (), "key.exists"),
    ],
)
def test_keys_that_can_not_be_made(tmp_path: Path, name: str, role: str, scopes: Sequence[str], code: str) -> None:
    keys = Keys(tmp_path, SECRET)
    keys.create("there", "marketer", expires_at=None, now=NOW)
    with pytest.raises(KeyTrouble) as raised:
        keys.create(name, role, scopes=scopes, expires_at=None, now=NOW)
    assert raised.value.code == code
    assert [key.name for key in keys.all()] == ["there"]


def test_what_can_not_be_revoked_or_read_says_so(tmp_path: Path) -> None:
    keys = Keys(tmp_path, SECRET)
    with pytest.raises(KeyTrouble) as raised:
        keys.revoke("nobody", now=NOW)
    assert raised.value.code == "key.unknown"
    (tmp_path / "keys.json").write_text('{"keys": [{}]}')
    with pytest.raises(KeyTrouble) as raised:
        keys.all()
    assert raised.value.code == "keys.damaged"


def test_expiries_are_typed_as_hours_days_or_weeks() -> None:
    assert lifetime("90d") == timedelta(days=90) and lifetime("12h") == timedelta(hours=12)
    assert lifetime("52w") == timedelta(weeks=52) and lifetime("never") is None
    for wrong in ("", "0d", "90", "d", "-1d", "90 d", "1y"):
        with pytest.raises(KeyTrouble) as raised:
            lifetime(wrong)
        assert raised.value.code == "key.expires"


def test_an_operator_creates_lists_and_revokes_at_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_HOME", str(tmp_path))
    shell = CliRunner()
    created = shell.invoke(
        app, ["keys", "create", "engine", "--role", "risk_engine", "--scope", "assess", "--expires", "90d"]
    )
    assert created.exit_code == 0 and "not shown again" in created.stderr
    text = created.stdout.strip()  # alone on standard output, to be piped into a vault
    secret = bytes.fromhex((tmp_path / "secret").read_text())
    assert Keys(tmp_path, secret).check(text, now=datetime.now(UTC)).name == "engine"
    listed = shell.invoke(app, ["keys", "list"]).stdout
    assert "engine" in listed and "assess" in listed and "good" in listed and secret_of(text) not in listed
    assert shell.invoke(app, ["keys", "revoke", "engine"]).exit_code == 0
    assert "revoked" in shell.invoke(app, ["keys", "list"]).stdout
    assert isinstance(shell.invoke(app, ["keys", "revoke", "engine"]).exception, KeyTrouble)
    assert "secret" in shell.invoke(app, ["keys", "--help"]).stdout

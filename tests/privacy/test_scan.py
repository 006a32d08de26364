"""The scan finds what must not be seen, lets pass what is harmless, and makes a test run fail."""

import json
import logging
import urllib.request
from datetime import date
from pathlib import Path

import httpx
import pytest
import structlog
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.fixtures.reference_case import id_number
from tests.privacy.hooks import MAY_REVEAL, see_url, watching, without_revealed
from tests.privacy.recorder import FOLDER, Recorder, masked_place
from tests.privacy.scan import personal_numbers
from tests.ui.fake_api import FakeApi, serving
from tests.ui.processes import ui_server

ID_NUMBER = id_number(date(1990, 3, 7), 24)
PHONE = "13" + "800138000"
CARD = "6222" + "020200112230"[:11]
CARD += next(d for d in "0123456789" if list(personal_numbers(CARD + d)))
KINDS = {ID_NUMBER: "ID number", PHONE: "phone", CARD: "bank card"}

pytest_plugins = ["pytester"]


def kinds(text: str) -> list[str]:
    return [found.kind for found in personal_numbers(text)]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """One of its own: what is planted here fails only where it should."""
    return Recorder(tmp_path)


@pytest.mark.parametrize("number", KINDS)
@pytest.mark.parametrize(
    "around", ["{}", '{{"value":"{}"}}', "客户{}的", "id={}&x=1", r"\u5ba2{}\n", "a-{}.", "({})", "<b>{}</b>"]
)
def test_a_number_in_clear_is_found_wherever_it_stands(number: str, around: str) -> None:
    assert kinds(around.format(number)) == [KINDS[number]]


@pytest.mark.parametrize("written", [f"+86{PHONE}", f"+86 {PHONE}", f"86{PHONE}", "１３８００１３８０００"])
def test_a_phone_is_found_as_people_write_it(written: str) -> None:
    assert kinds(written) == ["phone"]


@pytest.mark.parametrize(
    "harmless",
    [
        "110***********0241", "138****8000", "1767225600000", "1767225600000000", "1767225600000000000", f"0.{PHONE}", f"{PHONE}.5",
        f"a{PHONE}", f"{PHONE}f", f"{ID_NUMBER[:17]}{(int(ID_NUMBER[17].replace('X', '0')) + 1) % 10}0", "12345678901", "6222020200112233445566",
        f"{ID_NUMBER[:6]}19991399{ID_NUMBER[14:]}", f"86{ID_NUMBER}", f"86{CARD}",
    ],
)  # fmt: skip
def test_masked_values_moments_floats_and_ids_are_harmless(harmless: str) -> None:
    assert kinds(harmless) == []


@given(st.floats(allow_nan=False, allow_infinity=False), st.binary(min_size=12, max_size=20))
def test_no_float_and_no_hexadecimal_id_with_letters_is_taken_for_a_number(value: float, key: bytes) -> None:
    assert kinds(f"{value % 1:.17f}") == []
    assert kinds(f"x{key.hex()}") == []


@given(st.dates(date(1940, 1, 1), date(2010, 12, 31)), st.integers(1, 999))
def test_every_id_number_is_found_and_told_masked(birth: date, serial: int) -> None:
    number = id_number(birth, serial)
    found = list(personal_numbers(f"[{number}]"))
    assert [each.kind for each in found] == ["ID number"]
    assert number not in found[0].masked and len(found[0].masked) == 18


def test_a_find_says_where_and_never_what(recorder: Recorder) -> None:
    recorder.begin("tests/api/test_x.py::test_y")
    recorder.see(json.dumps({"value": ID_NUMBER}), source="response", place=f"GET /who/{PHONE}")
    told = [str(find) for find in recorder.finds()]
    assert len(told) == 1 and told[0].startswith("tests/api/test_x.py::test_y: ID number 110****")
    assert ID_NUMBER not in told[0] and PHONE not in told[0]
    assert masked_place(f"/a/{PHONE}/b") == "/a/138********/b"


def test_processes_of_one_run_tell_one_report(tmp_path: Path) -> None:
    Recorder(tmp_path).see(PHONE, source="log", place="one")
    Recorder(tmp_path).see(CARD, source="log", place="other")
    assert {find.place for find in Recorder(tmp_path).finds()} == {"one", "other"}


REVEAL = 'mutation M { it: reveal(nodeId: "n", property: "name", reason: "case 1") { shown: value } }'


def revealing(*, may: bool) -> Starlette:
    async def answer(request: Request) -> JSONResponse:
        assert "reveal" in (await request.json())["query"]
        request.scope[MAY_REVEAL] = may
        return JSONResponse({"data": {"it": {"shown": ID_NUMBER}, "phone": request.query_params.get("echo")}})

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


async def asked(app: Starlette, recorder: Recorder, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(watching(app, recorder))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        return await client.post(path, json={"query": REVEAL})


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(
    ("may", "path", "found"),
    [
        (True, "/graphql", []),  # the one value that may be told
        (False, "/graphql", ["ID number"]),
        (True, f"/graphql?echo={PHONE}", ["phone"]),  # the same answer echoes what was sent
    ],
)
async def test_only_a_reveal_by_somebody_who_may_is_exempt(
    recorder: Recorder, may: bool, path: str, found: list[str], anyio_backend: str
) -> None:
    response = await asked(revealing(may=may), recorder, path)
    assert response.json()["data"]["it"]["shown"] == ID_NUMBER  # what is sent is what the application said
    assert [find.kind for find in recorder.finds()] == found


def test_another_field_of_that_name_is_not_exempt() -> None:
    query = '{ node(id: "n") { value } }'
    answer = json.dumps({"data": {"node": {"value": PHONE}}}).encode()
    assert PHONE.encode() in without_revealed(json.dumps({"query": query}).encode(), answer)


def test_a_server_in_a_process_of_its_own_is_looked_at(tmp_path: Path) -> None:
    """The log-in page keeps where to go next: an address with a number in it is told again in its form."""
    with serving(FakeApi()) as api, ui_server(api.url, tmp_path, **{FOLDER: str(tmp_path)}) as url:
        # not by httpx: this run looks at it
        page = urllib.request.urlopen(f"{url}/login?next=%2Fsubject%2F{PHONE}", timeout=30)
        assert PHONE in page.read().decode()
        page.close()
    assert {(find.source, find.kind) for find in Recorder(tmp_path).finds()} == {
        ("response", "phone"),
    }


def test_what_a_browser_asks_for_is_looked_at_as_it_is_meant(recorder: Recorder) -> None:
    see_url(recorder, f"http://ui/subject/a1?next=%2Fwho%2F{PHONE}")
    see_url(recorder, f"data:text/plain,{PHONE}")  # made in the page itself, from what the answers held
    assert [(find.source, find.place) for find in recorder.finds()] == [("url", "/subject/a1")]


LEAKS = {
    "log": "import logging\ndef test_leak(): logging.getLogger('shop').warning('calls %s', {0!r})",
    "structured log": "import structlog\ndef test_leak(): structlog.PrintLogger().info({0!r})",
    "output": "def test_leak(): print({0!r})",
    "command": "import subprocess, sys\ndef test_leak(): subprocess.run([sys.executable, '-c', 'print(' + repr({0!r}) + ')'], capture_output=True)",
    "log file": "def test_leak(tmp_path): (tmp_path / 'server.log').write_text({0!r})",
    "response": "import flask\ndef test_leak():\n app = flask.Flask('x')\n app.add_url_rule('/', view_func=lambda: {0!r})\n app.test_client().get('/')",
    "redirect": "import flask\ndef test_leak():\n app = flask.Flask('x')\n"
    " app.add_url_rule('/', view_func=lambda: flask.redirect('/who/{0}'))\n app.test_client().get('/')",
}  # fmt: skip


@pytest.mark.slow
def test_a_leak_fails_the_run_though_every_test_passed(pytester: pytest.Pytester) -> None:
    """One test per kind of leak, each passes by itself; the run fails, and says where each was without saying the number."""
    pytester.makeconftest('pytest_plugins = ["tests.privacy.plugin"]')
    numbers = dict(zip(LEAKS, [PHONE, CARD, ID_NUMBER] * 3, strict=False))
    pytester.makepyfile(**{
        "test_" + kind.replace(" ", "_"): leak.format(numbers[kind]) for kind, leak in LEAKS.items()
    })  # fmt: skip
    root = Path(__file__).parents[2]
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-q", "--import-mode=importlib", f"--override-ini=pythonpath={root}"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=len(LEAKS))
    told = result.stdout.str()
    for planted in pytester.path.parent.rglob("server.log"):
        planted.unlink()  # or this run finds it too
    for kind in LEAKS:
        assert f"test_{kind.replace(' ', '_')}.py::test_leak" in told or kind == "log file"
    assert "server.log" in told
    assert [number for number in KINDS if number in told] == []


def test_the_hooks_of_this_very_run_look(pytestconfig: pytest.Config) -> None:
    """A hook that is no longer called would find nothing for ever."""
    from tests.privacy.plugin import KEY

    recorder, app = pytestconfig.stash[KEY], Flask("looked-at")
    app.add_url_rule("/", view_func=lambda: "138****8000")
    for look in (
        lambda: app.test_client().get("/"),
        lambda: logging.getLogger("looked-at").warning("138****8000"),
        lambda: structlog.PrintLogger().info("138****8000"),
    ):
        before = recorder.seen
        look()
        assert recorder.seen > before

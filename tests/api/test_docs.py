"""docs/api.md is true: its examples run as they stand, in the order of the page, and its tables are those of the code."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import parse

from api.cli.tag_file import read_drafts
from api.cli.tags import PRINCIPAL
from api.errors import CODES
from api.graphql.permissions import RULES, named_fields
from api.graphql.schema import build_schema
from api.settings import Settings
from gnn.warm import warm
from graph_model.principal import RIGHTS, Right, Role
from graph_model.services.tags import dictionary
from graph_model.services.tags.computing import base_date_of, compute
from graph_model.store import GraphStore, utc_now
from tests.api.conftest import PASSWORD, Served
from tests.api.serving import serving
from tests.fixtures.reference_case import RING_ID
from tests.services.people import marketing, score

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = [(language, code) for language, code in re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)]
ERRORS = TEXT.partition("\n## Errors\n")[2].partition("\n## ")[0]
PACKAGES = ("api", "gnn", "graph_model", "ingest")  # the UI has codes of its own for what it tells without the API
# Codes of the command line, and of single sign-on, which docs/security.md lists.
ELSEWHERE = (
    "ingest_", "user.", "users.", "key.exists", "key.expires", "key.name", "key.scope", "key.unknown", "keys.", "oidc.", "audit.broken",
    "audit.cut", "audit.head", "file.", "disk.", "port.", "home.", "demo.", "serve.", "settings.", "extra.", "score.nobody", "job.failed",
    "copy.", "models.", "train.", "evaluate.", "drift.", "doctor.", "restore.", "graph_file.", "scoring.", "gate.",
    "tag.file", "tag.failed", "tag.base_date",
)  # fmt: skip
NEXT = "--- the next block ---"


def blocks(language: str) -> list[str]:
    return [code for of, code in BLOCKS if of == language]


@pytest.fixture(scope="module")
def site(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    warm()  # or the first assessment waits for compilers, longer than an operation may take
    with serving(home, tmp_path_factory.mktemp("docs")) as served:
        store, today = served.runtime.store, utc_now() - timedelta(hours=1)
        score(store, dict.fromkeys(marketing(store), "A"), at=today)
        ring = store.ring(RING_ID)
        assert ring is not None
        store.append_rings([replace(ring, as_of=today, scored_at=today)])
        compute_tags(store)
        yield served


def compute_tags(store: GraphStore) -> None:
    """Those of the example's dictionary that the page crosses."""
    for draft in read_drafts(ROOT / "docs" / "examples" / "tags.toml"):
        if draft.code in ("referrer", "active_referrer"):
            dictionary.define(store, PRINCIPAL, draft, now=utc_now())
    compute(store, base_date=base_date_of(utc_now()), by="docs", clock=utc_now, on_progress=lambda *_: None)


@pytest.fixture(scope="module")
def given(site: Served) -> dict[str, str]:
    """What the page says that its reader has."""
    store, ids = site.runtime.store, site.case.ids
    keys = {name: store.get_by_id([ids[name]])[0].key for name in ("c_user", "subject", "phone1", "d_device")}
    return {
        "URL": site.url,
        "PASSWORD": PASSWORD,
        "ID_NUMBER": keys["c_user"],
        "OTHER": keys["subject"],
        "PHONE": keys["phone1"],
        "DEVICE": keys["d_device"],
    }


@pytest.fixture(scope="module")
def printed(site: Served, given: dict[str, str]) -> list[str]:
    """What each bash block of the page printed, one shell for all of them."""
    assert shutil.which("curl") is not None, "Install curl: the examples of docs/api.md are run with it."
    script = "set -euo pipefail\n" + f"\necho '{NEXT}'\n".join(blocks("bash"))
    environment = os.environ | given | {"GUANXI_HOME": str(site.runtime.settings.home)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split(NEXT)


def answers_in(text: str) -> list[dict[str, Any]]:
    """The JSON objects among what was printed."""
    found, rest = [], text
    while "{" in rest:
        answer, end = json.JSONDecoder().raw_decode(rest[rest.index("{") :])
        found.append(answer)
        rest = rest[rest.index("{") + end :]
    return found


def shape(value: Any) -> Any:
    """Names and nesting of an answer, without its values."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case list():
            return [shape(value[0])] if len(value) > 0 else []
    return None


@pytest.mark.slow
def test_every_curl_example_runs_and_answers(printed: list[str]) -> None:
    assert len(printed) == len(blocks("bash")) > 10
    answers = [answer for block in printed for answer in answers_in(block)]
    assert len(answers) > 15
    assert not [answer for answer in answers if "errors" in answer or "error" in answer]


@pytest.mark.slow
def test_an_answer_that_is_shown_has_the_shape_of_the_real_one(printed: list[str]) -> None:
    shown = 0
    for place, (language, code) in enumerate(BLOCKS):
        if language == "json":
            assert BLOCKS[place - 1][0] == "bash"
            real = answers_in(printed[[of for of, _ in BLOCKS[: place - 1]].count("bash")])[-1]
            assert shape(real) == shape(json.loads(code))
            shown += 1
    assert shown > 0


@pytest.mark.slow
def test_every_python_example_runs(site: Served, given: dict[str, str]) -> None:
    key, _ = site.runtime.keys.create("docs", Role.RISK_ENGINE.value, expires_at=None, now=site.runtime.clock())
    names: dict[str, Any] = {**given, "KEY": key}
    for code in blocks("python"):
        exec(compile(code, "docs/api.md", "exec"), names)
    assert names["decided"]["decision"] == "DECLINE" and "UNDER_AGE" in names["why"]
    assert names["drawing"]["status"] == "DONE" and names["receivers"] == []
    assert names["newest"] == {"id": names["job"]["id"], "kind": "CHECK", "status": "DONE"}
    assert "job.ended" in names["told"]
    assert names["usable"] is False and names["refused"] == [2]
    assert names["sentence"].endswith(".") and [edit["action"] for edit in names["history"]] == [
        "draw", "annotate", "retract",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["bash", "python"])
def test_the_page_shows_every_operation(language: str) -> None:
    schema = build_schema()._schema
    shown = "\n".join(blocks(language))
    assert schema.query_type is not None and schema.mutation_type is not None
    operations = [*schema.query_type.fields, *schema.mutation_type.fields]
    assert not [name for name in operations if not re.search(rf"\b{name}\b *[({{}}]", shown)]


def test_every_code_that_the_code_raises_is_in_the_table_of_errors() -> None:
    raised: dict[str, str] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found = re.findall(r'\bcode\s*=\s*"([^"]+)"', text) + re.findall(r'InvalidValue\(\s*"([^"]+)"', text)
            raised |= dict.fromkeys(found, path.name)
    assert len(raised) > 60
    assert {code: name for code, name in raised.items() if code not in CODES} == {}


def test_the_page_lists_the_codes_that_a_client_can_get_and_no_others() -> None:
    named = {
        code for row in re.findall(r"^\| (`[^|]+) \|", ERRORS, re.MULTILINE) for code in re.findall(r"`([\w.]+)`", row)
    }
    assert named <= set(CODES)
    assert {code for code in CODES if code not in named and not code.startswith(ELSEWHERE)} == set()


def rights_table() -> dict[str, tuple[dict[Role, bool], set[str]]]:
    """Right → what the page says of each role, and which operations it opens."""
    section = TEXT.partition("\n## Roles and rights\n")[2].partition("\n## ")[0]
    head, _, *rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    roles = [Role(name.replace(" ", "_")) for name in head[1:-1]]
    return {
        row[0].strip("`"): (
            {role: word == "yes" for role, word in zip(roles, row[1:-1], strict=True)},
            set(re.findall(r"`(\w+)`", row[-1])),
        )
        for row in rows
    }


def test_the_table_of_roles_is_that_of_the_code() -> None:
    table = rights_table()
    assert list(table) == [right.value for right in Right]
    for right in Right:
        assert table[right][0] == {role: right in RIGHTS[role] for role in Role}


def test_the_table_of_rights_says_what_each_opens() -> None:
    table = rights_table()
    for coordinate, rule in RULES.items():
        type_name, _, name = coordinate.partition(".")
        if type_name in ("Query", "Mutation"):
            assert {Right(right) for right, (_, opened) in table.items() if name in opened} == set(rule), coordinate


def test_the_limits_of_the_page_are_the_defaults() -> None:
    rows = re.findall(r"^\| `GUANXI_(\w+)` \| ([\d.]+) \|", TEXT, re.MULTILINE)
    assert len(rows) > 8
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert {name.lower(): float(value) for name, value in rows} == {
        name.lower(): float(defaults[name.lower()]) for name, _ in rows
    }


def test_the_page_names_nothing_that_the_schema_lacks() -> None:
    """Queries in the examples are valid, whole documents."""
    schema = build_schema()._schema
    documents = re.findall(
        r"""(?:query|mutation) (?:\([^)]*\) )?\{.*?\}(?=['"]{1,3})""", "\n".join(blocks("python")), re.DOTALL
    )
    assert len(documents) > 15
    for document in documents:
        assert len(named_fields(schema, parse(document.replace('\\"', '"')))) > 0

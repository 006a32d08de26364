"""docs/api.md is true: its queries run as they stand, and its codes are those of the table."""

import re
from pathlib import Path

from api.errors import CODES
from graph_model.principal import RIGHTS, Right, Role
from tests.api.conftest import Client, Served

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
VALUES = {
    "Subject": lambda case: {"idNumber": case.id_number},
    "Expand": lambda case: {"nodeId": case.subject_id, "known": [case.subject_id], "positions": [0.0, 0.0]},
    "Search": lambda case: {"text": "林晓"},
    "Reveal": lambda case: {"nodeId": case.subject_id, "property": "name", "reason": "case 4711"},
}


def test_every_query_of_the_page_runs(investigator: Client, served: Served) -> None:
    blocks = re.findall(r"```graphql\n((?:query|mutation) (\w+).*?)```", TEXT, re.DOTALL)
    found = {name: query for query, name in blocks}
    assert set(found) == set(VALUES)
    for name, query in found.items():
        assert investigator.data(query, **VALUES[name](served.case))


def test_every_code_of_the_page_exists() -> None:
    section = TEXT.partition("## Errors")[2].partition("## Health")[0]
    named = {
        code for row in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE) for code in re.findall(r"`([\w.]+)`", row)
    }
    assert len(named) > 15
    assert named <= set(CODES)


def test_the_table_of_roles_is_that_of_the_code() -> None:
    for names, graph, risk, reveal in re.findall(
        r"^\| ([a-z ,]+) \| (yes|no) \| (yes|no) \| (yes|no) \|", TEXT, re.MULTILINE
    ):
        for name in names.split(", "):
            rights = RIGHTS[Role(name.replace(" ", "_"))]
            told = {Right.SEE_GRAPH: graph, Right.SEE_RISK: risk, Right.REVEAL: reveal}
            assert {right for right, word in told.items() if word == "yes"} == rights & set(told)

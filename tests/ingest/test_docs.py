"""The operator's page names every reason for which a row can be refused."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REASON = re.compile(
    r'"((?:id|phone|account|email|ip|device|social|application|date|moment|number|choice|text|customer|time|relation|required|csv|json)\.[a-z_]+)"'
)


@pytest.fixture(scope="module")
def documented() -> set[str]:
    page = (ROOT / "docs" / "ingest.md").read_text(encoding="utf-8")
    table = page.split("## Why a row was refused", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"`([a-z]+\.[a-z_]+)`", table))


def test_every_reason_is_documented(documented: set[str]) -> None:
    sources = [*(ROOT / "graph_model" / "schema").glob("*.py"), *(ROOT / "ingest").glob("*.py")]
    used = {reason for source in sources for reason in REASON.findall(source.read_text(encoding="utf-8"))}
    assert used <= documented
    assert documented - used == {"reference.unknown_application", "reference.unknown_customer"}

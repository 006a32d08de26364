"""docs/mapping.md is true: its keys are those that the reader knows, and every example of it is read."""

import re
from pathlib import Path

import pytest

from ingest.layout import KINDS
from ingest.mapping import KEYS, load_mapping

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| `(\w+)` \| (.+?) \| (.+?) \| (.+) \|")
TABLE = 'name = "t"\nkind = "customers"\nselect = "SELECT 1"\n'
# What stands around an example of each section, with the entries that it needs and does not have.
AROUND = {
    "the file": "",
    "files": '[files."customers.csv"]\n',
    "columns": '[files."applications.csv".columns]\n',
    "tables": f'[sources]\na = "a.csv"\n[[tables]]\n{TABLE}',
    "skipped": '[sources]\na = "a.csv"\n[[skipped]]\nname = "t"\nselect = "SELECT 1"\n',
}


def section(name: str) -> str:
    title = "## The file" if name == "the file" else f"## `{name}`"
    return PAGE.split(f"\n{title}", 1)[1].split("\n## ", 1)[0]


def documented(name: str) -> list[tuple[str, str, str, str]]:
    return [match.groups() for line in section(name).splitlines() if (match := ROW.fullmatch(line))]


@pytest.mark.parametrize("name", KEYS)
def test_the_documented_keys_are_those_that_are_known(name: str) -> None:
    assert sorted(key for key, *_ in documented(name)) == sorted(KEYS[name])


EXAMPLES = [(name, key, example) for name in KEYS if name != "the file" for key, _, _, example in documented(name)]


@pytest.mark.parametrize(("name", "key", "example"), EXAMPLES, ids=[f"{name} {key}" for name, key, _ in EXAMPLES])
def test_the_example_of_every_key_is_read(tmp_path: Path, name: str, key: str, example: str) -> None:
    code = re.fullmatch(r"`(.+)`", example)
    assert code is not None and key in code[1]
    around = "".join(line for line in AROUND[name].splitlines(True) if not line.startswith(f"{key} ="))
    file = tmp_path / "map.toml"
    file.write_text(f"{around}{code[1]}\n", encoding="utf-8")
    assert load_mapping(file).name == "map.toml"


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_every_longer_example_is_read(tmp_path: Path, block: str) -> None:
    file = tmp_path / "map.toml"
    file.write_text(block, encoding="utf-8")
    mapping = load_mapping(file)
    assert mapping.files or mapping.tables


def test_the_examples_kept_in_the_folder_are_read() -> None:
    mappings = [file for file in (ROOT / "docs" / "examples").glob("*.toml") if file.name != "tags.toml"]
    assert len(mappings) > 0
    for file in mappings:
        mapping = load_mapping(file)
        assert all(table.rows.kind in KINDS for table in mapping.tables)

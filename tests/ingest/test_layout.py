"""The layout that is documented is the layout that is read."""

import re
from pathlib import Path

import pytest

from graph_model.schema import SCHEMA
from graph_model.schema.property_types import Choice
from ingest.layout import KINDS, RECORDED_AT, SOURCE, Column, FactRows, FileKind, Link, NodeRows, becomes

DOCS = Path(__file__).parents[2] / "docs" / "data-layout.md"
GOLDEN = Path(__file__).parent / "golden_layout.txt"
ROW = re.compile(r"\| `(\w+)` \| (.*) \| (.*) \|")


def documented(kind: str) -> list[tuple[str, str, str]]:
    """The table of one kind: column, type, what it becomes."""
    section = DOCS.read_text(encoding="utf-8").split(f"## `{kind}.csv`", 1)[1].split("\n## ", 1)[0]
    return [match.groups() for line in section.splitlines() if (match := ROW.fullmatch(line))]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_documented_columns_are_those_that_are_read(kind: FileKind) -> None:
    declared = [column for column in kind.columns if column.name not in (SOURCE, RECORDED_AT)]
    table = documented(kind.name)
    assert [name for name, _, _ in table] == [column.name for column in declared]
    assert [becoming for _, _, becoming in table] == [becomes(kind, column) for column in declared]
    for column, (_, words, _) in zip(declared, table, strict=True):
        assert ("**key**" in words) == column.key
        assert ("(required)" in words) == column.required
        if isinstance(column.type, Choice):
            assert re.findall(r"`(\w+)`", words) == list(column.type.codes())


def test_the_kinds_are_documented_in_the_order_in_which_they_are_loaded() -> None:
    assert re.findall(r"^## `(\w+)\.csv`", DOCS.read_text(encoding="utf-8"), re.MULTILINE) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_file_may_say_which_system_said_so_and_when(kind: FileKind) -> None:
    assert [column.name for column in kind.columns[-2:]] == [SOURCE, RECORDED_AT]


def test_every_property_of_customers_and_applications_has_a_column() -> None:
    for kind in KINDS.values():
        if isinstance(kind.rows, NodeRows):
            declared = {declared.name for declared in SCHEMA.node(kind.rows.label).properties}
            assert {column.sets for column in kind.columns if column.sets} == declared


def test_every_kind_of_fact_that_nobody_states_in_casework_has_a_file() -> None:
    told = {k.rows.fact for k in KINDS.values() if isinstance(k.rows, FactRows)}
    assert told | {"disposition", "blocklist", "decision"} == {f.name for f in SCHEMA.facts}


def test_every_relationship_that_nobody_draws_by_hand_has_a_column() -> None:
    linked = {link.type for kind in KINDS.values() for column in kind.columns for link in column.links}
    relations = set(KINDS["relations"].column("relation").type.codes())
    assert linked | relations == {r.name for r in SCHEMA.relationships if not r.human}


def test_a_column_can_not_link_what_the_schema_does_not() -> None:
    phone = SCHEMA.node("Phone").key.type
    wrong = Column("phone", phone, node="Phone", links=(Link("USES_PHONE", "Device", "Phone"),))
    with pytest.raises(ValueError, match="USES_PHONE does not join Device and Phone"):
        FileKind("wrong", NodeRows("Device", "device_id"), "at", (wrong,))


def test_the_layout_is_the_one_that_users_write_files_for() -> None:
    lines = [
        f"{kind.name}.{column.name}: {column.type.name}{' key' if column.key else ''}{' required' if column.required else ''}"
        f"{' personal' if column.personal else ''} -> {becomes(kind, column)}".rstrip(" ->")
        for kind in KINDS.values()
        for column in kind.columns
    ]
    assert lines == GOLDEN.read_text(encoding="utf-8").splitlines()

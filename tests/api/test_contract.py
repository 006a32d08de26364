"""The contract: nothing that a client uses is taken away without the changelog saying so."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema

from api import contract
from api.contract import HEADING, main, taken, told, untold

RELEASED = """
enum Grade { A B }
input Bounds { least: Int, most: Int = 9 }
type Query {
  score(number: String, at: String = "now"): Score
  rings(bounds: Bounds, first: Int! = 20): [String!]!
}
type Score { value: Float! grade: Grade note: String }
type Old { name: String }
"""


def changed(*replacements: tuple[str, str]) -> GraphQLSchema:
    text = RELEASED
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return build_schema(text)


@pytest.mark.parametrize(
    ("old", "new", "coordinate"),
    [
        ("note: String", "", "Score.note"),
        ("value: Float!", "value: Float", "Score.value"),
        ("note: String", "note: Int", "Score.note"),
        ("grade: Grade", "grade: [Grade]", "Score.grade"),
        ("type Old { name: String }", "", "Old"),
        ("type Old {", "interface Old {", "Old"),
        ("enum Grade { A B }", "enum Grade { A }", "Grade.B"),
        ("number: String,", "", "Query.score(number:)"),
        ("number: String", "number: String!", "Query.score(number:)"),
        ("number: String", "number: Int", "Query.score(number:)"),
        ("number: String", "number: String, why: String!", "Query.score(why:)"),
        ('at: String = "now"', 'at: String = "then"', "Query.score(at:)"),
        ("first: Int! = 20", "first: Int!", "Query.rings(first:)"),
        ("least: Int", "least: Int!", "Bounds.least"),
        ("least: Int,", "", "Bounds.least"),
        ("least: Int", "least: Int, other: Int!", "Bounds.other"),
        ("most: Int = 9", "most: Int = 5", "Bounds.most"),
    ],
)
def test_what_is_removed_or_narrowed_must_be_told(old: str, new: str, coordinate: str) -> None:
    changes = taken(build_schema(RELEASED), changed((old, new)))
    assert coordinate in {change.coordinate for change in changes}
    assert untold(changes, "## [Unreleased]\n\n### Added\n\n- `Everything`.\n") == changes
    listed = "".join(f"- `{change.coordinate}`: gone.\n" for change in changes)
    assert untold(changes, f"## [Unreleased]\n\n{HEADING}\n\n{listed}") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("note: String", "note: String more: Int"),
        ("note: String", "note: String!"),
        ("enum Grade { A B }", "enum Grade { A B C }"),
        ("number: String", "number: String, why: String"),
        ("least: Int", "least: Int, other: Int"),
        ("type Old", "type New { name: String } type Old"),
        ("note: String", '"Said by people." note: String @deprecated'),
    ],
)
def test_what_is_added_breaks_nobody(old: str, new: str) -> None:
    assert taken(build_schema(RELEASED), changed((old, new))) == []


def test_only_the_unreleased_part_under_its_heading_counts() -> None:
    text = f"""# Changelog
`Query.before`
## [Unreleased]
### Added
- `Query.added`
{HEADING}
- `Query.score(at:)`: now is the default. `Score.note`: gone.
### Fixed
- `Query.fixed`
## [1.0]
{HEADING}
- `Query.earlier`
"""
    assert told(text) == {"Query.score(at:)", "Score.note"}
    assert told("## [Unreleased]\n\n## [1.0]\n" + HEADING + "\n- `Query.earlier`\n") == set()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose released schema, schema and changelog a test may write."""
    for name, path in (
        ("SCHEMA", "schema.graphql"),
        ("RELEASED", "schema.released.graphql"),
        ("CHANGELOG", "CHANGELOG.md"),
    ):
        monkeypatch.setattr(contract, name, tmp_path / path)
    (tmp_path / "schema.released.graphql").write_text(RELEASED)
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n")
    return tmp_path


def test_the_check_fails_says_what_to_do_and_passes_once_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "schema.graphql").write_text(RELEASED.replace("note: String", ""))
    assert main([]) == 1
    told_to_add = capsys.readouterr().err
    assert "Score.note was removed" in told_to_add and "- `Score.note`: …" in told_to_add
    (files / "CHANGELOG.md").write_text(f"## [Unreleased]\n\n{HEADING}\n\n- `Score.note`: nobody read it.\n")
    assert main([]) == 0


def test_a_release_makes_the_present_schema_the_contract(files: Path) -> None:
    (files / "schema.graphql").write_text(RELEASED.replace("note: String", ""))
    assert main(["--release"]) == 0
    assert main([]) == 0
    (files / "schema.graphql").write_text(RELEASED)
    assert main([]) == 0  # more than was released


def test_the_product_keeps_its_own_contract() -> None:
    assert main([]) == 0


def test_make_check_runs_it() -> None:
    makefile = (Path(contract.__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ngenerated:")[2].partition("\n.PHONY")[0]
    assert "-m api.contract" in recipe

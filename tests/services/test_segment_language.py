"""A segment's rule as text and as a tree: one made from the other says the same, and what is wrong is told with its place and never repeated."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graph_model.errors import InvalidRequest
from graph_model.services.segments.tree import condition_of, tree_of
from graph_model.services.tags import syntax
from graph_model.services.tags.printing import clauses, text_of

names = some.from_regex(r"[a-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: (
        name
        not in {
            "and",
            "or",
            "not",
            "in",
            "is",
            "out",
            "by",
            "to",
            "tag",
            "where",
            "within",
            "known",
            "missing",
            "near",
            "when",
            "then",
            "else",
        }
        | {"segment", "blocklisted", "degree", "shared", "true", "false", "days_since", "days_until", "years_since"}
    )
)
values = some.one_of(
    some.text(some.characters(exclude_characters="\"\n“”'", exclude_categories=["Cs"]), max_size=20),
    some.integers(-(10**14), 10**14),
    some.integers(-1_000_000, 1_000_000).map(lambda number: number / 64),
    some.booleans(),
    some.dates(date(1000, 1, 1)).map(lambda day: {"day": day.isoformat()}),
)


def operands(conditions: some.SearchStrategy[object]) -> some.SearchStrategy[object]:
    where = some.fixed_dictionaries(
        {"degree": names, "to": names, "where": conditions}, optional={"direction": some.sampled_from(["out", "in"])}
    )
    return some.one_of(
        some.builds(lambda name: {"property": name}, names),
        some.builds(
            lambda key, name: {key: name}, some.sampled_from(["daysSince", "daysUntil", "yearsSince", "tag"]), names
        ),
        some.fixed_dictionaries(
            {"degree": names}, optional={"direction": some.sampled_from(["out", "in"]), "to": names}
        ),
        some.fixed_dictionaries({"shared": names}, optional={"by": names}),
        where,
    )


def larger(conditions: some.SearchStrategy[object]) -> some.SearchStrategy[object]:
    of = operands(conditions)
    listed = some.lists(values, min_size=1, max_size=3)
    return some.one_of(
        some.builds(
            lambda key, parts: {key: parts},
            some.sampled_from(["all", "any"]),
            some.lists(conditions, min_size=2, max_size=3),
        ),
        some.builds(lambda part: {"not": part}, conditions),
        some.builds(
            lambda of, word, value: {"of": of, "is": word, "value": value},
            of,
            some.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
            values,
        ),
        some.builds(lambda of, key, found: {"of": of, key: found}, of, some.sampled_from(["in", "notIn"]), listed),
        some.builds(lambda of, word: {"of": of, "is": word}, of, some.sampled_from(["known", "missing"])),
        some.builds(
            lambda near: {"near": near},
            some.fixed_dictionaries(
                {"type": names, "within": some.sampled_from([1, 2])}, optional={"where": conditions}
            ),
        ),
    )


leaves = some.one_of(
    some.builds(lambda key, name: {key: name}, some.sampled_from(["tag", "segment"]), names),
    some.just({"blocklisted": True}),
)
trees = some.recursive(leaves, larger, max_leaves=8)


@settings(max_examples=150, deadline=None)
@given(trees)
def test_a_tree_becomes_text_and_the_text_the_same_tree_again(tree: object) -> None:
    written = condition_of(tree)
    read = syntax.parse(text_of(written))
    assert not isinstance(read, syntax.Cases)
    assert tree_of(read) == tree_of(written)
    assert text_of(read) == text_of(condition_of(tree_of(read))) == text_of(written)


@pytest.mark.parametrize(
    ("rule", "tree"),
    [
        ("tag(a) and not segment(b)", {"all": [{"tag": "a"}, {"not": {"segment": "b"}}]}),
        (
            "(tag(a) or tag(b)) and sex = 'f'",
            {"all": [{"any": [{"tag": "a"}, {"tag": "b"}]}, {"of": {"property": "sex"}, "is": "=", "value": "f"}]},
        ),
        ("education not in ('x', 'y')", {"of": {"property": "education"}, "notIn": ["x", "y"]}),
        ("tag(age) is missing", {"of": {"tag": "age"}, "is": "missing"}),
        (
            "degree(APPLIED out to Application where applied_at >= 2026-01-01) >= 2",
            {
                "of": {
                    "degree": "APPLIED",
                    "direction": "out",
                    "to": "Application",
                    "where": {"of": {"property": "applied_at"}, "is": ">=", "value": {"day": "2026-01-01"}},
                },
                "is": ">=",
                "value": 2,
            },
        ),
        ("near(Customer within 2 where tag(x))", {"near": {"type": "Customer", "within": 2, "where": {"tag": "x"}}}),
    ],
)
def test_what_people_write_is_what_the_builder_shows(rule: str, tree: object) -> None:
    read = syntax.parse(rule)
    assert not isinstance(read, syntax.Cases)
    assert tree_of(read) == tree
    again = syntax.parse(text_of(condition_of(tree)))
    assert not isinstance(again, syntax.Cases) and tree_of(again) == tree


def test_a_waterfall_has_a_step_for_each_condition_of_the_outermost_and() -> None:
    rule = syntax.parse("tag(a) and (tag(b) or tag(c)) and sex not in ('f') and not tag(d)")
    assert not isinstance(rule, syntax.Cases)
    assert [text_of(clause) for clause in clauses(rule)] == [
        "tag(a)",
        "tag(b) or tag(c)",
        'sex not in ("f")',
        "not tag(d)",
    ]
    assert [text_of(clause) for clause in clauses(clauses(rule)[2])] == ['sex not in ("f")']


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ("110101199003071233", "the tree"),
        ({"all": []}, "the tree.all"),
        ({"all": [{"tag": "a"}, {"tag": "No Code"}]}, "the tree.all[1].tag"),
        ({"tag": "a", "segment": "b"}, "the tree"),
        ({"not": {"of": {"property": "sex"}, "is": "like", "value": "f"}}, "the tree.not"),
        ({"of": {"propety": "sex"}, "is": "known"}, "the tree.of"),
        ({"of": {"property": "sex"}, "in": []}, "the tree.in"),
        ({"of": {"property": "sex"}, "is": "=", "value": None}, "the tree.value"),
        ({"of": {"property": "sex"}, "is": "=", "value": "two\nlines"}, "the tree.value"),
        ({"of": {"property": "amount"}, "is": "=", "value": 10**400}, "the tree.value"),
        ({"of": {"property": "amount"}, "is": "=", "value": float("nan")}, "the tree.value"),
        ({"of": {"property": "applied_at"}, "is": "=", "value": {"day": "2026-02-30"}}, "the tree.value.day"),
        ({"of": {"degree": "APPLIED", "where": {"tag": "x"}}, "is": ">", "value": 1}, "the tree.of.where"),
        ({"near": {"type": "Customer", "within": 3}}, "the tree.near.within"),
    ],
)
def test_a_tree_that_is_none_is_refused_at_its_place(tree: object, place: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        condition_of(tree)
    assert refused.value.code == "segment.tree"
    assert refused.value.message.startswith(f"At {place}: ") and "110101" not in refused.value.message


def test_groups_within_groups_have_an_end() -> None:
    tree: object = {"tag": "a"}
    for _ in range(200):
        tree = {"not": tree}
    with pytest.raises(InvalidRequest, match="nested more than"):
        condition_of(tree)

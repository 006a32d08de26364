"""The texts of Neo4j's queries: which lines are in the one about now, about a day in the past, and about some types of relationship."""

import re
from importlib.resources import files

import pytest

from graph_model.stores.neo4j.queries import query

_TEXTS = {
    path.name.removesuffix(".cypher"): path.read_text(encoding="utf-8")
    for path in files("graph_model.stores.neo4j").joinpath("cypher").iterdir()
    if path.name.endswith(".cypher")
}
_MARKED = sorted(name for name, text in _TEXTS.items() if "//:" in text)


def test_lines_are_marked_by_known_words_only() -> None:
    words = {word for text in _TEXTS.values() for word in re.findall(r"//:(.*)", text)}
    assert {word.strip() for word in words} == {"now", "then", "types"}


@pytest.mark.parametrize("name", _MARKED)
def test_a_question_about_now_does_not_ask_when_each_relationship_was_seen_first(name: str) -> None:
    now, then = query(name, "now"), query(name, "then")
    assert "$event" in then and "$recorded" in then
    assert "$event" not in now and "$recorded" not in now
    assert "$alive" in now and "$alive" in then, "a link drawn by hand ends, whenever it is asked"
    assert "$types" not in now and "$types" in query(name, "now", "types")
    assert "//:" not in now + then

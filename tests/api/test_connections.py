"""Cursors: opaque to clients, good for one list only, and nothing that is sent in their place does more than be refused."""

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.connection_types import check_first, decode_cursor, encode_cursor, page_info
from api.graphql.ring_query import _place
from graph_model.errors import InvalidRequest

PARTS = st.tuples(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40))


def refusal(cursor: str) -> str:
    with pytest.raises(InvalidRequest) as refused:
        decode_cursor("rings", cursor, int, (int, float), str)
    return refused.value.code


@given(PARTS)
def test_a_cursor_comes_back_as_it_was_made(parts: tuple[int, float, str]) -> None:
    assert decode_cursor("rings", encode_cursor("rings", *parts), int, (int, float), str) == parts


@given(
    st.one_of(st.text(max_size=600), st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
)
def test_whatever_else_is_sent_is_refused(cursor: str) -> None:
    assert refusal(cursor) == "cursor.invalid"


@pytest.mark.parametrize(
    "content", [None, {}, [], ["rings"], ["nodes", 1, 1.0, "a"], ["rings", 1, 1.0, "a", 2], ["rings", True, 1.0, "a"],
                ["rings", "1", 1.0, "a"], ["rings", 1, None, "a"], ["rings", 1, 1.0, ["a"]]],
)  # fmt: skip
def test_a_cursor_that_somebody_made_up_is_refused(content: object) -> None:
    assert refusal(base64.urlsafe_b64encode(orjson.dumps(content)).decode()) == "cursor.invalid"


@pytest.mark.parametrize("moment", [2**62, -(2**62)])
def test_a_moment_beyond_all_calendars_is_refused(moment: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        _place("rings:x", encode_cursor("rings:x", moment, 0, 1.0, "ring"))
    assert refused.value.code == "cursor.invalid"


def test_an_empty_page_has_no_cursors_and_a_page_has_bounds() -> None:
    empty = page_info([], has_next=False, has_previous=True)
    assert (empty.start_cursor, empty.end_cursor, empty.has_previous_page) == (None, None, True)
    assert check_first(100) == 100
    for first in (0, -1, 101):
        with pytest.raises(InvalidRequest):
            check_first(first)

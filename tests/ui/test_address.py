"""What a URL of the UI says, also an old, mistyped or hostile one."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigator_ui.address import MOST_EXPANSIONS, Expanded, ViewAddress, preferred_language
from investigator_ui.session import local_path


def test_an_address_carries_the_whole_view() -> None:
    address = ViewAddress.parse("/subject/a1b2", "?lang=en&full=1&asOf=2025-01-31&expanded=c3,d4*USES_PHONE")
    assert address == ViewAddress(
        "a1b2", "en", full=True, as_of=date(2025, 1, 31), expanded=(Expanded("c3"), Expanded("d4", "USES_PHONE"))
    )


@pytest.mark.parametrize(
    ("pathname", "search"),
    [
        ("/", ""),
        ("/subject/", "?lang=fr&asOf=yesterday&full=yes"),
        ("/subject/a/b", None),
        (None, None),
        ("/subject/<x>", ""),
    ],
)
def test_what_makes_no_sense_is_left_out(pathname: str | None, search: str | None) -> None:
    assert ViewAddress.parse(pathname, search) == ViewAddress()


@given(st.text(), st.text())
def test_any_text_is_read(pathname: str, search: str) -> None:
    address = ViewAddress.parse(pathname, search)
    assert len(address.expanded) <= MOST_EXPANSIONS


def test_language_and_expansions_do_not_ask_for_a_new_graph() -> None:
    plain = ViewAddress.parse("/subject/a", "")
    assert plain.key == ViewAddress.parse("/subject/a", "?lang=en&expanded=b").key
    assert len({plain.key, *(ViewAddress.parse("/subject/a", q).key for q in ("?full=1", "?asOf=2025-01-01"))}) == 3


def test_a_day_ends_at_midnight_of_the_lender() -> None:
    moment = ViewAddress(as_of=date(2025, 1, 31)).moment(ZoneInfo("Asia/Shanghai"))
    assert moment is not None
    assert moment.astimezone(UTC).isoformat() == "2025-01-31T15:59:59.999999+00:00"


@pytest.mark.parametrize(
    ("cookie", "header", "lang"),
    [
        ("en", "zh-CN", "en"),
        (None, "en-GB,zh;q=0.5", "en"),
        (None, "fr, zh-CN", "zh"),
        ("xx", "de", "zh"),
        (None, None, "zh"),
    ],
)
def test_the_language_chosen_before_wins(cookie: str | None, header: str | None, lang: str) -> None:
    assert preferred_language(cookie, header) == lang


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        None,
        "/login",
        "/logout",
    ],
)
def test_after_log_in_nobody_is_sent_to_another_site(hostile: str | None) -> None:
    assert local_path(hostile) == "/"


def test_after_log_in_the_page_that_was_asked_for_opens() -> None:
    assert local_path("/subject/a1?lang=en") == "/subject/a1?lang=en"

"""One catalogue of words: complete in both languages, used, and with the same blanks to fill in."""

import re
from pathlib import Path
from string import Formatter

import pytest

import investigator_ui
from api.errors import CODES
from investigator_ui.address import LANGUAGES
from investigator_ui.texts import CATALOGUES, TEXTS, browser_texts, problem, text

SOURCES = Path(str(investigator_ui.__file__)).parent
# What people at the screen can cause, and can do something about.
THEIRS = (
    "id.length", "id.malformed", "id.checksum", "id.component", "id.document_type", "search.too_short", "search.too_long",
    "reveal.reason", "link.reason", "link.evidence", "link.expiry", "link.self", "link.ended", "disposition.reason", "text.personal",
    "not_found", "forbidden", "overloaded", "request.too_large", "invalid_request", "store_unavailable",
)  # fmt: skip


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_there_in_both_languages_with_the_same_blanks(key: str) -> None:
    chinese, english = TEXTS[key]
    assert chinese.strip() and english.strip()
    assert blanks(chinese) == blanks(english)
    if key not in {"language.zh", "language.to_zh"}:
        assert not re.search(r"[\u4e00-\u9fff]", english)


def test_no_two_catalogues_have_a_word_for_the_same() -> None:
    assert sum(len(catalogue) for catalogue in CATALOGUES) == len(TEXTS)


def test_every_key_in_the_sources_is_in_the_catalogue() -> None:
    python = "\n".join(path.read_text() for path in SOURCES.rglob("*.py"))
    scripts = "\n".join(path.read_text() for path in SOURCES.rglob("*.js"))
    template = "\n".join(path.read_text() for path in SOURCES.rglob("*.html"))
    named = set(re.findall(r'\btext\(\s*"([a-z_.]+)"', python))
    named |= set(re.findall(r'\bsay\("([a-z_.]+)"', scripts)) | set(re.findall(r't\["([a-z_.]+)"\]', template))
    assert len(named) > 80
    assert named - set(TEXTS) == set()
    assert set(re.findall(r'\bsay\("([a-z_.]+)"', scripts)) <= set(browser_texts("zh"))


def test_no_text_is_left_over() -> None:
    everything = "\n".join(
        p.read_text() for p in SOURCES.rglob("*") if p.suffix in {".py", ".js", ".html"} and p.parent.name != "texts"
    )
    built = (
        "error.",
        "todo.",
        "role.",
        "motif.",
        "csv.",
        "language.",
        "home.tip_",
        "keys.",
        "qualifier.",
        "link.did_",
        "why.because.",
        "verdict.",
        "table.",
        "pages.",
        "jobs.stage_",
        "tags.kind_",
        "tags.consent_",
        "tags.means_",
        "tags.schedule_",
        "tags.source_",
        "tags.never_",
        "tags.given_",
        "tags.will_be_",
        "tags.status_",
        "tags.state_",
        "tags.column_",
        "audiences.channel_",
        "audiences.left_",
        "segments.script.",
        "portraits.by_",
        "portraits.show_",
    )  # put together from parts
    unused = [key for key in TEXTS if f'"{key}"' not in everything and not key.startswith(built)]
    assert unused == []


@pytest.mark.parametrize("code", THEIRS)
def test_errors_that_people_cause_have_words_of_their_own(code: str) -> None:
    assert code in CODES
    assert problem(code, "zh") != problem("unknown", "zh")


@pytest.mark.parametrize("code", CODES)
def test_every_error_of_the_api_says_what_happened_and_what_to_do(code: str) -> None:
    for lang in LANGUAGES:
        happened, todo = problem(code, lang)
        assert happened and todo and happened != todo


def test_a_code_nobody_knows_still_says_what_to_do() -> None:
    assert problem("brand_new", "en")[1].startswith("Try again")


def test_blanks_are_filled_in() -> None:
    assert text("notice.shown_of", "en", shown="50", total="3,412") == "50 of 3,412"

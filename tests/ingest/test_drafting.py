"""A draft of a mapping: right about what names and values tell, honest about the rest, and always a mapping that can be read."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from ingest.drafting import draft, drafted
from ingest.errors import NotCsv
from ingest.layout import KINDS
from ingest.mapping import load_mapping
from ingest.rehearsal import rehearse
from ingest.synonyms import PLAIN
from tests.ingest.files import APPLICATION, CONSENT, CONTACT, CUSTOMER, EMERGENCY, LABEL, NOW, STATUS, made_up_id, write


def card(n: int) -> str:
    body = f"62220200000000{n:04}"
    return body + str(luhn.calc_check_digit(body))


PEOPLE = [
    {
        "客户编号": str(n),
        "身份证号": made_up_id(n),
        "姓名": "张伟",
        "手机号": f"138001380{n:02}",
        "卡号": card(n),
        "注册日期": f"{n % 28 + 1:02}/03/2025",
        "性别": str(n % 2 + 1),
        "微信昵称": "小明",
    }
    for n in range(30)
]


def columns(path: Path) -> dict[str, str]:
    return {guess.column.name: guess.own.name for guess in drafted(path).guesses}


def loaded_draft(folder: Path, *files: Path):
    target = folder / "mapping.toml"
    target.write_text(draft(files), encoding="utf-8")
    return load_mapping(target)


def test_chinese_names_are_understood(tmp_path: Path) -> None:
    file = write(tmp_path / "khxx.csv", PEOPLE)
    made = drafted(file)
    assert (made.kind.name, made.missing) == ("customers", [])
    assert columns(file) == {
        "id_number": "身份证号",
        "name": "姓名",
        "sex": "性别",
        "phone": "手机号",
        "bank_account": "卡号",
        "registered_at": "注册日期",
    }
    assert made.left_out == ["客户编号", "微信昵称"]
    told = {guess.column.name: guess for guess in made.guesses}
    assert told["registered_at"].rule == '{ from = "注册日期", format = "%d/%m/%Y" }'
    assert told["registered_at"].doubts == (), "days above the twelfth leave no doubt"
    assert 'values = { "1" = "…", "2" = "…" }' in told["sex"].doubts[0]


def test_english_names_are_understood_and_the_draft_loads_once_it_is_seen_to(tmp_path: Path) -> None:
    rows = [
        {
            "APPLY NO": f"A{n}",
            "cert_no": made_up_id(n),
            "Mobile": "13800138000",
            "amt": "5000",
            "apply_time": "2025-06-01 10:00:00",
        }
        for n in range(5)
    ]
    file = write(tmp_path / "orders.csv", rows)
    assert drafted(file).kind.name == "applications"
    _, report = rehearse([file], loaded_draft(tmp_path, file), now=NOW)
    assert (report.files[0].read, report.files[0].quarantined) == (5, 0)


def test_what_names_do_not_tell_the_values_may(tmp_path: Path) -> None:
    rows = [
        {
            "f1": made_up_id(n),
            "f2": f"138001380{n:02}",
            "f3": f"a{n}@example.com",
            "f4": f"10.0.0.{n}",
            "f5": card(n),
            "created": "2025-05-01",
        }
        for n in range(30)
    ]
    file = write(tmp_path / "dump.csv", rows)
    assert columns(file) == {
        "id_number": "f1",
        "phone": "f2",
        "email": "f3",
        "ip": "f4",
        "bank_account": "f5",
        "registered_at": "created",
    }
    assert draft([file]).count("guessed from what it holds") == 5


def test_it_says_what_it_is_unsure_of_and_what_is_missing(tmp_path: Path) -> None:
    rows = [
        {"account": f"acc-{n}", "id_no": f"ACC-{n:04}", "tel": f"0{n:06}", "dob": f"0{n % 9 + 1}/02/1980"}
        for n in range(20)
    ]
    text = draft([write(tmp_path / "accounts.csv", rows)])
    assert '# registered_at = "…"   # MISSING: customers need it' in text
    assert 'id_number = { from = "id_no", prefix = "OTHER:" }   # UNSURE: no resident IDs' in text
    assert "# keep_invalid_phones = true" in text
    assert 'birth_date = { from = "dob", format = "%d/%m/%Y" }   # UNSURE: day and month can' in text
    assert "it may be %m/%d/%Y" in text


def test_files_whose_columns_tell_nothing_are_doubted(tmp_path: Path) -> None:
    text = draft([write(tmp_path / "x.csv", [{"a": "1", "b": "2"}])])
    assert "# UNSURE: the columns hardly tell the kind of the rows" in text
    assert '# not read: "a", "b"' in text


@pytest.mark.parametrize("row", [CUSTOMER, APPLICATION, EMERGENCY, STATUS, LABEL, CONSENT, CONTACT], ids=list(KINDS))
def test_files_of_the_layout_are_recognised_under_any_name(tmp_path: Path, row: dict[str, str]) -> None:
    file = write(tmp_path / "anything.csv", [row])
    made = drafted(file)
    assert list(KINDS.values()).index(made.kind) == [
        CUSTOMER,
        APPLICATION,
        EMERGENCY,
        STATUS,
        LABEL,
        CONSENT,
        CONTACT,
    ].index(row)
    assert {guess.column.name: guess.own.name for guess in made.guesses} == {name: name for name in row}
    assert "UNSURE:" not in draft([file])


def test_several_files_make_one_mapping(tmp_path: Path) -> None:
    people = write(tmp_path / "khxx.csv", PEOPLE)
    labels = write(tmp_path / "labels.csv", [LABEL])
    mapping = loaded_draft(tmp_path, people, labels)
    assert list(mapping.files) == ["khxx.csv", "labels.csv"]


def test_what_is_no_file_of_rows_is_told_as_everywhere(tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    with pytest.raises(NotCsv, match="Excel"):
        draft([tmp_path / "book.xlsx"])


def test_no_synonym_stands_for_two_columns_of_one_kind() -> None:
    for kind in KINDS.values():
        words = [word for column in kind.columns for word in PLAIN[column.name]]
        assert len(words) == len(set(words)), kind.name


HEADERS = st.lists(
    st.text(min_size=1, max_size=12).filter(lambda t: t.strip() and "," not in t), min_size=1, max_size=6
)


@settings(deadline=None, max_examples=40)
@given(HEADERS, st.text(max_size=20))
def test_whatever_the_columns_are_called_the_draft_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], value: str
) -> None:
    folder = tmp_path_factory.mktemp("draft")
    unique = {f"{name}{place}": value for place, name in enumerate(names)}
    file = write(folder / "any.csv", [unique])
    try:
        text = draft([file])
    except NotCsv:
        return
    (folder / "map.toml").write_text(text, encoding="utf-8")
    assert list(load_mapping(folder / "map.toml").files) == ["any.csv"]

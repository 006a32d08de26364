"""The blocklist from the shell and over GraphQL: a supervisor lists a mule's phone, an investigator sees it, and no key is ever printed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model.stores import open_store
from tests.api.test_cli import guanxi, refused
from tests.fixtures import reference_case

FILE = """type,key,reason,expires_at
Phone,13900137777,mule phone,
phone,13900137778,mule phone,2099-01-01
BankAccount,6222020000000000001,mule account,
13900137779,Phone,columns swapped,
Device,device-of-the-ring,x,
Customer,11010519900307233X,not a valid number,
Device,device-of-the-ring,part of a ring,2020-01-01
Device,device-of-the-ring,part of a ring,
Device,device-of-another,handset of 138 0013 8000,
"""
KEYS = (
    "13900137777",
    "13900137778",
    "13900137779",
    "6222020000000000001",
    "11010519900307233X",
    "device-of-the-ring",
    "138 0013 8000",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    store = open_store(f"sqlite:///{tmp_path / 'guanxi.db'}", create=True)
    reference_case.load(store)
    store.close()
    yield tmp_path


def test_a_file_is_imported_its_bad_lines_are_told_and_no_key_is_printed(home: Path) -> None:
    (home / "list.csv").write_text(FILE, encoding="utf-8-sig")
    found = guanxi("blocklist", "import", home / "list.csv", home=home)
    assert found.returncode == 0 and "3 on the blocklist, 6 bad lines skipped" in found.stdout
    told = [line.split(":")[0] for line in found.stderr.splitlines()]
    assert told == [
        "line 4 [account.luhn]", "line 5 [blocklist.which]", "line 6 [blocklist.reason]", "line 7 [id.checksum]",
        "line 8 [blocklist.expiry]", "line 10 [text.personal]",
    ]  # fmt: skip
    shown = guanxi("blocklist", "list", home=home)
    assert "139****7777" in shown.stdout
    assert "2098-12-31T16:00" in shown.stdout  # midnight by the lender's clock
    assert not [key for key in KEYS if key in found.stdout + found.stderr + shown.stdout + shown.stderr]
    again = guanxi("blocklist", "import", home / "list.csv", home=home)
    assert "3 on the blocklist" in again.stdout
    assert guanxi("blocklist", "list", home=home).stdout == shown.stdout


def test_one_phone_is_listed_and_taken_off_by_its_number(home: Path) -> None:
    added = guanxi(
        "blocklist", "add", "-", "--type", "Phone", "--reason", "mule phone", home=home, stdin="139 0013 7777\n"
    )
    assert added.returncode == 0 and "139****7777" in added.stdout and "is on the blocklist." in added.stdout
    assert "Phone" in guanxi("blocklist", "list", "--type", "Phone", home=home).stdout
    assert "Nothing of that" in guanxi("blocklist", "list", "--type", "Device", home=home).stdout
    off = ("blocklist", "remove", "-", "--type", "Phone", "--reason", "wrong number")
    assert guanxi(*off, home=home, stdin="13900137777\n").returncode == 0
    refused(guanxi(*off, home=home, stdin="13900137777\n"), "blocklist.not_listed", 2)
    refused(guanxi(*off, home=home, stdin="13900137776\n"), "not_found", 3)


def test_what_can_not_be_imported_is_one_clear_line(home: Path) -> None:
    (home / "no-header.csv").write_text("Phone,13900137777,mule phone\n", encoding="utf-8")
    refused(guanxi("blocklist", "import", home / "no-header.csv", home=home), "invalid_request", 2)
    (home / "gbk.csv").write_bytes("type,key,reason\nPhone,13900137777,涉案电话\n".encode("gbk"))
    refused(guanxi("blocklist", "import", home / "gbk.csv", home=home), "invalid_request", 2)
    refused(guanxi("blocklist", "import", home / "none.csv", home=home), "file.unusable", 7)
    wrong = ("blocklist", "add", "13900", "--type", "Phone", "--reason", "mule phone")
    assert "13900" not in refused(guanxi(*wrong, home=home), "phone.invalid", 2)

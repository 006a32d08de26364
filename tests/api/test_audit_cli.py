"""What is done at the shell is in the audit chain as well as what is asked over HTTP, and nobody's number is in it."""

from pathlib import Path

import pytest

from api.audit_trail import AuditTrail, AuditUnavailable
from api.cli.chain import os_user
from api.secrets import derived, server_secret
from api.settings import Settings
from api.users import Users
from graph_model.records import AuditEntry, NodeRef
from graph_model.services.reveal import subject_hash
from graph_model.stores import open_store
from tests.api.test_cli import guanxi, refused
from tests.fixtures import reference_case


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A home with the reference case."""
    store = open_store(Settings(home=tmp_path).store_address, create=True)
    reference_case.load(store)
    store.close()
    return tmp_path


def test_a_seal_with_a_phone_in_its_reason_is_refused_and_leaves_nothing(kept: Path) -> None:
    told = refused(guanxi("audit", "seal", "--reason", "as 138 0013 8001 asked", home=kept), "text.personal", 2)
    assert "8001" not in told
    store = open_store(Settings(home=kept).store_address, read_only=True)
    assert store.audit() == []
    store.close()


PHONE = "13900137777"


def chain(home: Path) -> list[AuditEntry]:
    store = open_store(Settings(home=home).store_address, read_only=True)
    lines = store.audit()
    store.close()
    return lines


def told(line: AuditEntry) -> tuple[str, str, str, str]:
    return line.actor, line.role, line.operation, line.result


def test_a_listing_at_the_shell_is_in_the_chain_before_and_after_with_whom_it_is_about(kept: Path) -> None:
    listed = ("--type", "Phone", "--reason", "mule phone")
    assert guanxi("blocklist", "add", "-", *listed, home=kept, stdin=f"{PHONE}\n").returncode == 0
    assert guanxi("blocklist", "remove", "-", *listed, home=kept, stdin=f"{PHONE}\n").returncode == 0
    refused(guanxi("blocklist", "remove", "-", *listed, home=kept, stdin=f"{PHONE}\n"), "blocklist.not_listed", 2)
    lines = chain(kept)
    assert [told(line) for line in lines] == [
        ("command line", "supervisor", "cli blocklist.add", "begun"),
        ("command line", "supervisor", "cli blocklist.add", "ok"),
        ("command line", "supervisor", "cli blocklist.remove", "begun"),
        ("command line", "supervisor", "cli blocklist.remove", "ok"),
        ("command line", "supervisor", "cli blocklist.remove", "begun"),
        ("command line", "supervisor", "cli blocklist.remove", "blocklist.not_listed"),
    ]
    key = derived(server_secret(kept, ""), "audit subjects")
    assert {tuple(line.subjects) for line in lines} == {(subject_hash(key, NodeRef("Phone", f"+86{PHONE}")),)}
    assert {line.detail["user"] for line in lines} == {os_user()} and os_user()
    assert PHONE not in repr(lines)
    assert guanxi("audit", "verify", home=kept).returncode == 0


def test_an_imported_file_leaves_everybody_it_lists_in_the_chain(kept: Path) -> None:
    rows = "".join(f"Phone,139001{number:05},mule phone\n" for number in range(37_000, 37_600))
    (kept / "list.csv").write_text(f"type,key,reason\n{rows}", encoding="utf-8")
    assert "600 on the blocklist" in guanxi("blocklist", "import", kept / "list.csv", home=kept).stdout
    lines = chain(kept)
    assert [(line.operation, line.result) for line in lines] == [
        ("cli blocklist.import", "begun"), ("cli blocklist.import", "ok"),
    ] * 2  # fmt: skip
    assert len({subject for line in lines for subject in line.subjects}) == 600


def test_keys_and_users_are_in_the_chain_where_there_is_one_and_their_secrets_are_not(kept: Path) -> None:
    made = guanxi("keys", "create", "core-banking", "--role", "risk_engine", "--scope", "assess", home=kept)
    assert guanxi("keys", "revoke", "core-banking", home=kept).returncode == 0
    new = ("users", "add", "ida", "--role", "investigator", "--password-stdin")
    assert guanxi(*new, home=kept, stdin="correct horse battery\n").returncode == 0
    assert guanxi("users", "remove", "ida", home=kept).returncode == 0
    refused(guanxi("users", "add", "13800138000", *new[3:], home=kept, stdin="correct horse battery\n"), "user.name", 2)
    lines = chain(kept)
    assert [(line.operation, line.result) for line in lines] == [
        ("cli keys.create", "begun"), ("cli keys.create", "ok"), ("cli keys.revoke", "begun"), ("cli keys.revoke", "ok"),
        ("cli users.add", "begun"), ("cli users.add", "ok"), ("cli users.remove", "begun"), ("cli users.remove", "ok"),
        ("cli users.add", "begun"), ("cli users.add", "user.name"),
    ]  # fmt: skip
    assert lines[0].detail["scopes"] == ["assess"] and lines[4].detail["role"] == "investigator"
    for secret in (made.stdout.strip(), "correct horse", "13800138000"):
        assert secret not in repr(lines)
    assert guanxi("audit", "verify", home=kept).returncode == 0


def test_without_a_store_users_and_keys_are_made_all_the_same(tmp_path: Path) -> None:
    new = ("users", "add", "ida", "--role", "investigator", "--password-stdin")
    assert guanxi(*new, home=tmp_path, stdin="correct horse battery\n").returncode == 0
    assert guanxi("keys", "create", "engine", "--role", "risk_engine", home=tmp_path).returncode == 0
    assert list(tmp_path.glob("*.db")) == []


def test_a_damaged_store_stops_a_new_key_and_no_revocation(kept: Path) -> None:
    assert guanxi("keys", "create", "stolen", "--role", "risk_engine", home=kept).returncode == 0
    for path in kept.glob("guanxi.db*"):
        path.write_bytes(b"this is no graph" * 1_000)
    refused(guanxi("keys", "create", "another", "--role", "risk_engine", home=kept), "store_corrupt", 5)
    gone = guanxi("keys", "revoke", "stolen", home=kept)
    assert gone.returncode == 0 and "not in the audit chain [store_corrupt]" in gone.stderr


def test_a_full_disk_stops_a_new_user_and_nobody_s_removal(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = ("users", "add", "ida", "--role", "investigator", "--password-stdin")
    assert guanxi(*new, home=kept, stdin="correct horse battery\n").returncode == 0

    def full(*_: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(AuditTrail, "write_from_thread", full)
    other = ("users", "add", "sue", *new[3:])
    refused(guanxi(*other, home=kept, stdin="correct horse battery\n"), "audit.unavailable", 5)
    gone = guanxi("users", "remove", "ida", home=kept)
    assert gone.returncode == 0 and "not in the audit chain [audit.unavailable]" in gone.stderr
    assert Users(kept).all() == ()


def test_a_job_that_can_not_be_cancelled_is_in_the_chain_without_what_was_typed(kept: Path) -> None:
    assert guanxi("jobs", "cancel", PHONE, home=kept).returncode != 0
    begun, ended = chain(kept)
    assert (begun.operation, begun.result, ended.result) == ("cli jobs.cancel", "begun", "not_found")
    assert PHONE not in repr((begun, ended))

"""`guanxi tags` as an operator meets it: a dictionary from a file, its day, a portrait, and refusals of one line each."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.cli.tag_file import read_drafts
from graph_model.stores import open_store
from tests.api.test_cli import Finished, guanxi, refused
from tests.fixtures import reference_case

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "tags.toml"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with the reference case and the example's dictionary, computed; and the ID number of the case's subject."""
    home = tmp_path_factory.mktemp("home")
    store = open_store(f"sqlite:///{home / 'guanxi.db'}", create=True)
    case = reference_case.load(store)
    store.close()
    assert "version 1" in said(guanxi("tags", "load", EXAMPLE, home=home))
    said(guanxi("tags", "compute", home=home))
    return home, case.id_number


def said(found: Finished) -> str:
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_the_market_and_a_portrait(loaded: tuple[Path, str]) -> None:
    home, number = loaded
    market = said(guanxi("tags", "list", home=home))
    assert all(draft.code in market for draft in read_drafts(EXAMPLE))
    assert "failed" not in said(guanxi("tags", "status", home=home))
    shown = said(guanxi("tags", "portrait", "-", home=home, stdin=f"{number}\n"))
    assert "age_band" in shown and "risk_shares_device" in shown and number not in shown
    assert "No tag is known" in said(guanxi("tags", "portrait", number, "--on", "2020-01-01", home=home))
    told = said(guanxi("tags", "show", "active_referrer", home=home))
    assert "reads: REFERRED, tag referrer" in told and "read by: no tag" in told and "version 1" in told


def test_a_computed_tag_and_the_run_it_had(loaded: tuple[Path, str]) -> None:
    home, _ = loaded
    offered = said(guanxi("tags", "computations", home=home))
    assert "referral.reach" in offered and "relations.ring_size" in offered
    told = said(guanxi("tags", "show", "months_since_application", home=home))
    assert "values: computed activity.months_since_application" in told and "reads: APPLIED" in told
    last = told.splitlines()[-1].rstrip()
    assert "command line" in last and last.endswith("done") and " s " in last


def test_again_changes_nothing(loaded: tuple[Path, str]) -> None:
    home, _ = loaded
    assert said(guanxi("tags", "load", EXAMPLE, home=home)).count("version") == 0
    assert said(guanxi("tags", "compute", home=home)).count(": current") == len(read_drafts(EXAMPLE))
    assert " 0 changed" in said(guanxi("tags", "compute", "referrer", "--again", home=home))


def test_a_rule_is_tried_before_it_is_kept(loaded: tuple[Path, str]) -> None:
    home, _ = loaded
    told = said(guanxi("tags", "check", "shared(Device) >= 1", home=home))
    assert told.startswith("gives bool; reads Device\ntrue: ")
    assert "class has to be risk" in said(guanxi("tags", "check", "grade = 'D'", home=home))
    message = refused(guanxi("tags", "check", "educatoin is known", home=home), "tag.rule", 2)
    assert "line 1, column 1" in message and "education" in message


def test_refusals(loaded: tuple[Path, str], tmp_path: Path) -> None:
    home, _ = loaded
    refused(guanxi("tags", "delete", "referrer", home=home), "tag.in_use", 2)
    refused(guanxi("tags", "show", "unheard", home=home), "not_found", 3)
    refused(guanxi("tags", "compute", "--on", "2999-01-01", home=home), "tag.base_date", 2)
    broken = tmp_path / "tags.toml"
    for text, code in (
        ("[[tag", "tag.file"),
        ('[[tag]]\ncode = "x"\n', "tag.file"),
        (EXAMPLE.read_text().replace('consent = "risk"', 'consent = "none"'), "tag.file"),
        (EXAMPLE.read_text().replace("degree(REFERRED out)", "degree(REFERED out)"), "tag.rule"),
    ):
        broken.write_text(text)
        refused(guanxi("tags", "load", broken, home=home), code, 2)


def test_a_computation_that_is_killed_goes_on(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'guanxi.db'}", create=True)
    reference_case.load(store)
    said(guanxi("tags", "load", EXAMPLE, home=tmp_path))
    environment = dict(os.environ) | {"GUANXI_HOME": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-m", "api.cli", "tags", "compute"], env=environment)
    deadline = time.monotonic() + 60
    while store.states("tag-run/", limit=1) == {} and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    store.close()
    finished = said(guanxi("tags", "compute", home=tmp_path))
    assert len(finished.splitlines()) == len(read_drafts(EXAMPLE))
    assert said(guanxi("tags", "status", home=tmp_path)).count("done") == len(read_drafts(EXAMPLE))


def test_values_of_a_file(loaded: tuple[Path, str], tmp_path: Path) -> None:
    home, number = loaded
    book = tmp_path / "book.toml"
    book.write_text(
        '[[tag]]\ncode = "tier"\nname_zh = "层级"\nname_en = "tier"\ncategory = "价值"\nsubcategory = "层级"\n'
        'kind = "imported"\nvalue_type = "text"\n',
        encoding="utf-8",
    )
    said(guanxi("tags", "load", book, home=home))
    file = tmp_path / "tier.csv"
    file.write_text(f"id_number,value\n{number},gold\n{number[:-1]},gold\nPASSPORT:E99999999,gold\n")
    told = guanxi("tags", "import", "tier", file, home=home)
    assert told.returncode == 0, told.stderr
    assert "tier: 3 rows, 1 changed, 2 refused." in told.stdout
    assert "[not_found]" in told.stderr and "[id.length]" in told.stderr and number not in told.stderr
    (kept,) = (home / "quarantine").glob("tag-tier-*.csv")
    assert number[:-1] in kept.read_text("utf-8-sig") and kept.stat().st_mode & 0o077 == 0
    assert "tier: 3 rows, 0 changed, 2 refused." in said(guanxi("tags", "import", "tier", file, home=home))
    assert "gold" in said(guanxi("tags", "portrait", "-", home=home, stdin=f"{number}\n"))
    assert "values: imported" in said(guanxi("tags", "show", "tier", home=home))
    file.write_text(f"id_number,value\n{number},\n")
    assert "1 changed" in said(guanxi("tags", "import", "tier", file, home=home))
    assert "gold: " not in said(guanxi("tags", "show", "tier", home=home))
    file.write_text(f"id_no,worth\n{number},gold\n")
    assert "Name the column with --key" in refused(
        guanxi("tags", "import", "tier", file, home=home), "ingest_missing_columns", 2
    )
    assert "come in files" in refused(guanxi("tags", "set", "tier", "-", home=home, stdin=f"{number}\n"), "tag.kind", 2)
    assert "nothing to compute" in refused(guanxi("tags", "compute", "tier", home=home), "tag.kind", 2)
    said(guanxi("tags", "delete", "tier", home=home))

"""`guanxi mapping` as the data person meets it: a draft, a look at it, an ingest; nothing is overwritten or written by the way."""

from pathlib import Path

from tests.api.test_cli import guanxi, refused
from tests.ingest.files import FANG, WEI, write

PEOPLE = [
    {"cert_no": WEI, "姓名": "张伟", "mobile": "13800138000", "opened": "13/05/2025", "nick": "小明"},
    {"cert_no": FANG, "姓名": "李芳", "mobile": "13900139000", "opened": "14/05/2025", "nick": ""},
]


def test_a_foreign_file_is_drafted_checked_and_ingested(tmp_path: Path) -> None:
    home, draft = tmp_path / "home", tmp_path / "map.toml"
    file = write(tmp_path / "clients.csv", PEOPLE)
    made = guanxi("mapping", "init", file, "--out", draft, home=home)
    assert made.returncode == 0, made.stderr
    assert "0 places to look at, 0 missing" in made.stdout and "guanxi mapping check" in made.stdout
    looked = guanxi("mapping", "check", draft, file, home=home)
    assert looked.returncode == 0, looked.stderr
    assert "Customer USES_PHONE" in looked.stdout and "cert_no" in looked.stdout and "nick" in looked.stdout
    assert not (home / "guanxi.db").exists(), "a check makes no graph"
    loaded = guanxi("ingest", file, "--mapping", draft, home=home)
    assert loaded.returncode == 0, loaded.stderr
    assert "Customer 2" in loaded.stdout


def test_a_draft_never_overwrites_unless_told_to(tmp_path: Path) -> None:
    file, draft = write(tmp_path / "clients.csv", PEOPLE), tmp_path / "map.toml"
    draft.write_text("# mine\n")
    told = refused(guanxi("mapping", "init", file, "--out", draft, home=tmp_path), "invalid_request", 2)
    assert "--force" in told and draft.read_text() == "# mine\n"
    assert guanxi("mapping", "init", file, "--out", draft, "--force", home=tmp_path).returncode == 0
    assert "customers" in draft.read_text(encoding="utf-8")


def test_a_check_says_when_every_row_would_be_refused(tmp_path: Path) -> None:
    file, mapping = write(tmp_path / "clients.csv", PEOPLE), tmp_path / "map.toml"
    mapping.write_text(
        '[files."clients.csv"]\nkind = "customers"\n'
        'columns = { id_number = "cert_no", registered_at = "opened", mobile_carrier = { value = "x" } }\n'
    )
    looked = guanxi("mapping", "check", mapping, file, home=tmp_path)
    assert "moment.malformed" in looked.stdout and "(constant)" in looked.stdout
    assert "Every row looked at of 1 file would be refused" in looked.stderr


def test_a_check_walks_tables_too_and_explains_a_wrong_query(tmp_path: Path) -> None:
    file, mapping = write(tmp_path / "clients.csv", PEOPLE), tmp_path / "map.toml"
    text = """
    [sources]
    clients = "clients.csv"
    [[tables]]
    name = "people"
    kind = "customers"
    select = "SELECT cert_no AS id_number, opened AS registered_at FROM clients"
    columns = { registered_at = { format = "%d/%m/%Y" } }
    [[skipped]]
    name = "nobody"
    select = "SELECT * FROM clients WHERE nick = 'x'"
    """
    mapping.write_text(text, encoding="utf-8")
    looked = guanxi("mapping", "check", mapping, file, home=tmp_path)
    assert looked.returncode == 0, looked.stderr
    assert "people: customers" in looked.stdout and "Left out on purpose" in looked.stdout
    mapping.write_text(text.replace("SELECT cert_no", "SELECT cert_nr"), encoding="utf-8")
    told = refused(guanxi("mapping", "check", mapping, file, home=tmp_path), "ingest_mapping", 2)
    assert "Did you mean cert_no?" in told

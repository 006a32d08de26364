"""Other people's files: a mapping says their kind and what their columns mean, and helps when it is wrong."""

from pathlib import Path

import pytest

from graph_model.records import NodeRef
from graph_model.store import GraphStore
from ingest.errors import BadMapping, FileUnreadable
from ingest.mapping import load_mapping
from tests.ingest.conftest import Load
from tests.ingest.files import CUSTOMER, FANG, WEI, read, write

FOREIGN = {"id_number": "7", "cert_no": WEI, "姓名": "张伟", "opened": "2025/5/1 10:00", "mobile": "13800138000"}
MAPPING = """
[files."clients_2026.csv"]
kind = "customers"
source = "core-banking"

[files."clients_2026.csv".columns]
id_number = "cert_no"
name = "姓名"
registered_at = "Opened"
phone = "mobile"
"""


def mapping(folder: Path, text: str = MAPPING) -> Path:
    file = folder / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_foreign_file_is_read_through_its_mapping(tmp_path: Path, store: GraphStore, load: Load) -> None:
    write(tmp_path / "clients_2026.csv", [FOREIGN])
    report = load(tmp_path, mapping=load_mapping(mapping(tmp_path)))
    assert (report.files[0].kind, report.loaded) == ("customers", 1)
    wei = store.get(NodeRef("Customer", WEI))
    assert wei is not None
    assert (wei.properties["name"], wei.source) == ("张伟", "core-banking")
    assert store.statistics().edges["USES_PHONE"] == 1


def test_refused_rows_of_a_foreign_file_need_no_mapping_any_more(tmp_path: Path, load: Load, quarantine: Path) -> None:
    write(tmp_path / "clients_2026.csv", [{**FOREIGN, "mobile": "12"}])
    load(tmp_path, mapping=load_mapping(mapping(tmp_path)))
    [file] = quarantine.iterdir()
    [row] = read(file)
    assert (row["id_number"], row["_own_id_number"], row["phone"]) == (WEI, "7", "12")
    file.write_text(file.read_text(encoding="utf-8").replace(",12,", ",13800138000,", 1), encoding="utf-8")
    assert load(file).loaded == 1


WRONG = [
    ("no toml", "is no TOML"),
    ('[file."a.csv"]', "unknown entry file. Did you mean files?"),
    ("files = 1", "files is no table"),
    ('[files."a.csv"]\nkind = "customer"', "Did you mean customers?"),
    ('[files."a.csv"]\nkinds = "customers"', "Did you mean kind?"),
    ('[files."a.csv"]\nkind = "customers"\n[files."a.csv".columns]\nid_numbr = "x"', "Did you mean id_number?"),
    ('[files."a.csv"]\nkind = "customers"\n[files."a.csv".columns]\nid_number = 7', "must name a column"),
    ('[files."a.csv"]\nsource = ""', "source is a text"),
    ('[files]\n"a.csv" = 7', "is no table"),
    ('[files."a.csv".columns]\nname = { frm = "x" }', "Did you mean from?"),
    ('[files."a.csv".columns]\nname = { value = "x", prefix = "y" }', "stands alone"),
    ('[files."a.csv".columns]\nname = { value = 7 }', "is no text"),
    ('[files."a.csv".columns]\nsex.values = { 1 = 7 }', "values.1 is no text"),
    ('[files."a.csv".columns]\nname = { format = "%Y" }', "is no date"),
    ('[files."a.csv".columns]\nbirth_date = { format = "DD.MM.YYYY" }', "is not understood"),
    ('[files."a.csv".columns]\nbirth_date = { format = "%Q" }', "is not understood"),
    ('[files."a.csv".columns]\nregistered_at = { format = 7 }', "a list of texts"),
    ('[files."a.csv".columns]\nregistered_at = { offset = "+08:00" }', "goes with format"),
    ('[files."a.csv".columns]\nregistered_at = { format = "%Y", offset = "8" }', 'the form "+08:00"'),
    ('[files."a.csv"]\nkeep_invalid_phones = "yes"', "true or false"),
    ('[[files."a.csv"]]\nkind = "customers"\n[[files."a.csv"]]\nkind = "customers"', "names another kind"),
]


@pytest.mark.parametrize(("text", "hint"), WRONG, ids=[case[1] for case in WRONG])
def test_a_wrong_mapping_says_what_is_wrong(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(BadMapping) as refused:
        load_mapping(mapping(tmp_path, text))
    assert hint in refused.value.message
    assert "mapping.toml" in refused.value.message


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        load_mapping(tmp_path / "mapping.toml")


def test_a_mapped_column_that_the_file_lacks_is_told_the_nearest(tmp_path: Path, load: Load) -> None:
    write(tmp_path / "clients_2026.csv", [{**FOREIGN, "cert_num": WEI}])
    wrong = load_mapping(mapping(tmp_path, MAPPING.replace('"cert_no"', '"cert_nr"')))
    with pytest.raises(BadMapping, match=r"has no column cert_nr.*Did you mean cert_n"):
        load(tmp_path, mapping=wrong)


def test_other_files_keep_their_own_names(tmp_path: Path, load: Load) -> None:
    write(tmp_path / "clients_2026.csv", [FOREIGN])
    write(tmp_path / "customers-partner.csv", [{**CUSTOMER, "id_number": FANG}])
    report = load(tmp_path, mapping=load_mapping(mapping(tmp_path)))
    assert [(f.file, f.loaded) for f in report.files] == [("clients_2026.csv", 1), ("customers-partner.csv", 1)]

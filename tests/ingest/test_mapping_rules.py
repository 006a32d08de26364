"""What a mapping makes of columns: constants, codes, dates, prefixes, one column read twice, one file with rows of several kinds, numbers that are none."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from graph_model.principal import Principal, Role
from graph_model.records import NodeRef
from graph_model.services.lookup import search
from graph_model.services.masking import attributes, caption
from graph_model.store import GraphStore
from ingest.errors import BadMapping
from ingest.mapping import load_mapping
from ingest.mapping_values import IngestMapping
from tests.ingest.conftest import Load
from tests.ingest.files import CUSTOMER, EMERGENCY, FANG, WEI, read, write

IDA = Principal("ida", Role.INVESTIGATOR)


def mapping(folder: Path, text: str) -> IngestMapping:
    file = folder / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    return load_mapping(file)


ABROAD = """
[files."abroad.csv"]
kind = "customers"
[files."abroad.csv".columns]
id_number = { from = "passport", prefix = "PASSPORT:" }
name = "holder"
sex = { from = "gender", values = { "1" = "male", "2" = "female" } }
birth_date = { from = "born", format = ["%d/%m/%Y", "%d %b %Y"] }
registered_at = { from = "opened", format = ["%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"], offset = "+01:00" }
mobile_carrier = { value = "unknown" }
education = { from = "school", default = "high" }
"""
TRAVELLER = {
    "passport": "E1234567",
    "holder": "An Na",
    "gender": "2",
    "born": "31/12/1990",
    "opened": "02.03.2025 09:30",
    "school": "",
}


def test_codes_dates_prefixes_constants_and_defaults_become_ours(tmp_path: Path, store: GraphStore, load: Load) -> None:
    other = {"passport": "PASSPORT:E7654321", "gender": "1", "born": "5 Jan 1980", "opened": "2025-03-02T09:30:00+0000"}
    write(tmp_path / "abroad.csv", [TRAVELLER, {**TRAVELLER, **other, "school": "bachelor"}])
    assert load(tmp_path / "abroad.csv", mapping=mapping(tmp_path, ABROAD)).loaded == 2
    an = store.get(NodeRef("Customer", "PASSPORT:E1234567"))
    assert an is not None and an.first_seen == datetime(2025, 3, 2, 8, 30, tzinfo=UTC)
    assert an.properties == {
        "name": "An Na",
        "sex": "female",
        "birth_date": date(1990, 12, 31),
        "mobile_carrier": "unknown",
        "education": "high",
    }
    other_one = store.get(NodeRef("Customer", "PASSPORT:E7654321"))
    assert other_one is not None and other_one.first_seen == datetime(2025, 3, 2, 9, 30, tzinfo=UTC)
    assert (other_one.properties["sex"], other_one.properties["education"]) == ("male", "bachelor")
    assert other_one.properties["birth_date"] == date(1980, 1, 5)


def test_what_a_rule_does_not_fit_is_refused_as_it_was_written(tmp_path: Path, load: Load, quarantine: Path) -> None:
    write(tmp_path / "abroad.csv", [{**TRAVELLER, "gender": "9"}, {**TRAVELLER, "born": "1990, New Year's Eve"}])
    report = load(tmp_path / "abroad.csv", mapping=mapping(tmp_path, ABROAD))
    assert report.quarantined == 2
    [file] = quarantine.iterdir()
    unknown, undated = read(file)
    assert (unknown["_reason"], unknown["sex"], unknown["id_number"]) == ("choice.unknown", "9", "PASSPORT:E1234567")
    assert (undated["_reason"], undated["birth_date"]) == ("date.malformed", "1990, New Year's Eve")
    file.write_text(file.read_text(encoding="utf-8").replace(",9,", ",male,", 1), encoding="utf-8")
    assert load(file).loaded == 1, "what a mapping made of a row needs no mapping any more"


def test_one_column_may_mean_several_things(tmp_path: Path, store: GraphStore, load: Load) -> None:
    write(tmp_path / "forms.csv", [{"doc": WEI, "address": "广东省广州市天河区天河路1号", "at": "2025-05-01"}])
    text = """
    [files."forms.csv"]
    kind = "customers"
    columns = { id_number = "doc", registered_at = "at", home_address = "address", work_address = "address" }
    """
    assert load(tmp_path / "forms.csv", mapping=mapping(tmp_path, text)).loaded == 1
    counted = store.statistics()
    assert (counted.nodes["Address"], counted.edges["HAS_ADDRESS"]) == (1, 2)


def test_one_file_may_hold_rows_of_several_kinds(tmp_path: Path, store: GraphStore, load: Load) -> None:
    row = {"doc": WEI, "name": "张伟", "friend": FANG, "at": "2025-05-01"}
    write(tmp_path / "forms.csv", [row, {**row, "friend": ""}])
    text = """
    [[files."forms.csv"]]
    kind = "relations"
    columns = { id_number = "doc", relation.value = "REFERRED", target = "friend" }
    [[files."forms.csv"]]
    kind = "customers"
    columns = { id_number = "doc", registered_at = "at" }
    """
    report = load(tmp_path / "forms.csv", mapping=mapping(tmp_path, text))
    assert [(f.kind, f.loaded, f.merged, f.quarantined) for f in report.files] == [
        ("customers", 1, 1, 0),
        ("relations", 1, 0, 1),
    ]
    assert store.statistics().edges["REFERRED"] == 1


def test_an_own_column_with_a_default_may_be_absent(tmp_path: Path, store: GraphStore, load: Load) -> None:
    rules = '[files."customers.csv".columns]\nmobile_carrier = { default = "none told" }\nname = { default = "?" }'
    write(tmp_path / "customers.csv", [CUSTOMER])
    load(tmp_path / "customers.csv", mapping=mapping(tmp_path, rules))
    wei = store.get(NodeRef("Customer", WEI))
    assert wei is not None
    assert (wei.properties["mobile_carrier"], wei.properties["name"]) == ("none told", "张伟")


def test_a_rule_for_a_column_that_is_not_there_names_the_nearest(tmp_path: Path, load: Load) -> None:
    write(tmp_path / "customers.csv", [{**CUSTOMER, "gendre": "1"}])
    rules = '[files."customers.csv".columns]\nsex = { from = "gender", values = { 1 = "male" } }'
    with pytest.raises(BadMapping, match=r"has no column gender.*Did you mean gendre"):
        load(tmp_path / "customers.csv", mapping=mapping(tmp_path, rules))


KEEP = '[files."customers.csv"]\nkeep_invalid_phones = true\n[files."relations.csv"]\nkeep_invalid_phones = true'


def test_a_number_that_can_not_exist_is_kept_where_the_mapping_asks_for_it(
    tmp_path: Path, store: GraphStore, load: Load
) -> None:
    strange = "+1 195-5481 9687"
    write(tmp_path / "customers.csv", [{**CUSTOMER, "phone": strange}, {**CUSTOMER, "id_number": FANG}])
    write(tmp_path / "relations.csv", [{**EMERGENCY, "target": "001195548"}])
    assert load(tmp_path, mapping=mapping(tmp_path, KEEP)).quarantined == 0
    kept = store.get(NodeRef("Phone", "raw:+119554819687"))
    usual = store.get(NodeRef("Phone", "+8613800138000"))
    assert kept is not None and usual is not None
    assert (kept.properties, usual.properties) == ({"invalid": True}, {})
    assert store.get(NodeRef("Phone", "raw:001195548")) is not None
    for typed in ("+1 195 5481 9687", "raw:+119554819687"):
        [hit] = search(store, IDA, typed)
        assert (hit.id, hit.caption) == (kept.node_id, "raw:+11****9687")
    number, invalid = attributes(kept, IDA)
    assert number.masked and number.value == "raw:+11****9687" and not invalid.masked
    assert caption(kept, IDA) == "raw:+11****9687"


def test_without_being_asked_such_a_number_is_refused_and_a_word_always_is(tmp_path: Path, load: Load) -> None:
    write(tmp_path / "customers.csv", [{**CUSTOMER, "phone": "+119554819687"}, {**CUSTOMER, "phone": "none"}])
    assert load(tmp_path).quarantined == 2
    assert load(tmp_path, mapping=mapping(tmp_path, KEEP)).quarantined == 1

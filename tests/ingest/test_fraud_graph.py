"""A real graph that none of us made, through the mapping that is kept as an example. Skipped where the folder of shared data is absent."""

import csv
import gzip
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gnn.score import score
from graph_model.principal import Principal, Role
from graph_model.records import NodeRef
from graph_model.schema.property_types import Moment
from graph_model.services.lookup import search
from graph_model.services.relation_graph import relation_graph
from graph_model.services.rings import member_page, ring_page
from graph_model.store import GraphStore
from graph_model.stores import open_store
from ingest.load import ingest
from ingest.mapping import load_mapping
from ingest.report import IngestReport
from tests.ingest.files import NOW
from tests.ingest.graphs import graph_of

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("GUANXI_BENCH_DATA", ROOT.parent / "shared" / "data")) / "fraud_graph"
MAPPING = ROOT / "docs" / "examples" / "fraud_graph.toml"
IDA = Principal("ida", Role.INVESTIGATOR)

pytestmark = pytest.mark.skipif(
    not (DATA / "nodes.csv.gz").exists(), reason="GUANXI_BENCH_DATA holds no fraud_graph: see docs/benchmarks.md"
)


@dataclass(frozen=True)
class Loaded:
    store: GraphStore
    report: IngestReport
    quarantine: Path


def load(store: GraphStore, quarantine: Path) -> IngestReport:
    return ingest(store, [DATA], quarantine_dir=quarantine, now=NOW, mapping=load_mapping(MAPPING))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("fraud_graph")
    store = open_store(f"sqlite:///{folder / 'graph.db'}", create=True)
    yield Loaded(store, load(store, folder / "quarantine"), folder / "quarantine")
    store.close()


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_of_the_files_is_read_and_told_of(loaded: Loaded) -> None:
    assert [(s.file, s.read, s.broken) for s in loaded.report.sources] == [
        ("nodes.csv.gz", 35_949, 0),
        ("edges.csv.gz", 82_111, 0),
    ]
    assert [(s.name, s.rows) for s in loaded.report.skipped] == [("merchants", 100)]
    told = {f.file: (f.read, f.loaded, f.merged, f.quarantined) for f in loaded.report.files}
    # One of the 1,045 accounts has no transaction, hence no moment: it and its five features wait in quarantine.
    assert told == {
        "accounts": (1_045, 1_044, 0, 1),
        "features": (5_145, 0, 5_140, 5),
        "transactions": (25_307, 0, 25_307, 0),
    }
    refused = Counter(reason.reason for file in loaded.report.files for reason in file.reasons)
    assert refused == {"required.missing": 2}


def test_the_graph_holds_what_the_files_hold(loaded: Loaded) -> None:
    counted = loaded.store.statistics()
    assert {label: number for label, number in counted.nodes.items() if number} == {
        "Customer": 1_044,
        "Phone": 1_833,
        "Address": 893,  # of 894: "Fuyang, 003" is written with one comma and with two, and is one place
        "IpAddress": 4_208,
        "Email": 1_677,
    }
    assert {name: number for name, number in counted.edges.items() if number} == {
        "USES_PHONE": 1_915,
        "USES_IP": 5_241,
        "HAS_EMAIL": 1_695,
        "HAS_ADDRESS": 1_044,
    }


def test_the_edges_are_those_that_plain_reading_finds(loaded: Loaded) -> None:
    """Counted once more without SQL, from the files."""
    label = {row["id"]: row["label"] for row in rows("nodes.csv.gz")}
    edges = rows("edges.csv.gz")
    account_of = {row["source"]: row["target"] for row in edges if row["label"] == "ACCOUNT"}
    dated = set(account_of.values())
    pairs: dict[str, set[tuple[str, str]]] = {}
    for row in edges:
        if row["label"] == "FEATURE_OF_ACCOUNT" and row["target"] in dated:
            pairs.setdefault(label[row["source"]], set()).add((row["target"], row["source"]))
        if row["label"] == "FEATURE_OF_TRANSACTION":
            pairs.setdefault(label[row["source"]], set()).add((account_of[row["target"]], row["source"]))
    found = loaded.store.statistics().edges
    assert len(pairs["PhoneNumber"]) == found["USES_PHONE"]
    assert len(pairs["IpAddress"]) == found["USES_IP"]
    assert len(pairs["EmailAddress"]) == found["HAS_EMAIL"]
    assert len(pairs["Address"]) == found["HAS_ADDRESS"]


def test_numbers_that_can_not_exist_are_kept_and_flagged(loaded: Loaded) -> None:
    phones = loaded.store.scan_nodes("Phone", ["invalid"])
    flags = phones.properties["invalid"].astype(float)
    raw = np.array([key.startswith("raw:") for key in phones.keys])
    assert (int(raw.sum()), int((~raw).sum())) == (1_553, 280)
    assert (flags[raw] == 1).all() and np.isnan(flags[~raw]).all()


def test_an_account_is_a_customer_with_name_birth_date_and_its_earliest_moment(loaded: Loaded) -> None:
    nodes = {row["id"]: row for row in rows("nodes.csv.gz")}
    edges = rows("edges.csv.gz")
    account = nodes["account-933"]
    born = [nodes[e["source"]]["value"] for e in edges if e["target"] == account["id"] and "date" not in e["label"]]
    moments = [nodes[e["source"]]["created"] for e in edges if (e["label"], e["target"]) == ("ACCOUNT", account["id"])]
    customer = loaded.store.get(NodeRef("Customer", "OTHER:ACCOUNT-933"))
    assert customer is not None
    assert customer.properties["name"] == f"{account['first_name']} {account['last_name']}"
    assert f"{customer.properties['birth_date']} 00:00:00" in born
    assert customer.first_seen == Moment().clean(min(moments).removeprefix("datetime('").removesuffix("'"))
    assert customer.last_seen == Moment().clean(max(moments).removeprefix("datetime('").removesuffix("'"))


def test_searching_an_account_shows_its_graph(loaded: Loaded) -> None:
    edges = rows("edges.csv.gz")
    dated = {edge["target"] for edge in edges if edge["label"] == "ACCOUNT"}
    email_of: dict[str, set[str]] = {}
    for edge in edges:
        if edge["label"] == "FEATURE_OF_ACCOUNT" and "@" in edge["source"] and edge["target"] in dated:
            email_of.setdefault(edge["source"], set()).add(edge["target"])
    account, *others = sorted(next(accounts for accounts in email_of.values() if len(accounts) > 1))
    [hit] = search(loaded.store, IDA, f"OTHER:{account}")
    shown = relation_graph(loaded.store, IDA, hit.id)
    types = Counter(node.type for node in shown.nodes)
    assert {"Customer", "Phone", "IpAddress", "Email", "Address"} <= types.keys()
    for other in others:
        [same_email] = search(loaded.store, IDA, f"OTHER:{other}")
        assert same_email.id in {node.id for node in shown.nodes}


def test_loading_it_again_changes_nothing(loaded: Loaded) -> None:
    before = graph_of(loaded.store)
    again = load(loaded.store, loaded.quarantine)
    assert {name: number for name, number in again.created.items() if number} == {}
    assert graph_of(loaded.store) == before


def test_scoring_it_lists_its_rings(loaded: Loaded, tmp_path: Path) -> None:
    """No label is known, so plain rules score; rings need none."""
    done = score(loaded.store, as_of=NOW, scored_at=NOW, models=tmp_path / "models")
    assert (done.source, done.customers) == ("rules", 1_044)
    page = ring_page(loaded.store, IDA, first=50)
    assert page.total == done.rings and page.total >= 5
    for ring in page.rings[:5]:
        members = member_page(loaded.store, IDA, ring.ring_id, first=50)
        assert len(members.members) >= 2

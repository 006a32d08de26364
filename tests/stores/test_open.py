"""Opening a store by its URL."""

from pathlib import Path

import pytest

from graph_model.errors import InvalidRequest, StoreError, StoreMissing, StoreReadOnly
from graph_model.records import GraphBatch
from graph_model.stores import open_store
from tests.stores.adapters import Adapter, Opened
from tests.stores.scenarios import customer, known, node


@pytest.mark.parametrize("url", ["", "graph.db", "mysql://host/db", "sqlite", "://", "SQLITE:///graph.db"])
def test_an_unknown_scheme_is_told_which_are_known(url: str) -> None:
    with pytest.raises(InvalidRequest, match="sqlite"):
        open_store(url)


def test_a_store_that_is_not_there_is_missing_until_it_is_created(adapter: Adapter, tmp_path: Path) -> None:
    url = adapter.fresh_url(tmp_path)
    with pytest.raises(StoreMissing) as missing:
        open_store(url)
    assert missing.value.code == "store_missing"
    open_store(url, create=True).close()
    open_store(url).close()


def test_creating_what_exists_opens_it(opened: Opened) -> None:
    opened.store.upsert(GraphBatch([node(customer("c1"))]))
    again = open_store(opened.url, create=True)
    assert known(again, customer("c1")).key == "c1"
    again.close()


def test_a_read_only_store_reads_what_others_write_and_writes_nothing(opened: Opened) -> None:
    reader = open_store(opened.url, read_only=True)
    opened.store.upsert(GraphBatch([node(customer("c1"))]))
    assert known(reader, customer("c1")).key == "c1"
    with pytest.raises(StoreReadOnly):
        reader.upsert(GraphBatch([node(customer("c2"))]))
    with pytest.raises(StoreReadOnly), reader.writing("ingest"):
        pytest.fail("a read-only store was held for writing")
    reader.close()


def test_read_only_and_create_contradict_each_other(adapter: Adapter, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        open_store(adapter.fresh_url(tmp_path), create=True, read_only=True)


def test_a_closed_store_says_that_it_is_closed(opened: Opened) -> None:
    opened.store.close()
    opened.store.close()
    with pytest.raises(StoreError, match="closed"):
        opened.store.get(customer("c1"))
    with pytest.raises(StoreError, match="closed"):
        opened.store.upsert(GraphBatch([node(customer("c1"))]))


def test_the_address_names_the_place_and_no_password(opened: Opened) -> None:
    scheme, _, rest = opened.url.partition("://")
    assert opened.store.address == f"{scheme}://{rest.rpartition('@')[2]}"

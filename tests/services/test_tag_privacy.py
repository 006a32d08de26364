"""Tags against whoever tries to read more of them than a role may know: the blocklist, risk that a tag once said, and single people."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.services import blocklist
from graph_model.services.tags import reading
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.services.people import NOW, arrive, person

MEI, WU = Principal("mei", Role.MARKETER), Principal("wu", Role.SUPERVISOR)
PEOPLE = [person(number) for number in range(40)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """Forty people of whom nothing else is known."""
    opened = open_store(f"sqlite:///{tmp_path}/graph.db", create=True)
    arrive(opened, PEOPLE)
    yield opened
    opened.close()


def test_what_the_blocklist_brought_is_not_found_by_its_source(store: GraphStore) -> None:
    phones = [
        blocklist.listing("Phone", f"139001380{number:02d}", reason="gang of March", expires_at=None, now=NOW)
        for number in range(12)
    ]
    blocklist.add(store, WU, phones, now=NOW)
    for rule in (f"source = '{WU.source}'", "source <> 'crm'", "source is known"):
        with pytest.raises(InvalidRequest) as refused:
            reading.check(store, MEI, rule, label="Phone", now=NOW)
        assert refused.value.code == "tag.rule"

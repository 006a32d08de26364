"""Tags whose values are given, on every engine: what was cut short between two writes is counted when it is given again, and deleted with its tag."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from graph_model.errors import InvalidRequest, StoreFull
from graph_model.principal import Principal, Role
from graph_model.services.tags import dictionary
from graph_model.services.tags.computing import end_deleted
from graph_model.services.tags.definition import TagKind, ValueType
from graph_model.services.tags.dictionary import Draft
from graph_model.services.tags.given import Imported, Part, Row, give, take_in
from graph_model.services.tags.runs import RunStatus, last_run
from graph_model.store import GraphStore
from tests.services.people import person
from tests.stores.scenarios import batch, edge, fact, id_of, node, phone

WU = Principal("wu", Role.SUPERVISOR)
NOW = datetime(2025, 3, 1, 4, tzinfo=UTC)
TODAY = date(2025, 3, 1)
PEOPLE = [person(number) for number in range(4)]
FILE = [Row(2, PEOPLE[1].key, "gold"), Row(3, PEOPLE[2].key, "silver"), Row(4, PEOPLE[3].key, "gold")]
TIER = Draft("tier", "等级", "tier", "行为", "联系", kind=TagKind.IMPORTED, value_type=ValueType.TEXT)
CALLED = replace(TIER, code="called", kind=TagKind.MANUAL)


@pytest.fixture
def book(store: GraphStore) -> GraphStore:
    """Four customers, and a tag of either kind."""
    store.upsert(batch(nodes=[node(each) for each in PEOPLE]))
    for each in (TIER, CALLED):
        dictionary.define(store, WU, each, now=NOW)
    return store


def imported(store: GraphStore) -> Imported:
    parts = [Part([row], place, len(FILE)) for place, row in enumerate(FILE)]
    return take_in(
        store, WU, "tier", parts, source="cli", base_date=TODAY, clock=lambda: NOW,
        on_refused=lambda rows: None, on_progress=lambda *_: None,
    )  # fmt: skip


def killed_after_the_values(store: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """No state can be written any more once values were."""
    give_tag = store.give_tag

    def full(*_: object, **__: object) -> bool:
        raise StoreFull("the disk")

    def giving(*words: object) -> object:
        changes = give_tag(*words)  # type: ignore[arg-type]
        monkeypatch.setattr(store, "put_state", full)
        monkeypatch.setattr(store, "swap_state", full)
        return changes

    monkeypatch.setattr(store, "give_tag", giving)


def counted(store: GraphStore, code: str) -> dict[str, int]:
    run = last_run(store, code)
    assert run is not None and run.status is RunStatus.DONE and run.population == 4
    return dict(run.counts)


def values(store: GraphStore, code: str) -> list[object]:
    found = store.tags_of([id_of(store, each) for each in PEOPLE])
    return [each.value for tags in found.values() for each in tags if each.run.code == code]


def test_given_tags_of_phones_are_told_beside_those_that_somebody_uses(store: GraphStore) -> None:
    """As those of rules are: that a phone which nobody uses is there would tell what the blocklist brought."""
    used = [phone(f"+861380000000{number}") for number in range(3)]
    store.upsert(
        batch(
            *(edge("USES_PHONE", PEOPLE[0], each) for each in used),
            nodes=[node(PEOPLE[0]), *map(node, used), node(phone("+8613900000000"))],
            facts=[fact(phone("+8613900000000"), "blocklist", "listed", 3)],
        )
    )
    for draft in (replace(TIER, label="Phone"), replace(CALLED, label="Phone")):
        dictionary.define(store, WU, draft, now=NOW)
    rows = [Row(2, used[0].key, "gold"), Row(3, used[1].key, "silver")]
    take_in(
        store, WU, "tier", [Part(rows, 2, 2)], source="cli", base_date=TODAY, clock=lambda: NOW,
        on_refused=lambda refused: None, on_progress=lambda *_: None,
    )  # fmt: skip
    give(store, WU, "called", id_of(store, used[0]), "yes", now=NOW)
    give(store, WU, "called", id_of(store, used[1]), "yes", now=NOW)
    runs = [last_run(store, code) for code in ("tier", "called")]
    assert [(run.coverage, run.population) for run in runs if run is not None] == [(2, 3), (2, 3)]


def test_an_import_killed_after_its_first_values_is_counted_when_it_is_given_again(
    book: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        killed_after_the_values(book, broken)
        with pytest.raises(StoreFull):
            imported(book)
    assert values(book, "tier") == ["gold"]
    assert imported(book).changed == 2, "what was there changes nothing"
    assert counted(book, "tier") == {'"gold"': 2, '"silver"': 1}


def test_a_tag_deleted_after_an_import_that_was_killed_leaves_nobody_with_it(
    book: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its code is free for numbers only when that is done."""
    with monkeypatch.context() as broken:
        killed_after_the_values(book, broken)
        with pytest.raises(StoreFull):
            imported(book)
    dictionary.delete(book, WU, "tier")
    numbers = replace(TIER, value_type=ValueType.NUMBER)
    with pytest.raises(InvalidRequest) as early:
        dictionary.define(book, WU, numbers, now=NOW)
    assert early.value.code == "tag.exists"
    assert end_deleted(book, by="cli", clock=lambda: NOW) == ["tier"] and values(book, "tier") == []
    assert dictionary.define(book, WU, numbers, now=NOW).version == 2


def test_a_value_given_by_hand_and_killed_before_it_was_counted_is_counted_when_it_is_given_again(
    book: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (id_of(book, each) for each in PEOPLE[:2])
    with monkeypatch.context() as broken:
        killed_after_the_values(book, broken)
        with pytest.raises(StoreFull):
            give(book, WU, "called", one, "letter", now=NOW)
    assert give(book, WU, "called", one, "letter", now=NOW) is None
    assert counted(book, "called") == {'"letter"': 1}
    assert give(book, WU, "called", other, "phone", now=NOW) is not None
    assert give(book, WU, "called", one, None, now=NOW) is not None
    assert counted(book, "called") == {'"phone"': 1}

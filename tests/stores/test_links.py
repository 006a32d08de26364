"""Links drawn by hand: an investigator ties two nodes, gives another reason, takes it back; a link runs out by itself. Source edges stay."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from graph_model.errors import InvalidRequest, NotFound
from graph_model.records import AsOf, LinkAction, LinkEdit, NodeRef
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.stores.adapters import Adapter
from tests.stores.scenarios import batch, customer, day, device, device_farm, edge, id_of, keys, phone, referral_circle

C1, C2, C3 = customer("c1"), customer("c2"), customer("c3")
D1, D2 = device("d1"), device("d2")


class Clock:
    """Now, as the test has it."""

    def __init__(self) -> None:
        self.now = day(20)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(adapter: Adapter, tmp_path: Path, clock: Clock) -> Iterator[GraphStore]:
    """Two borrowers who share nothing, each with a device, and a third who was referred by the first."""
    opened = open_store(adapter.fresh_url(tmp_path), create=True, clock=clock)
    opened.upsert(
        batch(edge("USES_DEVICE", C1, D1, 1), edge("USES_DEVICE", C2, D2, 1), edge("REFERRED", C1, C3, 2, last=9))
    )
    yield opened
    opened.close()


def drawing(store: GraphStore, start: NodeRef = C1, end: NodeRef = C2, at: float = 10, **changes: object) -> LinkEdit:
    edit = LinkEdit("link-1", LinkAction.DRAW, id_of(store, start), id_of(store, end), "li", day(at), "同一个声音")
    return replace(edit, **changes)  # type: ignore[arg-type]


def annotation(drawn: LinkEdit, at: float, **changes: object) -> LinkEdit:
    return replace(drawn, action=LinkAction.ANNOTATE, at=day(at), **changes)  # type: ignore[arg-type]


def retraction(drawn: LinkEdit, at: float, reason: str = "认错人了") -> LinkEdit:
    return replace(drawn, action=LinkAction.RETRACT, at=day(at), reason=reason)


def shows(store: GraphStore, start: NodeRef = C1, end: NodeRef = C2, as_of: AsOf | None = None) -> bool:
    """Whether the link is in the graph; every read must say the same."""
    one, other = id_of(store, start), id_of(store, end)
    within = [e for e in store.induced([one, other], as_of=as_of).edges if e.type == "HUMAN_LINK"]
    answers = {
        "induced": len(within) == 1,
        "neighbourhood": end in {n.ref for n in store.neighbourhood(one, hops=1, as_of=as_of).nodes},
        "from the other end": start in {n.ref for n in store.neighbourhood(other, hops=1, as_of=as_of).nodes},
        "capped": len(store.neighbourhood(one, hops=1, cap=1, types=["HUMAN_LINK"], as_of=as_of).nodes) == 2,
        "component": end in {n.ref for n in store.component(one, as_of=as_of).nodes},
        "paths": [len(path.edges) for path in store.paths(one, other, k=1, as_of=as_of)] == [1],
        "degrees": [d.count for d in store.degrees([one], as_of=as_of)[one] if d.type == "HUMAN_LINK"] == [1],
        "scan": len(store.scan_edges("HUMAN_LINK", start.label, end.label, as_of=as_of).start) == 1,
    }
    assert len(set(answers.values())) == 1, answers
    return answers["induced"]


def test_a_drawn_link_joins_two_who_share_nothing_and_says_who_drew_it_and_why(store: GraphStore) -> None:
    assert not shows(store)
    drawn = drawing(store, evidence="录音 17", expires_at=day(90))
    store.edit_link(drawn)

    assert shows(store)
    (link,) = store.induced([id_of(store, C1), id_of(store, C2)]).edges
    assert (link.type, link.start, link.end, link.qualifier) == ("HUMAN_LINK", drawn.start, drawn.end, "link-1")
    assert (link.first_seen, link.last_seen, link.recorded_at, link.source) == (day(10), day(10), day(10), "li")
    assert link.properties == {"author": "li", "reason": "同一个声音", "evidence": "录音 17", "expires_at": day(90)}
    assert store.link_edits(["link-1", "link-9"]) == {"link-1": [drawn]}
    assert not shows(store, as_of=AsOf(day(9), None))
    assert shows(store, as_of=AsOf.at(day(10)))


def test_an_annotation_changes_what_is_said_and_not_who_drew_it(store: GraphStore) -> None:
    drawn = drawing(store, evidence="录音 17")
    store.edit_link(drawn)
    said = annotation(drawn, 12, author="wu", reason="本人承认", evidence="", expires_at=day(30))
    store.edit_link(said)

    (link,) = store.induced([drawn.start, drawn.end]).edges
    assert link.properties == {"author": "li", "reason": "本人承认", "expires_at": day(30)}
    assert (link.first_seen, link.last_seen) == (day(10), day(10))
    assert store.link_edits(["link-1"])["link-1"] == [drawn, said]


def test_a_retracted_link_is_gone_unless_one_looks_back(store: GraphStore) -> None:
    drawn = drawing(store)
    store.edit_link(drawn)
    store.edit_link(retraction(drawn, 15))

    assert not shows(store)
    assert not shows(store, as_of=AsOf(day(15), None))
    assert not shows(store, as_of=AsOf.at(day(16)))
    assert shows(store, as_of=AsOf(day(14.9), None))
    assert shows(store, as_of=AsOf.at(day(12)))
    assert [edit.action for edit in store.link_edits(["link-1"])["link-1"]] == [LinkAction.DRAW, LinkAction.RETRACT]
    # Around them nothing else has changed.
    assert keys(store.neighbourhood(drawn.start, hops=1)) == ["c1", "c3", "d1"]


def test_what_was_not_yet_retracted_for_whoever_looked_then_is_there(store: GraphStore) -> None:
    """As of day 12 by what was known on day 12, though the question is about day 16."""
    drawn = drawing(store)
    store.edit_link(drawn)
    store.edit_link(retraction(drawn, 15))
    assert shows(store, as_of=AsOf(event=day(16), recorded=day(12)))


def test_a_link_runs_out_by_itself(store: GraphStore, clock: Clock) -> None:
    store.edit_link(drawing(store, expires_at=day(30)))
    clock.now = day(29.9)
    assert shows(store)
    clock.now = day(30)
    assert not shows(store)
    assert shows(store, as_of=AsOf(day(29), None))
    assert not shows(store, as_of=AsOf(day(31), None))


def test_a_link_that_was_given_longer_stays_longer_and_one_given_less_goes_sooner(
    store: GraphStore, clock: Clock
) -> None:
    drawn = drawing(store, expires_at=day(30))
    store.edit_link(drawn)
    store.edit_link(annotation(drawn, 12, expires_at=day(40)))
    clock.now = day(35)
    assert shows(store)
    store.edit_link(annotation(drawn, 35, expires_at=day(36)))
    clock.now = day(36)
    assert not shows(store)
    clock.now = day(50)
    assert not shows(store)
    assert shows(store, as_of=AsOf(day(35.5), None))


def test_an_expired_link_is_retracted_no_more_and_a_retracted_one_does_not_come_back(
    store: GraphStore, clock: Clock
) -> None:
    drawn = drawing(store, expires_at=day(30))
    store.edit_link(drawn)
    clock.now = day(31)
    for late in (retraction(drawn, 31), annotation(drawn, 31, reason="延长", expires_at=None)):
        with pytest.raises(InvalidRequest) as refused:
            store.edit_link(late)
        assert refused.value.code == "link.ended"

    other = drawing(store, C2, C3, link_id="link-2")
    store.edit_link(other)
    store.edit_link(retraction(other, 20))
    with pytest.raises(InvalidRequest) as refused:
        store.edit_link(annotation(other, 21))
    assert refused.value.code == "link.ended"
    assert not shows(store, C2, C3)


def test_a_link_retracted_as_of_before_its_last_annotation_is_edited_no_more(store: GraphStore) -> None:
    drawn = drawing(store, C1, C2, 10)
    store.edit_link(drawn)
    store.edit_link(annotation(drawn, 14, reason="更清楚了"))
    store.edit_link(retraction(drawn, 12))
    with pytest.raises(InvalidRequest) as refused:
        store.edit_link(annotation(drawn, 11, reason="补记"))
    assert refused.value.code == "link.ended"


def test_the_same_edit_again_changes_nothing(store: GraphStore) -> None:
    drawn = drawing(store)
    edits = [drawn, annotation(drawn, 11, reason="更清楚了"), retraction(drawn, 15)]
    for edit in edits:
        store.edit_link(edit)
        before = store.statistics()
        store.edit_link(edit)
        assert store.statistics() == before
    for edit in edits:
        store.edit_link(edit)
    assert store.link_edits(["link-1"]) == {"link-1": edits}
    assert store.statistics().edges["HUMAN_LINK"] == 1
    assert not shows(store)


def test_what_makes_no_sense_is_refused_and_leaves_no_trace(store: GraphStore) -> None:
    drawn = drawing(store)
    for nobody in (replace(drawn, end="no-such-node"), annotation(drawn, 11), retraction(drawn, 11)):
        with pytest.raises(NotFound):
            store.edit_link(nobody)
    with pytest.raises(InvalidRequest):
        store.edit_link(replace(drawn, expires_at=day(10)))
    assert store.link_edits(["link-1"]) == {}
    assert store.statistics().edges["HUMAN_LINK"] == 0

    store.edit_link(drawn)
    for wrong in (
        replace(drawn, reason="another with this id"),
        annotation(drawn, 9),
        annotation(drawn, 11, end=id_of(store, C3)),
        annotation(drawn, 11, expires_at=day(11)),
    ):
        with pytest.raises(InvalidRequest):
            store.edit_link(wrong)
    assert store.link_edits(["link-1"]) == {"link-1": [drawn]}
    assert shows(store)


def test_two_investigators_tie_the_same_two_and_one_takes_it_back(store: GraphStore) -> None:
    first, second = drawing(store), drawing(store, C2, C1, 11, link_id="link-2", author="wu")
    store.edit_link(first)
    store.edit_link(second)
    ids = [first.start, first.end]
    assert {e.qualifier for e in store.induced(ids).edges} == {"link-1", "link-2"}
    assert [d.count for d in store.degrees(ids)[ids[0]] if d.type == "HUMAN_LINK"] == [2]

    store.edit_link(retraction(first, 15))
    assert [e.qualifier for e in store.induced(ids).edges] == ["link-2"]
    assert shows(store, C2, C1)
    (path,) = store.paths(*ids)
    assert [e.qualifier for e in path.edges] == ["link-2"]
    # Neighbours are counted once, however many links there are and were.
    (omitted,) = store.neighbourhood(ids[0], hops=1, limit=1, types=["HUMAN_LINK"]).omissions
    assert (omitted.shown, omitted.total) == (0, 1)


def test_a_link_beside_a_source_edge_leaves_that_as_it_was(store: GraphStore) -> None:
    """The referral is the file's, whatever the investigator draws and takes back."""
    ids = [id_of(store, C1), id_of(store, C3)]
    (before,) = store.induced(ids).edges
    drawn = drawing(store, C1, C3)
    store.edit_link(drawn)
    assert {e.type for e in store.induced(ids).edges} == {"REFERRED", "HUMAN_LINK"}
    store.edit_link(retraction(drawn, 15))
    assert store.induced(ids).edges == [before]


def test_without_links_drawn_by_hand_the_graph_is_the_sources(store: GraphStore) -> None:
    store.edit_link(drawing(store))
    subject = id_of(store, C1)
    assert keys(store.neighbourhood(subject, types=["USES_DEVICE", "REFERRED"])) == ["c1", "c3", "d1"]
    assert keys(store.neighbourhood(subject, types=["HUMAN_LINK"])) == ["c1", "c2"]


def test_the_newest_links_of_a_node_are_followed_first(store: GraphStore) -> None:
    """The head of a ring, to whom an analyst tied five phones; three fit."""
    phones = [phone(f"p{i}") for i in range(5)]
    store.upsert(batch(*(edge("USES_PHONE", C2, ref, 1) for ref in phones)))
    for i, ref in enumerate(phones):
        store.edit_link(drawing(store, C1, ref, 10 + i, link_id=f"link-{i}"))
    store.edit_link(retraction(drawing(store, C1, phones[4], 14, link_id="link-4"), 16))

    answer = store.neighbourhood(id_of(store, C1), hops=1, cap=3, types=["HUMAN_LINK"])
    assert keys(answer) == ["c1", "p3", "p2", "p1"]
    assert [(o.shown, o.total) for o in answer.omissions if o.node_id == id_of(store, C1)] == [(3, 4)]


def test_a_hub_is_counted_with_the_links_in_force(store: GraphStore, clock: Clock) -> None:
    """A farm's device of 300 customers is a hub by far; one of 3 relationships becomes one where the third is drawn by hand."""
    store.upsert(device_farm(300))
    farm = device("farm")
    store.edit_link(drawing(store, C1, farm, expires_at=day(30)))
    assert shows(store, C1, farm)
    (by_device, by_hand) = store.degrees([id_of(store, farm)])[id_of(store, farm)]
    assert (by_device.count, by_hand.count) == (300, 1)

    # c1 has two relationships of its own and the link: with a hub of 2 nothing leads through it.
    ends = id_of(store, D1), id_of(store, C3)
    assert store.paths(*ends, hub=2) == []
    assert keys(store.component(ends[0], hub=2)) == ["d1", "c1"]
    assert [[n.key for n in path.nodes] for path in store.paths(*ends, hub=3)] == [["d1", "c1", "c3"]]
    then = AsOf(day(9), None)
    assert len(store.paths(*ends, hub=2, as_of=then)) == 1
    clock.now = day(30)
    assert len(store.paths(*ends, hub=2)) == 1
    assert not shows(store, C1, farm)


def test_of_two_equal_paths_the_one_through_fewer_links_comes_first(store: GraphStore) -> None:
    store.upsert(batch(edge("USES_DEVICE", C1, D2, 1), edge("USES_DEVICE", C2, D1, 1)))
    ends = id_of(store, C1), id_of(store, C2)
    assert [p.nodes[1].key for p in store.paths(*ends, max_hops=2)] == ["d1", "d2"]
    store.edit_link(drawing(store, C3, D1))
    assert [p.nodes[1].key for p in store.paths(*ends, max_hops=2)] == ["d2", "d1"]


def test_a_link_may_be_drawn_between_any_two_types_and_dated_before_its_ends_were_seen(store: GraphStore) -> None:
    drawn = drawing(store, D2, C3, 0.5)
    store.edit_link(drawn)
    assert shows(store, D2, C3, as_of=AsOf.at(day(0.5)))
    assert store.get(C3, as_of=AsOf.at(day(0.5))) is not None


def test_links_survive_closing_and_statistics_count_ended_ones_too(
    adapter: Adapter, tmp_path: Path, clock: Clock
) -> None:
    url = adapter.fresh_url(tmp_path)
    opened = open_store(url, create=True, clock=clock)
    opened.upsert(referral_circle())
    drawn = drawing(opened, C1, C2, link_id="kept")
    gone = drawing(opened, C2, C3, link_id="gone")
    for edit in (drawn, gone, retraction(gone, 15)):
        opened.edit_link(edit)
    before = opened.statistics()
    opened.close()

    again = open_store(url, clock=clock)
    assert again.statistics() == before
    assert before.edges["HUMAN_LINK"] == 2
    assert before.changed_at == day(20)
    assert set(again.link_edits(["kept", "gone"])) == {"kept", "gone"}
    assert [e.qualifier for e in again.induced([drawn.start, drawn.end]).edges if e.type == "HUMAN_LINK"] == ["kept"]
    again.close()


def test_a_link_from_a_file_is_there_until_its_expiry_and_always_without_one(store: GraphStore, clock: Clock) -> None:
    store.upsert(
        batch(
            edge("HUMAN_LINK", C1, C2, 5, author="migrated", expires_at=day(30)),
            edge("HUMAN_LINK", D1, C3, 5, author="migrated"),
        )
    )
    assert shows(store) and shows(store, D1, C3)
    clock.now = day(30)
    assert not shows(store)
    assert shows(store, D1, C3)
    assert shows(store, as_of=AsOf(day(29), None))


def test_a_node_tied_to_itself_counts_once_and_is_no_neighbour_of_its_own(store: GraphStore) -> None:
    drawn = drawing(store, C1, C1)
    store.edit_link(drawn)
    assert [e.type for e in store.induced([drawn.start]).edges] == ["HUMAN_LINK"]
    assert [d.count for d in store.degrees([drawn.start])[drawn.start] if d.type == "HUMAN_LINK"] == [1]
    assert keys(store.neighbourhood(drawn.start, types=["HUMAN_LINK"])) == ["c1"]

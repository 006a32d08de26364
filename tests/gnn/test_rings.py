"""Rings: the projection through shared identifiers, CPM communities on it, ids that stay."""

from dataclasses import replace

import graspologic_native
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.arrays.csr import aggregate, build_csr, components, group
from gnn.features.placing import placed_links, placing_of
from gnn.rings.cpm import communities, objective
from gnn.rings.detect import RingConfig, find_rings
from gnn.rings.identity import stable_ids
from gnn.rings.nearby import brought_near, in_passes, rooms
from gnn.rings.projection import Projection, project
from gnn.rings.steps import merge, move, refine
from tests.gnn.graphs import Story, Use, day

LATER = day(1_000)


def weights(graph: Projection) -> dict[tuple[int, int], float]:
    source = np.repeat(np.arange(graph.customers), np.diff(graph.indptr))
    return {(int(a), int(b)): round(float(w), 6) for a, b, w in zip(source, graph.indices, graph.weights, strict=True)}


def planted(customers: int, rings: int, size: int, seed: int) -> tuple[Story, np.ndarray]:
    """Households of four at one address, a public Wi-Fi, and rings whose members share some of three devices each; and who they are."""
    chance = np.random.default_rng(seed)
    uses = [Use(c, c // 4, "has_address_home") for c in range(customers)]
    wifi = customers
    uses += [Use(c, wifi, "uses_ip") for c in range(customers) if chance.random() < 0.3]
    members = chance.permutation(customers)[: rings * size].reshape(rings, size)
    for ring, who in enumerate(members):
        for c in who:
            for device in range(3):
                if chance.random() < 0.7:
                    uses.append(Use(int(c), wifi + 1 + ring * 3 + device))
    return Story(customers, uses), members


def test_two_customers_of_one_phone_weigh_one_and_an_address_of_three_gives_each_pair_a_half():
    story = Story(4, [Use(0, 0), Use(1, 0), Use(1, 1), Use(2, 1), Use(3, 1), Use(3, 2)])
    graph = project(story.arrays().incidence, before=LATER)
    assert weights(graph) == {
        (0, 1): 1.0,
        (1, 0): 1.0,
        (1, 2): 0.5,
        (2, 1): 0.5,
        (1, 3): 0.5,
        (3, 1): 0.5,
        (2, 3): 0.5,
        (3, 2): 0.5,
    }


def test_public_wifi_links_nobody():
    hub = [Use(c, 0, "uses_ip") for c in range(60)]
    graph = project(Story(60, [*hub, Use(0, 1), Use(1, 1)]).arrays().incidence, before=LATER, hub_cap=50)
    assert weights(graph) == {(0, 1): 1.0, (1, 0): 1.0}


def test_a_device_that_is_shared_tomorrow_links_nobody_today():
    story = Story(2, [Use(0, 0, since=1), Use(1, 0, since=10)])
    assert len(project(story.arrays().incidence, before=day(10)).indices) == 0
    assert len(project(story.arrays().incidence, before=day(10) + 1).indices) == 2


def test_one_address_by_two_channels_counts_once():
    story = Story(2, [Use(0, 0, "has_address_home"), Use(0, 0, "has_address_delivery"), Use(1, 0, "has_address_home")])
    assert weights(project(story.arrays().incidence, before=LATER)) == {(0, 1): 1.0, (1, 0): 1.0}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=30), st.integers(2, 6))
def test_projection_is_what_counting_pairs_by_hand_gives(pairs: list[tuple[int, int]], cap: int):
    graph = project(Story(8, [Use(c, i) for c, i in pairs]).arrays().incidence, before=LATER, hub_cap=cap)
    expected: dict[tuple[int, int], float] = {}
    for identifier in range(6):
        who = sorted({c for c, i in pairs if i == identifier})
        if 2 <= len(who) <= cap:
            for a in who:
                for b in who:
                    if a != b:
                        expected[a, b] = expected.get((a, b), 0.0) + 1 / (len(who) - 1)
    assert weights(graph) == {pair: round(w, 6) for pair, w in expected.items()}


@pytest.mark.parametrize(("gamma", "seed"), [(0.03, 1), (0.03, 2), (0.1, 3)])
def test_our_communities_reach_the_reference_librarys_objective(gamma: float, seed: int):
    graph = project(planted(2_000, 60, 9, seed)[0].arrays().incidence, before=LATER)
    ours = communities(graph, gamma=gamma, seed=seed)
    source = np.repeat(np.arange(graph.customers), np.diff(graph.indptr))
    edges = [(str(a), str(b), float(w)) for a, b, w in zip(source, graph.indices, graph.weights, strict=True) if a < b]
    _, found = graspologic_native.leiden(edges, resolution=gamma, use_modularity=False, seed=seed, iterations=3)
    named = np.arange(graph.customers) + graph.customers
    for customer, community in found.items():
        named[int(customer)] = community
    theirs = np.unique(named, return_inverse=True)[1].astype(np.int32)
    assert objective(graph, ours, gamma=gamma) >= 0.99 * objective(graph, theirs, gamma=gamma)


def test_communities_are_connected_and_the_same_for_the_same_seed():
    graph = project(planted(1_000, 40, 8, 5)[0].arrays().incidence, before=LATER)
    found = communities(graph, gamma=0.03, seed=7)
    pieces, count = components(graph.indptr, graph.indices, found)
    assert count == found.max() + 1
    assert np.array_equal(pieces, found)
    assert np.array_equal(found, communities(graph, gamma=0.03, seed=7))


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 1, 2, 2], [0, 1, 2, 4], [-1, 0, 1, 2], [0, 1, 2, 3, 3]])
def test_an_order_that_leaves_somebody_out_or_names_them_twice_is_refused(order: list[int]):
    graph = project(Story(4, [Use(0, 0), Use(1, 0), Use(2, 1), Use(3, 1)]).arrays().incidence, before=LATER)
    with pytest.raises(ValueError, match="each of the 4 customers once"):
        communities(graph, gamma=0.03, order=np.array(order, dtype=np.int32))


def test_links_that_weigh_nothing_and_numbers_of_another_width_are_refused():
    graph = project(Story(2, [Use(0, 0), Use(1, 0)]).arrays().incidence, before=LATER)
    for weight in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="more than 0"):
            communities(replace(graph, weights=np.full_like(graph.weights, weight)), gamma=0.03)
    with pytest.raises(ValueError, match="int64, int32 and float64"):
        communities(replace(graph, weights=graph.weights.astype(np.float32)), gamma=0.03)  # type: ignore[arg-type]


@pytest.mark.parametrize("gamma", [0.02, 0.2])
def test_parts_hang_together_inside_their_community_and_are_tied_as_their_members_were(gamma: float):
    graph = project(planted(400, 12, 9, 4)[0].arrays().incidence, before=LATER)
    links, order = (graph.indptr, graph.indices, graph.weights), np.arange(graph.customers, dtype=np.int32)
    alone, sizes = order.copy(), np.ones(graph.customers)
    room = rooms(1, len(graph.indices) + 1)[0]
    community = move(*links, sizes, alone, order, gamma)
    part, parts = refine(*links, sizes, community, order, gamma, *room)
    indptr, merged_sizes, where = merge(*links, sizes, community, part, parts, *room)
    assert components(graph.indptr, graph.indices, part)[1] == parts < graph.customers
    assert len(set(zip(part.tolist(), community.tolist(), strict=True))) == parts
    assert merged_sizes.tolist() == np.bincount(part).tolist()
    assert all(len(set(where[part[community == name]].tolist())) == 1 for name in set(community.tolist()))
    between: dict[tuple[int, int], float] = {}
    for (a, b), weight in weights(graph).items():
        if part[a] != part[b]:
            ends = (int(part[a]), int(part[b]))
            between[ends] = between.get(ends, 0.0) + weight
    assert weights(Projection(indptr, room[0][: indptr[-1]], room[1][: indptr[-1]])) == pytest.approx(between, abs=1e-4)


def test_customers_who_are_brought_near_keep_their_links_and_whoever_has_none_is_left_out():
    graph = project(planted(300, 10, 8, 6)[0].arrays().incidence, before=LATER)
    near, customer = brought_near(graph, np.arange(graph.customers, dtype=np.int32), rooms(1, len(graph.indices))[0])
    assert sorted(customer.tolist()) == np.flatnonzero(np.diff(graph.indptr)).tolist()
    told = weights(near)
    assert {(int(customer[a]), int(customer[b])): w for (a, b), w in told.items()} == weights(graph)
    order = in_passes(near.customers, np.random.default_rng(3))
    assert (
        sorted(order.tolist()) == list(range(near.customers)) and (np.diff(order) < 0).sum() == 1
    )  # twice through memory


def test_rings_are_the_same_however_customers_and_identifiers_are_numbered():
    links = planted(1_000, 40, 8, 5)[0].arrays().incidence
    placing = placing_of(links, 50)
    assert not np.array_equal(placing.place, np.arange(1_000))
    assert np.array_equal(placing.customers[placing.place], np.arange(1_000))
    plain = find_rings(links, before=LATER, config=RingConfig())
    placed = find_rings(placed_links(links, placing), before=LATER, config=RingConfig(), order=placing.place)
    assert len(plain) > 40
    assert np.array_equal(placed.ring[placing.place], plain.ring)
    assert np.array_equal(placed.size, plain.size) and np.array_equal(placed.density, plain.density)


def test_planted_rings_are_found_and_random_groups_would_not_be():
    story, who = planted(2_000, 50, 9, 4)
    rings = find_rings(story.arrays().incidence, before=LATER, config=RingConfig())
    shuffled = np.random.default_rng(0).permutation(2_000)
    assert recovered(rings.ring, rings.size, who) >= 40
    assert recovered(rings.ring[shuffled], rings.size, who) <= 2


def recovered(ring: np.ndarray, size: np.ndarray, planted_rings: np.ndarray) -> int:
    """How many planted rings one found ring matches with Jaccard 0.5 or more."""
    found = 0
    for who in planted_rings:
        names, counts = np.unique(ring[who], return_counts=True)
        known = names >= 0
        overlap = counts[known] / (len(who) + size[names[known]] - counts[known])
        found += overlap.max(initial=0) >= 0.5
    return found


def test_a_ring_that_grows_keeps_its_id_and_one_that_is_replaced_does_not():
    before = {"R1": ["a", "b", "c", "d"], "R2": ["x", "y", "z"]}
    names = stable_ids([["a", "b", "c", "d", "e"], ["x", "q", "r", "s"]], before)
    assert names[0] == "R1"
    assert names[1] not in before
    assert names[1].startswith("R")


def test_a_ring_that_splits_leaves_its_id_with_the_larger_part():
    names = stable_ids([["a", "b"], ["c", "d", "e", "f"]], {"R1": ["a", "b", "c", "d", "e", "f"]})
    assert names[1] == "R1"
    assert names[0] != "R1"


def test_the_same_members_get_the_same_new_id_in_any_order():
    assert stable_ids([["b", "a", "c"]], {}) == stable_ids([["c", "b", "a"]], {})


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=50))
def test_grouping_keeps_every_pair_in_its_order(pairs: list[tuple[int, int]]):
    keys = np.array([a for a, _ in pairs], dtype=np.int32)
    csr = build_csr(keys, np.array([b for _, b in pairs], dtype=np.int32), 10)
    assert [csr.indices[csr.indptr[r] : csr.indptr[r + 1]].tolist() for r in range(10)] == [
        [b for a, b in pairs if a == r] for r in range(10)
    ]
    assert np.array_equal(np.sort(group(keys, 10)[1]), np.arange(len(pairs)))


def test_aggregation_leaves_out_what_is_not_known():
    csr = build_csr(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2]), 3)
    mean, highest, count = aggregate(csr.indptr, csr.indices, np.array([1.0, 3.0, np.nan]))
    assert mean[0] == 2.0
    assert highest[0] == 3.0
    assert count.tolist() == [2, 0, 0]
    assert np.isnan(mean[1:]).all()

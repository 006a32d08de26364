"""Layouts: nothing lies on anything else, the subject is in the middle, and what is drawn does not move."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from graph_model.services.layout import CONCENTRIC_LIMIT, SPACING, arrange, communities, fan
from graph_model.services.layout.geometry import adjacency

Edges = list[tuple[int, int]]


def nearest_pair(places: NDArray[np.float64]) -> float:
    return float(cKDTree(places).query(places, k=2)[0][:, 1].min())


def tree_and_shortcuts(count: int, seed: int) -> Edges:
    """A connected graph like a portfolio's: local ties and some long ones."""
    rng = np.random.default_rng(seed)
    edges = [(i, int(rng.integers(max(0, i - 60), i))) for i in range(1, count)]
    return edges + [(int(a), int(b)) for a, b in rng.integers(0, count, (count // 2, 2))]


@st.composite
def graphs(draw: st.DrawFn, most: int = CONCENTRIC_LIMIT) -> tuple[int, Edges, int]:
    count = draw(st.integers(2, most))
    node = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=3 * count))
    return count, edges, draw(node)


@given(graphs())
@settings(deadline=None, max_examples=60)
def test_no_two_nodes_of_a_small_graph_overlap_and_the_subject_is_in_the_middle(graph: tuple[int, Edges, int]) -> None:
    count, edges, subject = graph
    places = arrange(count, edges, subject=subject).positions
    assert nearest_pair(places) >= SPACING
    assert tuple(places[subject]) == (0.0, 0.0)


@given(graphs(most=40))
@settings(deadline=None, max_examples=40)
def test_nodes_stand_on_the_ring_of_their_hop(graph: tuple[int, Edges, int]) -> None:
    count, edges, subject = graph
    placement = arrange(count, edges, subject=subject)
    radius = np.hypot(*placement.positions.T)
    for hop in range(1, int(placement.hops.max())):
        assert radius[placement.hops == hop].max() < radius[placement.hops == hop + 1].min()


def test_the_same_graph_is_drawn_the_same_twice() -> None:
    for count in (73, 700):
        edges = tree_and_shortcuts(count, seed=5)
        once, again = (arrange(count, edges, seconds=600.0).positions for _ in range(2))
        assert (once == again).all()


def test_a_crowded_first_ring_stays_compact() -> None:
    places = arrange(121, [(0, i) for i in range(1, 121)]).positions
    assert nearest_pair(places) >= SPACING
    assert np.hypot(*places.T).max() < 750


def test_belongings_stand_beside_their_owner() -> None:
    """Four referred friends with eight phones each: every phone is nearer to its owner than to any other."""
    edges = [(0, friend) for friend in range(1, 5)]
    edges += [(friend, 4 + 8 * (friend - 1) + i) for friend in range(1, 5) for i in range(1, 9)]
    places = arrange(37, edges).positions
    for friend in range(1, 5):
        for phone in range(5 + 8 * (friend - 1), 5 + 8 * friend):
            distances = np.hypot(*(places[1:5] - places[phone]).T)
            assert int(np.argmin(distances)) == friend - 1


@pytest.mark.parametrize("count", [CONCENTRIC_LIMIT + 1, 600, 2_000])
def test_a_large_graph_has_no_overlaps_either_and_fills_its_space(count: int) -> None:
    places = arrange(count, tree_and_shortcuts(count, seed=count), subject=7).positions
    assert nearest_pair(places) >= SPACING
    assert tuple(places[7]) == (0.0, 0.0)
    extent = np.ptp(places, axis=0)
    assert extent.prod() < count * SPACING**2 * 60  # not strewn about


def test_without_time_for_forces_all_is_placed_without_overlaps_and_says_so() -> None:
    edges = tree_and_shortcuts(900, seed=4)
    hasty, calm = arrange(900, edges, seconds=0.0), arrange(900, edges, seconds=600.0)
    assert hasty.cut_short and not calm.cut_short
    assert nearest_pair(hasty.positions) >= SPACING


def test_a_chain_of_communities_is_drawn_as_a_heap_and_not_as_a_line() -> None:
    gang = [(a, b) for a in range(50) for b in range(a + 1, 50) if (a + b) % 5 == 0]
    edges = [(a + 50 * number, b + 50 * number) for number in range(20) for a, b in gang]
    edges += [(50 * number + 7, 50 * number + 50) for number in range(19)]
    extent = np.ptp(arrange(1_000, edges).positions, axis=0)
    assert max(extent) < 2 * min(extent)
    assert extent.prod() < 1_000 * SPACING**2 * 12


def test_a_hub_with_thousands_around_it_fills_a_disc_around_it() -> None:
    places = arrange(3_000, [(0, i) for i in range(1, 3_000)]).positions
    assert nearest_pair(places) >= SPACING
    assert np.hypot(*places.T).max() < 3 * SPACING * np.sqrt(3_000)


def test_pieces_without_any_relation_are_drawn_too() -> None:
    places = arrange(400, [(0, 1)]).positions
    assert nearest_pair(places) >= SPACING


def test_two_gangs_tied_by_one_man_are_two_communities() -> None:
    gang = [(a, b) for a in range(60) for b in range(a + 1, 60) if (a + b) % 3]
    edges = np.array(gang + [(a + 60, b + 60) for a, b in gang] + [(3, 63)])
    labels = communities(adjacency(120, edges))
    assert len(set(labels[:60].tolist())) == 1
    assert len(set(labels[60:].tolist())) == 1
    assert labels[0] != labels[60]


@given(
    count=st.integers(0, 60),
    known=st.lists(st.tuples(st.floats(-2_000, 2_000), st.floats(-2_000, 2_000)), max_size=40),
)
@settings(deadline=None, max_examples=60)
def test_an_expansion_is_clear_of_everything_drawn(count: int, known: list[tuple[float, float]]) -> None:
    parent = known[0] if known else (0.0, 0.0)
    places = fan(count, parent=parent, known=known)
    assert places.shape == (count, 2)
    both = np.concatenate([places, np.asarray(known).reshape(-1, 2)])
    for place in places:
        distances = np.hypot(*(both - place).T)
        assert np.sort(distances)[1:2].min(initial=np.inf) >= SPACING


def test_an_expansion_looks_away_from_the_rest() -> None:
    places = fan(10, parent=(500.0, 0.0), known=[(500.0, 0.0), (0.0, 0.0), (0.0, 100.0), (0.0, -100.0)])
    assert (places[:, 0] > 500).all()

"""From the API's graph to what the canvas draws: same nodes, same places, hubs named, sizes that mean something."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from investigator_ui.contract import Expansion, NodeKind, RelationGraph, parse
from investigator_ui.elements import diameter, expansion_elements, node_element, shorten, to_elements
from investigator_ui.expansion import Addition, add
from tests.ui.fake_api import communities, edge, node, star


def graph_of(answer: dict[str, Any]) -> RelationGraph:
    return parse(RelationGraph, answer)


def test_every_node_and_edge_is_drawn_once_at_the_place_the_server_gave() -> None:
    graph = graph_of(star(30))
    elements = to_elements(graph)
    assert [e["data"]["id"] for e in elements] == [n.id for n in graph.nodes] + [e.id for e in graph.edges]
    shape = {(round(e["position"]["x"] / n.x, 2), round(e["position"]["y"] / n.y, 2))
             for e, n in zip(elements, graph.nodes, strict=False) if abs(n.x) > 50 and abs(n.y) > 50}  # fmt: skip
    assert len(shape) == 1  # all stretched alike: wider than high
    across, down = shape.pop()
    assert across > 1 > down


def test_nothing_but_what_the_server_sent_is_in_an_element() -> None:
    element = node_element(graph_of(star(1)).nodes[1])
    assert element["data"]["caption"] == "138****0000"
    assert set(element["data"]) == {
        "id", "kind", "type", "caption", "label", "grade", "score", "hop", "degree", "diameter", "members", "risky", "ring",
        "subject",
    }  # fmt: skip


def test_a_hub_is_labelled_with_what_it_hides_most_of() -> None:
    answer = star(3) | {
        "omissions": [
            {"nodeId": "subject", "type": "USES_PHONE", "shown": 25, "total": 40},
            {"nodeId": "subject", "type": "USES_DEVICE", "shown": 50, "total": 3412},
        ]
    }
    hub = to_elements(graph_of(answer))[0]["data"]
    assert hub["label"] == "林**\n50 / 3,412"
    assert (hub["shown"], hub["total"]) == (50, 3412)


def test_the_edge_of_the_picture_is_not_labelled_as_a_hub() -> None:
    answer = star(3) | {"omissions": [{"nodeId": "p00001", "type": "USES_PHONE", "shown": 0, "total": 3}]}
    edge_of_picture = next(e["data"] for e in to_elements(graph_of(answer)) if e["data"]["id"] == "p00001")
    assert edge_of_picture["label"] == edge_of_picture["caption"]
    assert "total" not in edge_of_picture


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("林晓曼", "林晓曼"),
        ("138****1234", "138****1234"),
        ("广东省深圳市南山区***", "广东省深圳市…"),
        ("a" * 20, "a" * 13 + "…"),
    ],
)
def test_captions_are_cut_by_width_not_by_letters(text: str, short: str) -> None:
    assert shorten(text) == short


@given(st.text())
def test_a_cut_caption_is_never_longer(text: str) -> None:
    assert len(shorten(text)) <= max(len(text), 1)


def test_communities_are_spread_until_none_overlap() -> None:
    graph = graph_of(communities(40, 12_000))
    places = [(e["position"]["x"], e["position"]["y"]) for e in to_elements(graph)[:40]]
    for i, (x, y) in enumerate(places):
        for j, (other_x, other_y) in enumerate(places[:i]):
            apart = ((x - other_x) ** 2 + (y - other_y) ** 2) ** 0.5
            assert apart > (diameter(graph.nodes[i]) + diameter(graph.nodes[j])) / 2


def test_the_subject_is_the_largest_and_a_community_is_never_a_star() -> None:
    nodes = graph_of(star(500)).nodes
    assert diameter(nodes[0]) > max(diameter(n) for n in nodes[1:])
    circles = graph_of(communities(2, 10)).nodes
    assert circles[0].is_subject and circles[0].kind is NodeKind.COMMUNITY
    assert diameter(circles[0]) == diameter(circles[1])


def expansion_of(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> Expansion:
    return parse(Expansion, {"nodes": nodes, "edges": edges, "omissions": []})


def test_an_expansion_adds_only_what_is_new_and_remembers_where_it_came_from() -> None:
    expansion = expansion_of(
        [node("new"), node("known")],
        [edge("new", "parent"), edge("known", "parent"), edge("new", "elsewhere")],
    )
    added = expansion_elements(expansion, parent="parent", known={"parent", "known", "known-parent"})
    assert [e["data"]["id"] for e in added] == ["new", "new-parent"]
    assert {e["data"]["from"] for e in added} == {"parent"}


def test_adding_leaves_every_other_element_as_it_was() -> None:
    before = to_elements(graph_of(star(4)))
    fresh = expansion_elements(expansion_of([node("new")], [edge("new", "p00001")]), parent="p00001", known={"p00001"})
    after = add(before, Addition("p00001", fresh, None))
    assert [e for e in after if e["data"]["id"] != "p00001"][: len(before) - 1] == [
        e for e in before if e["data"]["id"] != "p00001"
    ]
    assert after[-2:] == fresh
    parent = next(e for e in after if e["data"]["id"] == "p00001")
    assert parent["position"] == next(e for e in before if e["data"]["id"] == "p00001")["position"]

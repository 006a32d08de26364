"""Search: two Chinese characters are enough, wherever they stand, and however they were typed."""

import pytest

from graph_model.errors import InvalidRequest, UnknownName
from graph_model.predicates import EVERYTHING, Compare, Operator
from graph_model.records import GraphBatch
from graph_model.store import GraphStore
from tests.stores.scenarios import address, customer, employer, node, phone


def found(store: GraphStore, text: str, **options: object) -> list[str]:
    return [hit.node.key for hit in store.search(text, **options)]  # type: ignore[arg-type]


@pytest.fixture
def people(store: GraphStore) -> GraphStore:
    store.upsert(
        GraphBatch(
            [
                node(customer("c4"), name="张伟国"),
                node(customer("c3"), name="张伟"),
                node(customer("c2"), name="欧阳张伟"),
                node(customer("c1"), name="张伟"),
                node(customer("c5"), name="Li Xiao-Ming"),
                node(customer("c6"), name="李"),
                node(address("a1"), text="北京市朝阳区建国路 88 号"),
                node(address("a2"), text="广东省广州市天河区张伟村"),
                node(employer("e1"), name="张伟建筑公司"),
                node(employer("e2"), name="北京ＡＢＣ科技有限公司"),
                node(phone("+8613800000001")),
            ]
        )
    )
    return store


def test_whole_names_first_then_beginnings_then_the_rest(people: GraphStore) -> None:
    assert found(people, "张伟") == ["c1", "c3", "c4", "e1", "c2", "a2"]


def test_what_matched_is_said(people: GraphStore) -> None:
    assert [(hit.node.label, hit.property) for hit in people.search("张伟", limit=10)][-3:] == [
        ("Employer", "name"),
        ("Customer", "name"),
        ("Address", "text"),
    ]


def test_a_name_of_two_characters_is_found_inside_a_longer_one(people: GraphStore) -> None:
    assert found(people, "伟国") == ["c4"]
    assert found(people, "阳张") == ["c2"]
    assert found(people, "朝阳区建") == ["a1"]


@pytest.mark.parametrize("typed", ["li xiaoming", "LIXIAOMING", "Ｌｉ　Ｘｉａｏ", "xiao ming", "o-m"])
def test_width_case_space_and_hyphen_do_not_matter(people: GraphStore, typed: str) -> None:
    assert found(people, typed) == ["c5"]


def test_latin_letters_and_figures_are_found_in_chinese_text(people: GraphStore) -> None:
    assert found(people, "abc") == ["e2"]
    assert found(people, "路88") == ["a1"]


@pytest.mark.parametrize(
    "typed", ["", " ", "张", "李", "，。", '"', "*", "' OR 1=1", "张伟 OR 国", "没有这个人", "NOT"]
)
def test_too_little_or_nothing_finds_nothing(people: GraphStore, typed: str) -> None:
    assert found(people, typed) == []


def test_characters_that_are_all_there_but_not_together_are_no_match(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(address("a1"), text="中山路中原路山阳中路")]))
    assert found(store, "中山阳") == []
    assert found(store, "山阳中路") == ["a1"]


def test_only_the_asked_types_are_searched(people: GraphStore) -> None:
    assert found(people, "张伟", labels=["Address", "Employer"]) == ["e1", "a2"]
    assert found(people, "张伟", labels=["Phone"]) == []
    with pytest.raises(UnknownName):
        people.search("张伟", labels=["Spaceship"])


def test_the_limit_keeps_the_best(people: GraphStore) -> None:
    assert found(people, "张伟", limit=3) == ["c1", "c3", "c4"]


def test_a_corrected_name_is_found_and_the_old_one_is_not(people: GraphStore) -> None:
    people.upsert(GraphBatch([node(customer("c4"), 5, name="章维国")]))
    assert found(people, "维国") == ["c4"]
    assert found(people, "伟国") == []

    people.assign("Customer", Compare("id_number", Operator.EQ, "c4"), {"name": "张唯"})
    assert found(people, "维国") == []
    assert found(people, "张唯") == ["c4"]


def test_everyone_renamed_at_once_is_found_at_once(people: GraphStore) -> None:
    people.assign("Customer", EVERYTHING, {"name": "王五"})
    assert found(people, "王五") == ["c1", "c2", "c3", "c4", "c5", "c6"]
    assert found(people, "张伟") == ["e1", "a2"]


def test_rare_characters_beyond_the_first_plane_are_found(store: GraphStore) -> None:
    store.upsert(GraphBatch([node(customer("c1"), name="𠮷野𱁬"), node(customer("c2"), name="吉野")]))
    assert found(store, "𠮷野") == ["c1"]
    assert found(store, "野𱁬") == ["c1"]


def test_half_a_character_is_refused_and_harms_nothing(people: GraphStore) -> None:
    """JSON can carry one half of a surrogate pair; no text of ours does."""
    assert found(people, "伟\ud800国") == ["c4"]  # folding drops it
    with pytest.raises(InvalidRequest):
        people.get(customer("c1\ud800"))
    with pytest.raises(InvalidRequest):
        people.get_by_id(["\ud800"])
    with pytest.raises(InvalidRequest):
        people.upsert(GraphBatch([node(customer("c9"), name="\udfff")]))
    assert people.get(customer("c9")) is None
    assert found(people, "伟国") == ["c4"]

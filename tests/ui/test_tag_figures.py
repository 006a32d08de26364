"""A tag's page and form without a browser: numbers in their order, names of who reads it, runs of no time, a kind of value that is for good."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from investigator_ui.client import Api
from investigator_ui.contract import Me, parse
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.marketing import tag, tag_form
from investigator_ui.marketing.page import Call, Look
from investigator_ui.marketing.tag_runs import took
from tests.ui.fake_api import SCHEMA, TOKEN, FakeApi, Json, serving
from tests.ui.marketing_answers import MARKETER, figures, with_tags
from tests.ui.marketing_answers import tag as told_of
from tests.ui.test_panels import words_of

LOOK = Look("en", Me("mia", "marketer", tuple(MARKETER)), parse(GraphSchema, SCHEMA), ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as running:
        yield running


def page_of(api: FakeApi, code: str) -> str:
    asked = tag.TagAsked(code)
    return words_of(tag.draw(asked, tag.load(Api(api.url).as_user(TOKEN), asked, None), LOOK))


def spread(*values: str) -> Json:
    return figures(distribution=[{"value": value, "count": 90 - at} for at, value in enumerate(values)])


def test_values_of_a_number_stand_in_the_order_of_numbers_and_others_by_how_many_have_them(api: FakeApi) -> None:
    numbers = told_of("reach", valueType="NUMBER", figures=spread("10", "2", "-1.5", "100"))
    with_tags(api, [numbers, told_of("tier", valueType="TEXT", figures=spread("vip", "basic"))], MARKETER)
    words = page_of(api, "reach").split()
    assert [word for word in words if word in {"10", "2", "-1.5", "100"}] == ["-1.5", "2", "10", "100"]
    words = page_of(api, "tier").split()
    assert words.index("vip") < words.index("basic")


def test_a_segment_that_reads_a_tag_is_named_and_asked_for_only_then(api: FakeApi) -> None:
    with_tags(api, [told_of("referrer", segments=["spring", "gone"]), told_of("idle")], MARKETER)
    api.pages["PageSegmentNames"] = lambda _: {"segments": [{"code": "spring", "name": "春季人群"}]}
    words = page_of(api, "referrer")
    assert "春季人群" in words and "gone" in words and "spring" not in words
    assert "Tags and segments that read it: 2." in words
    api.asked = []
    page_of(api, "idle")
    assert "PageSegmentNames" not in [operation for operation, _ in api.asked]


def test_a_rule_of_another_kind_is_refused_at_the_rule_where_the_kind_is_for_good(api: FakeApi) -> None:
    with_tags(api, [told_of("referrer")], MARKETER)
    api.refused = {"PageChangeTag": "tag.value_type"}
    typed: Json = {"code": "referrer", "kind": "RULE", "valueType": "BOOL", "rule": 'when first_seen is known then "a"'}
    user = Api(api.url).as_user(TOKEN)
    done = tag_form.save(Call(user, tag_form.FormAsked("referrer"), typed, LOOK))
    assert list(done.problems) == ["rule"] and "make a new tag" in done.problems["rule"]
    for asked, said in ((tag_form.FormAsked(), True), (tag_form.FormAsked("referrer"), False)):
        form = words_of(tag_form.draw(asked, tag_form.load(user, asked, None), LOOK))
        assert ("It can't be changed once the tag is saved" in form) is said


def test_a_run_of_milliseconds_took_less_than_could_be_told() -> None:
    assert took(timedelta(milliseconds=40), "zh") == "不到 0.1 秒"
    assert took(timedelta(seconds=2.25), "en") == "2.2 s"

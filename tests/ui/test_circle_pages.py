"""Circles and audiences as pages without a browser: what an address asks, what the API is asked, and what each role is shown."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dash.development.base_component import Component
from playwright.sync_api import Browser, expect

from investigator_ui.client import Api, UserApi
from investigator_ui.contract import Me, parse
from investigator_ui.errors import Refused
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.marketing import audience, audience_form, audiences, circle, circles
from investigator_ui.marketing.page import AnyPage, Call, Look
from tests.ui.browsing import investigating
from tests.ui.fake_api import SCHEMA, SEEN, TOKEN, FakeApi, Json, serving
from tests.ui.marketing_answers import job
from tests.ui.test_panels import words_of

ID = "circle-00ab12cd34ef5678"
OTHER = "circle-00ab12cd34ef9999"
DRAWN = "1780279200000-0a1b2c3d"
MARKETER = ("see_tags", "edit_tags", "market")
SUPERVISOR = ("see_graph", "see_risk", "market", "see_exclusions")
INVESTIGATOR = ("see_graph", "see_risk")
QUALITY: Json = {
    "brought": 2, "a": 1, "b": 0, "c": 0, "d": 1, "unscored": 0, "confirmedFraud": 1, "circularReferrals": 0, "selfReferrals": 1,
}  # fmt: skip
NUMBERS: Json = {
    "id": ID,
    "size": 40,
    "depth": 1,
    "brought": 35,
    "applied": 15,
    "approved": 12,
    "drawn": 9,
    "asOf": SEEN,
}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as running:
        running.pages = {
            "PageCircles": lambda _: {
                "referralCircles": {
                    "edges": [{"node": NUMBERS}, {"node": NUMBERS | {"id": OTHER, "applied": None}}],
                    "pageInfo": {"hasNextPage": True, "endCursor": "further"},
                    "totalCount": 60,
                }
            },
            "PageCircle": lambda asked: {"referralCircle": whole(asked["id"])},
            "PageCirclePeople": lambda _: {"referralCircle": people()},
            "PageCircleQuality": lambda _: {"referralCircle": {"quality": QUALITY}},
            "PageAudience": lambda _: {"audience": drawn()},
            "PageAudiences": lambda _: {"audiences": [drawn()]},
            "PageWaterfalls": lambda _: {"audience": {"versions": [waterfall(2), waterfall(1)]}},
            "PageDeliveries": lambda _: deliveries(),
            "PageStartJob": lambda _: {"startJob": drawing()},
        }
        yield running


def whole(circle_id: str) -> Json | None:
    levels = [{"depth": 0, "people": None, "applied": None}, {"depth": 1, "people": 40, "applied": 15}]
    return None if circle_id != ID else NUMBERS | {"referrals": 40, "levelTable": levels}


def people() -> Json:
    def member(name: str, by: str | None, **more: object) -> Json:
        node = {"id": name, "caption": f"{name}**"}
        return {
            "node": node,
            "depth": int(by is not None),
            "reach": 0,
            "direct": 0,
            "influence": 0.1,
            "broughtBy": by,
        } | more

    members = [member("li", None, reach=2, direct=2), member("wang", "li"), member("zhao", "li")]
    referral = {"at": SEEN, "first": True, "circular": False, "shared": []}
    return {
        "keyMembers": members[:1],
        "graph": {
            "omitted": 7,
            "members": members,
            "referrals": [
                referral | {"source": "li", "target": "wang", "shared": [{"type": "Phone", "count": 1}]},
                referral | {"source": "li", "target": "zhao"},
            ],
        },
    }


def drawn() -> Json:
    version = {
        "drawnBy": "mia", "drawnAt": SEEN, "validUntil": SEEN, "policyVersion": "p1", "members": 30, "excluded": 10,
        "withdrawn": False, "expired": False, "grown": 0,
    }  # fmt: skip
    versions = [version | {"number": 2}, version | {"number": 1, "expired": True, "excluded": None}]
    return {
        "id": DRAWN, "name": "春季", "channel": "SMS", "purpose": "老带新", "createdBy": "mia", "createdAt": SEEN, "circles": [ID],
        "spreaders": None, "by": "REACH", "grow": 0, "versions": versions,
    }  # fmt: skip


def deliveries(*told: Json, receivers: tuple[str, ...] = ()) -> Json:
    """To whom the second version went."""
    return {"audience": {"versions": [{"number": 2, "deliveries": list(told)}]}, "receivers": list(receivers)}


def drawing(**changes: object) -> Json:
    return job(kind="AUDIENCE", stage="gate", done=0, total=0, audience=DRAWN, startedBy="investigator") | changes


def waterfall(number: int) -> Json:
    steps = [{"reason": "no_consent", "count": 6}, {"reason": "grade", "count": 4}, {"reason": "ring", "count": 0}]
    return {"number": number, "candidates": 40, "riskAt": SEEN, "withdrawalReason": None, "waterfall": steps}


def seen(api: FakeApi, page: AnyPage, path: str, rights: tuple[str, ...], **query: str) -> Component:
    """What somebody with these rights is shown at an address, in English."""
    api.rights, api.asked = list(rights), []
    question = page.parse(path, query)
    assert question is not None
    look = Look("en", Me("who", "role", rights), parse(GraphSchema, SCHEMA), ZoneInfo("Asia/Shanghai"))
    return page.draw(question, page.load(user(api), question, None), look)


def user(api: FakeApi) -> UserApi:
    return Api(api.url).as_user(TOKEN)


def attributes(part: object, name: str) -> list[str]:
    """All values of an attribute in a component."""
    if isinstance(part, list | tuple):
        return [value for each in part for value in attributes(each, name)]
    if not isinstance(part, Component):
        return []
    mine = [str(getattr(part, name))] if getattr(part, name, None) is not None else []
    return mine + attributes(getattr(part, "children", None), name)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, circles.CirclesAsked()),
        ({"order": "nonsense", "minSize": "-1", "page": "7"}, circles.CirclesAsked()),
        ({"minSize": "20", "minDepth": "2"}, circles.CirclesAsked(min_size=20, min_depth=2)),
        ({"after": "x", "page": "2"}, circles.CirclesAsked(after="x", page=2)),
        ({"chosen": f"{ID},{ID},../../etc,circle-1"}, circles.CirclesAsked(chosen=(ID,))),
    ],
)
def test_addresses_are_read_leniently(query: dict[str, str], asked: circles.CirclesAsked) -> None:
    assert circles.CirclesAsked.parse("/circles", query) == asked
    assert circles.CirclesAsked.parse("/rings", query) is None


def test_the_filter_goes_to_the_api_and_chosen_circles_to_the_studio(api: FakeApi) -> None:
    page = seen(api, circles.PAGE, "/circles", MARKETER, minSize="20", order="APPLIED", chosen=f"{ID},{OTHER}")
    ((_, variables),) = [each for each in api.asked if each[0] == "PageCircles"]
    assert (variables["filter"], variables["order"]) == ({"minSize": 20}, "APPLIED")
    assert f"/audiences/~new?circles={ID}%2C{OTHER}" in attributes(page, "href")
    assert "fewer than 10" in words_of(page) and "Rows 1–2 of 60" in words_of(page)
    assert "Approved" not in words_of(page)


def test_who_draws_no_audience_chooses_no_circle(api: FakeApi) -> None:
    page = seen(api, circles.PAGE, "/circles", INVESTIGATOR)
    told = words_of(page)
    assert all(f"{each} (of brought in)" in told for each in ("Applied", "Approved", "Drew"))
    assert "34%" in told, "12 approved of 35 brought in"
    assert attributes(page, "data-choose") == []


def test_people_of_a_circle_are_asked_for_by_who_may_see_them_only(api: FakeApi) -> None:
    page = words_of(seen(api, circle.PAGE, f"/circles/{ID}", MARKETER))
    assert "li**" not in page and "Key members" not in page
    assert [operation for operation, _ in api.asked] == ["PageCircle", "Me"]
    page = words_of(seen(api, circle.PAGE, f"/circles/{ID}", SUPERVISOR))
    assert "wang**" in page and "Both use Phone ×1" in page and "7 more are not" in page
    assert "Confirmed fraud 1" in page
    with pytest.raises(Refused) as unknown:
        seen(api, circle.PAGE, f"/circles/{OTHER}", MARKETER)
    assert unknown.value.code == "circle.unknown"


def test_a_circle_too_large_to_be_judged_in_time_is_shown_without_that(api: FakeApi) -> None:
    api.refused = {"PageCircleQuality": "graphql.timeout"}
    page = words_of(seen(api, circle.PAGE, f"/circles/{ID}", SUPERVISOR))
    assert "too large" in page and "wang**" in page and "Confirmed fraud" not in page
    api.refused = {"PageCircleQuality": "store_failed"}
    with pytest.raises(Refused):
        seen(api, circle.PAGE, f"/circles/{ID}", SUPERVISOR)


def test_the_waterfall_is_the_supervisors(api: FakeApi) -> None:
    mine = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    api.pages["PageAudience"] = lambda _: {"audience": drawn() | {"createdBy": "command line"}}
    question = audience.AudienceAsked.parse(f"/audiences/{DRAWN}", {})
    assert question is not None
    look = Look("zh", Me("mia", "marketer", MARKETER), parse(GraphSchema, SCHEMA), ZoneInfo("Asia/Shanghai"))
    assert "命令行" in words_of(audience.draw(question, audience.load(user(api), question, None), look))
    assert "Grade C or D" not in mine and "nobody's reason is told" in mine
    assert "PageWaterfalls" not in [operation for operation, _ in api.asked]
    theirs = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", SUPERVISOR))
    assert "− Grade C or D" in theirs and "Member of a ring" not in theirs, "what left out nobody is not listed"


def test_look_alikes_are_told_by_values_that_are_clearly_more_frequent_and_as_estimates(api: FakeApi) -> None:
    def trait(value: str | None, seed: float, weight: float) -> Json:
        return {"value": value, "ofSeed": seed, "ofEverybody": 0.2, "weight": weight}

    def tags(*told: Json) -> Json:
        likeness = [
            {"code": f"t{at}", "nameZh": "标签", "nameEn": f"tag {at}", "traits": each} for at, each in enumerate(told)
        ]
        return {"audience": {"versions": [{"number": 2, "likeness": likeness}]}}

    api.pages["PageAudience"] = lambda _: {"audience": drawn() | {"grow": 10}}
    heavy = [trait("east", 0.94, 1.5), trait("south", 0.21, 0.05), trait(None, 0.056, -1.2)]
    api.pages["PageLikeness"] = lambda _: tags([trait("same", 0.2, 0.0)], heavy)
    told = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    assert "east" in told and "94%" in told and "Chosen (estimate)" in told
    assert not any(each in told for each in ("south", "Without it", "tag 0"))
    api.pages["PageLikeness"] = lambda _: tags([trait("same", 0.2, 0.0)])
    told = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    assert "No value is clearly more frequent" in told and "estimate" not in told


@pytest.mark.parametrize(("asked_for", "said"), [(100, True), (30, False), (None, False)])
def test_fewer_spreaders_than_were_asked_for_is_said(api: FakeApi, asked_for: int | None, said: bool) -> None:
    api.pages["PageAudience"] = lambda _: {"audience": drawn() | {"spreaders": asked_for}}
    told = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    assert ("100 were asked for; only these may be handed out" in told) is said
    assert ("Spreaders among them" in told) is said


def test_spreaders_that_are_missing_are_told_apart_from_look_alikes(api: FakeApi) -> None:
    whole = drawn() | {"spreaders": 200, "grow": 300}
    whole["versions"] = [each | {"members": 380, "grown": 300} for each in whole["versions"]]
    api.pages["PageAudience"] = lambda _: {"audience": whole}
    api.pages["PageLikeness"] = lambda _: {"audience": {"versions": [{"number": 2, "likeness": []}]}}
    told = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    assert "Members 380 Spreaders among them 80" in told and "200 were asked for; only these" in told


def test_an_expired_draw_is_shown_and_handed_out_no_more(api: FakeApi) -> None:
    newest = seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER)
    assert attributes(newest, "data-download") == ["members"] * 3
    old = seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER, version="1")
    assert attributes(old, "data-download") == [] and "draw it anew" in words_of(old)


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ({}, {"circles": [ID], "by": "REACH"}),
        ({"spreaders": "50", "by": "INFLUENCE"}, {"circles": [ID], "by": "INFLUENCE", "spreaders": 50}),
        ({"grow": "20"}, {"circles": [ID], "by": "REACH", "grow": 20}),
        ({"spreaders": "many"}, None),
        ({"grow": "1e9"}, None),
        ({"grow": "-5"}, None),
        ({"spreaders": "0"}, None),
        ({"spreaders": "99999999"}, None),
        ({"spreaders": "9" * 5000}, None),
    ],
)
def test_the_studio_sends_what_was_filled_in(api: FakeApi, values: dict[str, str], sent: Json | None) -> None:
    look = Look("en", Me("mia", "marketer", MARKETER), parse(GraphSchema, SCHEMA), ZoneInfo("Asia/Shanghai"))
    typed: dict[str, Any] = {"name": " spring ", "channel": "SMS", "purpose": "bring a friend"} | values
    done = audience_form.draw_audience(Call(user(api), audience_form.StudioAsked((ID,)), typed, look))
    if sent is None:
        assert list(done.problems) == list(values) and api.asked == []
        assert "to 100,000" in next(iter(done.problems.values()))
    else:
        assert done.progress == "j1"
        draft = {"name": "spring", "channel": "SMS", "purpose": "bring a friend", "recipe": sent}
        assert api.asked[-1][1] == {"kind": "AUDIENCE", "audience": draft}


def test_a_chosen_circle_that_is_gone_is_said(api: FakeApi) -> None:
    page = seen(api, audience_form.PAGE, "/audiences/~new", MARKETER, circles=f"{ID},{OTHER}")
    assert "1 of the chosen circles" in words_of(page) and "40 people" in words_of(page)


def test_the_studio_says_how_many_may_be_asked_for(api: FakeApi) -> None:
    told = words_of(seen(api, audience_form.PAGE, "/audiences/~new", MARKETER))
    assert "1 to 100,000; needed as no circle is chosen" in told and "0 to 100,000; may be left empty" in told
    told = words_of(seen(api, audience_form.PAGE, "/audiences/~new", MARKETER, circles=ID))
    assert "1 to 100,000; left empty, everybody in the chosen circles" in told


def test_a_download_names_no_other_address_than_the_exports(api: FakeApi) -> None:
    look = Look("en", Me("mia", "marketer", MARKETER), parse(GraphSchema, SCHEMA), ZoneInfo("Asia/Shanghai"))
    asked = audience.AudienceAsked.parse(f"/audiences/{DRAWN}", {})
    assert asked is not None and audience.AudienceAsked.parse("/audiences/../../graphql", {}) is None
    wanted = audience.members(Call(user(api), asked, {"format": "../x", "version": 2}, look))
    assert wanted.path == f"/exports/audiences/{DRAWN}"
    assert wanted.params == {"format": "csv", "version": "2", "captions": "false"}


def test_the_list_tells_which_audiences_are_open(api: FakeApi) -> None:
    told = words_of(seen(api, audiences.PAGE, "/audiences", MARKETER))
    assert "春季" in told and "Open" in told and "Text message" in told
    api.pages["PageAudiences"] = lambda _: {"audiences": []}
    assert "There are no audiences yet" in words_of(seen(api, audiences.PAGE, "/audiences", MARKETER))


def test_an_audience_is_sent_to_whom_the_operator_allows_and_tells_to_whom_it_went(api: FakeApi) -> None:
    gone = {"receiver": "crm", "begunAt": SEEN, "endedAt": SEEN, "sent": 28}
    broken = {"receiver": "sms-centre", "begunAt": SEEN, "endedAt": None, "sent": 2000}
    nobody = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    assert "Send to a messaging system" not in nobody, "nobody is allowed to receive"
    everybody = ("crm", "sms-centre", "mail")
    api.pages["PageDeliveries"] = lambda _: deliveries(gone, broken, receivers=everybody)
    page = seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER)
    told = words_of(page)
    assert "All sent" in told and "2,000" in told and "Broken off" in told
    assert "Go on sending to sms-centre" in told and "Send to mail" in told and "to crm" not in told
    assert sum("30 people at most" in each for each in attributes(page, "data-confirm")) == 2
    sending = job(kind="SEND", audience=DRAWN, version=2, receiver="sms-centre")
    api.pages["PageJobs"] = lambda _: {"jobs": [sending]}
    told = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    assert "On its way" in told and "sms-centre" in told and "Go on" not in told
    old = seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER, version="1")
    assert "send" not in attributes(old, "data-do"), "it has expired"


@pytest.mark.parametrize(
    ("job_of", "words"),
    [
        (drawing(status="FAILED", message="[audience.too_small] Fewer than 20."), "Fewer than 20."),
        (drawing(status="LOST", message="Its process is gone."), "left nothing half done"),
        (
            drawing(kind="SEND", version=2, receiver="crm", status="FAILED", message="[webhook.refused]"),
            "The receiver won't take it",
        ),
    ],
)
def test_what_went_wrong_while_the_page_was_left_is_said_when_it_is_opened_again(
    api: FakeApi, job_of: Json, words: str
) -> None:
    api.pages["PageJobs"] = lambda _: {"jobs": [job_of | {"startedAt": "2026-01-01T00:00:00+00:00"}]}
    assert words in words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))
    api.pages["PageJobs"] = lambda _: {"jobs": [drawing(status="DONE")]}
    assert words not in words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER))


def test_a_draw_that_is_not_there_is_said_and_the_newest_shown(api: FakeApi) -> None:
    told = words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER, version="9"))
    assert "There is no version 9: this is the newest, version 2." in told
    for known in ({}, {"version": "1"}, {"version": "2"}):
        assert "There is no version" not in words_of(seen(api, audience.PAGE, f"/audiences/{DRAWN}", MARKETER, **known))


def test_a_new_audience_that_was_not_drawn_is_told_in_the_list_until_there_is_another(api: FakeApi) -> None:
    failed = drawing(draws="summer", status="FAILED", message="[audience.too_small]", startedBy="mia", audience="x")
    api.pages["Me"] = lambda _: {"me": {"name": "mia", "role": "marketer", "rights": list(MARKETER)}}
    api.pages["PageJobs"] = lambda _: {"jobs": [failed | {"startedAt": "2026-01-01T00:00:00+00:00"}]}
    assert "“summer” was not drawn: Too few" in words_of(seen(api, audiences.PAGE, "/audiences", MARKETER))
    api.pages["PageJobs"] = lambda _: {"jobs": [failed | {"startedAt": "2020-01-01T00:00:00+00:00"}]}
    assert "summer" not in words_of(seen(api, audiences.PAGE, "/audiences", MARKETER))


@pytest.mark.browser
def test_the_studio_may_be_left_while_it_draws_and_leads_to_what_came_out(
    browser: Browser, fake_product: tuple[FakeApi, str], api: FakeApi
) -> None:
    fake, url = fake_product
    at: Json = drawing(draws="春季")
    fake.rights, fake.pages = list(MARKETER), dict(api.pages)
    fake.pages |= {
        "PageJob": lambda _: {"job": at},
        "PageJobs": lambda _: {"jobs": [at] if at["status"] == "RUNNING" else []},
    }
    fake.pages["PageStartJob"] = lambda _: {"startJob": at}
    try:
        with investigating(browser, url) as who:
            page = who.page
            who.start("/audiences/~new")
            for name, value in {"name": "春季", "purpose": "老带新活动", "spreaders": "30"}.items():
                page.fill(f"#field-{name}", value)
            page.click(".page-form [type=submit]")
            expect(page.locator(".progress-words")).to_have_text("过闸门")
            page.goto(f"{who.url}/audiences")
            expect(page.locator(".progress-words")).to_have_text("过闸门")
            page.goto(f"{who.url}/audiences/~new")
            at |= {"stage": "waiting"}
            expect(page.locator(".progress-words")).to_have_text("排队等候前面的任务")
            at |= {"status": "DONE"}
            expect(page.locator("#audience-page h1")).to_have_text("春季")
            assert page.url == f"{who.url}/audiences/{DRAWN}"
    finally:
        fake.rights, fake.pages = FakeApi().rights, {}


@pytest.mark.browser
def test_who_drew_an_audience_may_stop_it_and_is_told_so(
    browser: Browser, fake_product: tuple[FakeApi, str], api: FakeApi
) -> None:
    fake, url = fake_product
    at: Json = drawing(draws="春季", startedBy="investigator")
    stopped: list[Json] = []

    def stop(variables: Json) -> Json:
        stopped.append(variables)
        at["status"] = "CANCELLED"
        return {"cancelJob": {"id": at["id"]}}

    fake.rights, fake.pages = list(MARKETER), dict(api.pages)
    fake.pages |= {
        "PageJob": lambda _: {"job": at},
        "PageJobs": lambda _: {"jobs": [at] if at["status"] == "RUNNING" else []},
        "PageCancelJob": stop,
    }
    try:
        with investigating(browser, url, locale="en-GB") as who:
            page = who.page
            who.visit("/audiences/~new", TOKEN)
            page.click(".page-progress [data-stop]")
            expect(page.locator(".toast.problem")).to_contain_text("It was cancelled")
            assert stopped == [{"id": at["id"]}]
    finally:
        fake.rights, fake.pages = FakeApi().rights, {}

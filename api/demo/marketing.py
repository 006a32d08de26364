"""The demo's marketing side: the example tags with their values, segments, a seed audience. Defined once, and left as people change them; what is
computed daily is computed again by a run on a later day."""

from datetime import datetime
from pathlib import Path

from api.cli.tag_file import read_drafts
from api.demo.graph import Say
from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Role
from graph_model.services import audiences
from graph_model.services.audience_records import Recipe
from graph_model.services.gate_policy import Gate
from graph_model.services.referrals import circles_of
from graph_model.services.segments import computing as segment_computing
from graph_model.services.segments import dictionary as segments
from graph_model.services.segments.definition import everything as segments_of
from graph_model.services.tags import computing as tag_computing
from graph_model.services.tags import dictionary as tags
from graph_model.services.tags.definition import Schedule
from graph_model.store import GraphStore, OnProgress

STATE = "demo-marketing"
EXAMPLES = Path(__file__).with_name("tags.toml")
OWNER = Principal("supervisor", Role.SUPERVISOR)  # of the tags: some say something of risk
MARKETER = Principal("marketer", Role.MARKETER)
SEGMENTS = (
    segments.Draft(
        "young_referrers",
        "年轻推荐人 Young referrers",
        'tag(age_band) in ("18-24", "25-34") and tag(referrer)',
        description="35 岁以下、推荐过他人的客户。Under 35, and brought others in.",
        schedule=Schedule.DAILY,
    ),
    segments.Draft(
        "active_by_email",
        "邮箱可达的活跃客户 Active, with an e-mail address",
        'tag(reachable_by_email) and tag(application_activity) in ("1", "2+")',
        description="一年内申请过、留有邮箱的客户。Applied within a year, and left an e-mail address.",
        schedule=Schedule.DAILY,
    ),
    segments.Draft(
        "educated_newcomers",
        "高学历新客 Educated newcomers",
        "tag(higher_education) and tag(new_customer)",
        description="首次出现不足 90 天、本科及以上学历的客户。First seen within 90 days, bachelor or above.",
    ),
)
AUDIENCE = "推荐达人与相似客户 Top referrers and look-alikes"
SPREADERS, GROW = 200, 300
TOO_FEW = ("audience.too_small", "audience.unlike")


def open_market(store: GraphStore, gate: Gate, *, name: str, now: datetime, on_progress: OnProgress, say: Say) -> None:
    """What a marketer finds who logs in. `name` is that of the demo; one that was broken off goes on."""
    new = store.state(STATE) != name
    if new:
        say("Computing tags, segments and a seed audience …")
        _define(store, now)
    day = tag_computing.base_date_of(now)
    tag_computing.compute(store, base_date=day, by=OWNER.source, clock=lambda: now, on_progress=on_progress)
    segment_computing.compute(store, gate.policy, by=MARKETER.source, clock=lambda: now, on_progress=on_progress)
    if new:
        _draw(store, gate, now, on_progress, say)
        store.put_state(STATE, name)


def _define(store: GraphStore, now: datetime) -> None:
    known = tags.everything(store)
    for draft in read_drafts(EXAMPLES):
        if draft.code not in known:
            tags.define(store, OWNER, draft, now=now)
    there = segments_of(store)
    for segment in SEGMENTS:
        if segment.code not in there:
            segments.define(store, MARKETER, segment, now=now)


def _draw(store: GraphStore, gate: Gate, now: datetime, on_progress: OnProgress, say: Say) -> None:
    if any(audience.name == AUDIENCE for audience in audiences.listed(store, MARKETER, first=100)):
        return
    circles = circles_of(store, gate.secret, as_of=now, on_progress=on_progress)
    try:
        audiences.create(
            store,
            gate,
            circles,
            MARKETER,
            audiences.Draft(
                AUDIENCE,
                "sms",
                "示例：请推荐达人再次推荐。An example: ask top referrers to refer again.",
                Recipe(spreaders=SPREADERS, grow=GROW),
            ),
            now=now,
        )
    except InvalidRequest as exc:
        if exc.code not in TOO_FEW:
            raise
        say("The portfolio is too small for a seed audience.")

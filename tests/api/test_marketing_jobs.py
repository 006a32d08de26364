"""Marketing's long work in the background: a marketer computes a segment, draws an audience and sends it, and may leave the page meanwhile.
Done as whoever asked, told to nobody who may not know of it, and never half."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api import job_worker, jobs
from api.job_records import PREFIX, Job, JobKind, JobStatus, Subject, Vouched, read
from graph_model.errors import StoreFull
from graph_model.principal import Principal, Right, Role
from graph_model.records import GraphBatch
from graph_model.services import audience_records
from graph_model.services.audience_records import Recipe
from graph_model.services.audiences import Draft
from graph_model.services.consent_facts import CONTACT
from graph_model.services.segments import dictionary as segments
from graph_model.services.segments.definition import Segment
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store
from tests.api import queries, test_cli
from tests.api.conftest import Client, Served
from tests.api.serving import serving
from tests.api.test_cli import guanxi
from tests.api.test_jobs import SOON, ended, handlers
from tests.api.test_webhooks import Crm, receiving
from tests.services.people import START, circle, marketing, said, score

__all__ = ["handlers"]  # a fixture
pytestmark = pytest.mark.usefixtures("handlers")
MIA = Principal("marketer", Role.MARKETER)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with receiving(Crm()) as running:
        yield running


@pytest.fixture(scope="module")
def site(home: Path, tmp_path_factory: pytest.TempPathFactory, crm: Crm) -> Iterator[Served]:
    """Forty who hang together by referrals; twelve opted out of messages."""
    folder = tmp_path_factory.mktemp("marketing-jobs")
    more = {"webhooks": {"crm": crm.address}, "webhook_secret": SecretStr("sixteen characters")}
    with serving(home, folder, **more) as served:
        people = marketing(served.runtime.store)
        refusals = [said(ref, "consent", "no", START + DAY, topic="sms") for ref in people[20:32]]
        served.runtime.store.upsert(GraphBatch(facts=refusals))
        score(served.runtime.store, dict.fromkeys(people, "A"), at=utc_now() - DAY)
        for code, rule in (("referred", "degree(REFERRED in) >= 1"), ("risk_bad", "grade = 'D'")):
            segment = {"code": code, "name": code, "rule": rule.replace("'", '"')}
            served.client(Role.SUPERVISOR).data(queries.DEFINE_SEGMENT, input=segment)
        yield served


def draft(site: Served, name: str, channel: str = "SMS") -> dict[str, Any]:
    recipe = {"circles": [circle(site.runtime.store, site.runtime.gate.secret)]}
    return {"name": name, "channel": channel, "purpose": "friends of friends", "recipe": recipe}


def started(client: Client, **asked: Any) -> dict[str, Any]:
    job: dict[str, Any] = client.data(queries.START_JOB, **asked)["startJob"]
    return job


def told_when(client: Client, job_id: str, stage: str) -> dict[str, Any]:
    """The job as soon as it is at a stage."""
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        job: dict[str, Any] = client.data(queries.ONE_JOB, id=job_id)["job"]
        if job["stage"] == stage:
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job never was at {stage}: {job}")


def recorded(site: Served, kind: JobKind, subject: Subject, by: Principal = MIA, **changed: Any) -> Job:
    """A job that no process has taken up yet."""
    now = utc_now()
    number = f"{int(now.timestamp() * 1000):013d}-0000beef"
    job = replace(Job(number, kind, JobStatus.QUEUED, by.name, now, now, role=by.role, subject=subject), **changed)
    site.runtime.store.put_state(PREFIX + job.id, job.dump())
    return job


def run(site: Served, job: Job) -> Job:
    """Done in this process."""
    store = site.runtime.store
    job_worker.run(store, site.runtime.settings, job.id, clock=utc_now, pid=os.getpid())
    found = jobs.job(store, MIA, job.id, now=utc_now())
    assert found is not None
    return found


def some_draft(site: Served, name: str, channel: str = "sms") -> Draft:
    recipe = Recipe((circle(site.runtime.store, site.runtime.gate.secret),))
    return Draft(name, channel, "friends of friends", recipe)


def test_while_a_load_has_the_store_a_segment_waits_and_an_audience_is_drawn_beside_it(site: Served) -> None:
    marketer, supervisor = site.client(Role.MARKETER), site.client(Role.SUPERVISOR)
    loader = open_store(site.runtime.store.address)
    try:
        with loader.writing("ingest"):
            waiting = started(marketer, kind="SEGMENT", code="referred")
            assert (waiting["codes"], waiting["audience"]) == (["referred"], None)
            told_when(marketer, waiting["id"], "waiting")
            assert started(supervisor, kind="SEGMENT", code="referred")["id"] == waiting["id"], "nobody needs it twice"
            drawn = started(marketer, kind="AUDIENCE", audience=draft(site, "spring"))
            assert (drawn["audience"], drawn["draws"]) == (drawn["id"], "spring")
            done = ended(marketer, drawn["id"])
            assert done["status"] == "DONE" and done["message"].startswith("Version 1 with 2"), done
            made = marketer.data(queries.AUDIENCE, id=drawn["audience"])["audience"]
            assert (made["name"], made["createdBy"], len(made["versions"])) == ("spring", "marketer", 1)
            assert marketer.data(queries.ONE_JOB, id=waiting["id"])["job"]["stage"] == "waiting"
    finally:
        loader.close()
    computed = ended(marketer, waiting["id"])
    assert computed["status"] == "DONE" and computed["message"].startswith("Edition 1 of "), computed
    segment = marketer.data(queries.ONE_SEGMENT, code="referred")["segment"]
    assert segment["run"]["by"] == "user:marketer" and segment["newest"]["members"] == 45
    lines = [(line.actor, line.operation) for line in site.runtime.store.audit(limit=1_000)]
    assert ("marketer", "audience.draw") in lines


def test_an_audience_is_sent_page_left_and_come_back_to(site: Served, crm: Crm) -> None:
    """The receiver is busy, the sending is cancelled while it rests, and goes on another time."""
    marketer = site.client(Role.MARKETER)
    assert marketer.data(queries.RECEIVERS) == {"receivers": ["crm"]}
    job = run(site, recorded(site, JobKind.AUDIENCE, Subject(draft=some_draft(site, "to be sent"))))
    assert job.status is JobStatus.DONE, job
    asked = {"kind": "SEND", "send": {"audience": job.audience, "receiver": "crm"}}
    crm.answers = [503] * 9
    first = started(marketer, **asked)
    assert (first["audience"], first["version"], first["receiver"]) == (job.audience, 1, "crm")
    told_when(marketer, first["id"], "resting")
    (found,) = [each for each in marketer.data(queries.JOBS)["jobs"] if each["status"] == "RUNNING"]
    assert found["id"] == first["id"]
    marketer.data(queries.CANCEL_JOB, id=first["id"])
    assert ended(marketer, first["id"])["status"] == "CANCELLED"
    crm.answers = [400]
    refused = run(site, recorded(site, JobKind.SEND, Subject(audience=job.audience, version=1, receiver="crm")))
    assert refused.message.startswith("[webhook.refused] crm answered 400 to batch 1."), refused
    crm.answers = []
    sent = ended(marketer, started(marketer, **asked)["id"])
    assert sent["status"] == "DONE", sent
    (version,) = marketer.data(queries.AUDIENCE, id=job.audience)["audience"]["versions"]
    (delivery,) = version["deliveries"]
    assert (delivery["receiver"], delivery["sent"], delivery["batches"]) == ("crm", version["members"], 1)
    assert delivery["endedAt"] is not None and len(crm.members) == version["members"]
    store = site.runtime.store
    contacts = sum(len(store.facts(node_id, kind=CONTACT)) for node_id in crm.members)
    assert contacts == version["members"]
    assert {line.actor for line in store.audit(limit=1_000) if line.operation == "audience.send"} == {"marketer"}
    assert marketer.code(queries.START_JOB, **asked) == "webhook.delivered"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"kind": "SEGMENT"}, "job.subject"),
        ({"kind": "SEGMENT", "code": "nobodys"}, "not_found"),
        ({"kind": "SEGMENT", "code": "risk_bad"}, "not_found"),
        ({"kind": "SEGMENT", "codes": ["referred", "risk_bad"]}, "job.subject"),
        ({"kind": "SEGMENT", "code": "referred", "codes": ["referred"]}, "job.subject"),
        ({"kind": "TAGS", "codes": ["nobodys"]}, "not_found"),
        ({"kind": "TAGS"}, "forbidden"),
        ({"kind": "TAGS", "codes": []}, "forbidden"),
        ({"kind": "SCORE"}, "forbidden"),
        ({"kind": "AUDIENCE"}, "job.subject"),
        ({"kind": "AUDIENCE", "code": "referred"}, "job.subject"),
        ({"kind": "AUDIENCE", "audience": {"name": "half a description"}}, "job.subject"),
        ({"kind": "AUDIENCE", "audience": {"id": "nobodys"}}, "not_found"),
        ({"kind": "AUDIENCE", "audience": {"id": "nobodys", "name": "drawn anew"}}, "job.subject"),
        (
            {"kind": "AUDIENCE", "audience": {"name": "phones", "channel": "SMS", "recipe": {"spreaders": 9}}},
            "job.subject",
        ),
        (
            {
                "kind": "AUDIENCE",
                "audience": {
                    "name": "phones",
                    "channel": "SMS",
                    "purpose": "offer",
                    "recipe": {"circles": ["13800138000"]},
                },
            },
            "audience.recipe",
        ),
        (
            {
                "kind": "AUDIENCE",
                "audience": {"name": "", "channel": "SMS", "purpose": "offer", "recipe": {"spreaders": 9}},
            },
            "audience.name",
        ),
        ({"kind": "SEND", "send": {"audience": "nobodys", "receiver": "crm"}}, "not_found"),
        ({"kind": "SEND", "send": {"audience": "nobodys", "receiver": "https://else.example"}}, "webhook.receiver"),
        ({"kind": "SEND", "code": "referred"}, "job.subject"),
    ],
)
def test_what_can_not_be_done_is_refused_before_a_job_is_begun(site: Served, asked: dict[str, Any], code: str) -> None:
    assert site.client(Role.MARKETER).code(queries.START_JOB, **asked) == code


def test_an_operator_watches_marketing_work_without_learning_what_it_is_about(site: Served) -> None:
    job = run(site, recorded(site, JobKind.AUDIENCE, Subject(draft=some_draft(site, "summer"))))
    operator = site.client(Role.OPERATOR)
    seen = operator.data(queries.ONE_JOB, id=job.id)["job"]
    assert (seen["kind"], seen["status"], seen["startedBy"]) == ("AUDIENCE", "DONE", "marketer")
    assert (seen["audience"], seen["draws"], seen["message"]) == (None, None, "")
    assert operator.code(queries.START_JOB, kind="AUDIENCE", audience=draft(site, "mine")) == "forbidden"


def test_a_marketer_is_told_of_no_job_on_risk_and_of_none_of_the_servers(site: Served) -> None:
    marketer, scientist = site.client(Role.MARKETER), site.client(Role.DATA_SCIENTIST)
    risky = recorded(site, JobKind.SEGMENT, Subject(("risk_bad",)), Principal("data_scientist", Role.DATA_SCIENTIST))
    check = recorded(site, JobKind.CHECK, Subject(), id="0000000000002-test", status=JobStatus.DONE)
    for job in (risky, check):
        assert scientist.data(queries.ONE_JOB, id=job.id)["job"]["id"] == job.id
        assert marketer.data(queries.ONE_JOB, id=job.id)["job"] is None
        assert marketer.code(queries.CANCEL_JOB, id=job.id) == "not_found"
    assert {risky.id, check.id}.isdisjoint(each["id"] for each in marketer.data(queries.JOBS, first=100)["jobs"])
    assert site.client(Role.OPERATOR).data(queries.ONE_JOB, id=risky.id)["job"]["codes"] == [], "no risk, no code of it"
    assert scientist.data(queries.CANCEL_JOB, id=risky.id)["cancelJob"]["codes"] == ["risk_bad"]
    assert run_to_end(site, risky) is JobStatus.CANCELLED
    mine = recorded(site, JobKind.SEGMENT, Subject(("referred",)), Principal("supervisor", Role.SUPERVISOR))
    assert marketer.data(queries.ONE_JOB, id=mine.id)["job"]["codes"] == ["referred"]
    assert marketer.code(queries.CANCEL_JOB, id=mine.id) == "forbidden", "it is somebody else's"
    assert run_to_end(site, mine) is JobStatus.DONE


def run_to_end(site: Served, job: Job) -> JobStatus:
    return job_worker.run(site.runtime.store, site.runtime.settings, job.id, clock=utc_now, pid=os.getpid())


def test_what_the_gate_left_out_of_a_supervisors_draw_is_not_a_marketers_to_read(site: Served) -> None:
    by = Principal("supervisor", Role.SUPERVISOR)
    job = recorded(site, JobKind.AUDIENCE, Subject(draft=some_draft(site, "by mail", "email")), by)
    assert run(site, job).status is JobStatus.FAILED
    full = site.client(Role.SUPERVISOR).data(queries.ONE_JOB, id=job.id)["job"]["message"]
    assert full.startswith("[audience.too_small]") and "no_consent 40" in full
    assert site.client(Role.MARKETER).data(queries.ONE_JOB, id=job.id)["job"]["message"] == "[audience.too_small]"


def test_a_key_is_not_told_what_one_of_its_name_with_more_rights_was_refused(site: Served) -> None:
    exact = frozenset({Right.MARKET, Right.SEE_EXCLUSIONS})
    wide, narrow = (Principal("key:crm", Role.SUPERVISOR, scopes) for scopes in (exact, exact - {Right.SEE_EXCLUSIONS}))
    left = {"status": JobStatus.FAILED, "message": "[audience.too_small] Left out: no_consent 40."}
    subject = Subject(draft=some_draft(site, "by a key"))
    job = recorded(site, JobKind.AUDIENCE, subject, wide, scopes=("market", "see_exclusions"), **left)
    told = [jobs.job(site.runtime.store, by, job.id, now=utc_now()) for by in (wide, narrow)]
    assert [each and each.message for each in told] == [left["message"], "[audience.too_small]"]


def test_the_list_of_jobs_looks_a_segment_up_once(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"000000000001{number}-test" for number in range(3)]
    for job_id in ids:
        recorded(site, JobKind.SEGMENT, Subject(("referred",)), id=job_id, status=JobStatus.DONE)
    asked, find = list[str](), segments.find

    def counted(store: GraphStore, principal: Principal, code: str) -> Segment:
        asked.append(code)
        return find(store, principal, code)

    monkeypatch.setattr(segments, "find", counted)
    listed = {each.id for each in jobs.jobs(site.runtime.store, MIA, first=100, now=utc_now())}
    assert listed.issuperset(ids) and asked.count("referred") == 1


def test_a_draw_that_breaks_off_while_it_is_kept_leaves_no_audience_and_its_name_free(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Subject(draft=some_draft(site, "autumn"))
    with monkeypatch.context() as broken:
        broken.setattr(audience_records, "keep_version", lambda *_: _full())
        failed = run(site, recorded(site, JobKind.AUDIENCE, subject))
    assert failed.status is JobStatus.FAILED and failed.message.startswith("[store_full]")
    marketer = site.client(Role.MARKETER)
    assert marketer.data(queries.AUDIENCE, id=failed.audience)["audience"] is None
    done = run(site, recorded(site, JobKind.AUDIENCE, subject))
    assert done.status is JobStatus.DONE, done
    again = run(site, recorded(site, JobKind.AUDIENCE, Subject(audience=done.audience)))
    assert again.message.startswith("Version 2")
    taken = started_code(marketer, site, "autumn")
    assert taken == "audience.name"


def _full() -> None:
    raise StoreFull("the disk")


def started_code(client: Client, site: Served, name: str) -> str:
    return client.code(queries.START_JOB, kind="AUDIENCE", audience=draft(site, name))


def test_a_draw_that_is_killed_in_line_is_told_as_lost_and_drawn_another_time(site: Served) -> None:
    marketer = site.client(Role.MARKETER)
    first = recorded(
        site, JobKind.AUDIENCE, Subject(audience="somebody draws it elsewhere"), status=JobStatus.RUNNING,
        id="0000000000003-test", host="elsewhere", pid=1,
    )  # fmt: skip
    job = started(marketer, kind="AUDIENCE", audience=draft(site, "winter"))
    told_when(marketer, job["id"], "waiting")
    pid = next(
        each.process.pid for each in jobs.jobs(site.runtime.store, MIA, first=5, now=utc_now()) if each.id == job["id"]
    )
    os.kill(pid, signal.SIGKILL)
    lost = ended(marketer, job["id"])
    assert lost["status"] == "LOST" and lost["finishedAt"] is not None
    assert marketer.data(queries.AUDIENCE, id=job["audience"])["audience"] is None
    site.runtime.store.put_state(PREFIX + first.id, replace(first, status=JobStatus.DONE).dump())
    assert (
        run(site, recorded(site, JobKind.AUDIENCE, Subject(draft=some_draft(site, "winter")))).status is JobStatus.DONE
    )


def test_nothing_is_done_for_who_lost_their_rights_while_the_job_waited(site: Served) -> None:
    users, keys, now = site.runtime.users, site.runtime.keys, utc_now()
    segment, drawing = Subject(("referred",)), Subject(draft=some_draft(site, "of who left"))
    gone, moved = Principal("ada", Role.MARKETER), Principal("ben", Role.MARKETER)
    users.add("ada", "marketer", "ten letters long", now=now)
    users.remove("ada")
    users.add("ben", "investigator", "ten letters long", now=now)
    keys.create("crm-pull", "marketer", expires_at=None, now=now)
    machine = Principal("key:crm-pull", Role.MARKETER)
    assert run(site, recorded(site, JobKind.SEGMENT, segment, machine, vouched=Vouched.KEYS)).status is JobStatus.DONE
    keys.revoke("crm-pull", now=now)
    keys.create("crm-pull", "marketer", scopes=["see_tags"], expires_at=None, now=now)
    asked = [(JobKind.SEGMENT, segment, gone, Vouched.USERS), (JobKind.AUDIENCE, drawing, moved, Vouched.USERS)]
    asked += [(JobKind.TAGS, segment, machine, Vouched.KEYS), (JobKind.AUDIENCE, drawing, gone, Vouched.PROVIDER)]
    for kind, subject, by, vouched in asked:
        refused = recorded(site, kind, subject, by, vouched=vouched)
        assert run_to_end(site, refused) is JobStatus.FAILED
        told = read(site.runtime.store, refused.id, now=utc_now())
        assert told is not None and told.message.startswith("[forbidden] Whoever asked"), told
    narrow = replace(machine, scopes=frozenset({Right.SEE_TAGS}))
    held = recorded(site, JobKind.SEGMENT, segment, narrow, vouched=Vouched.KEYS, scopes=("see_tags",))
    assert run_to_end(site, held) is JobStatus.FAILED, "the key never had the right"
    operator = Principal("command line", Role.OPERATOR)
    at_shell = recorded(site, JobKind.SEGMENT, segment, operator, vouched=Vouched.SHELL)
    assert run_to_end(site, at_shell) is JobStatus.DONE


def test_nobody_more_is_sent_for_who_was_removed_while_the_receiver_was_busy(site: Served, crm: Crm) -> None:
    users, eve = site.runtime.users, Principal("eve", Role.MARKETER)
    users.add("eve", "marketer", "ten letters long", now=utc_now())
    drawn = run(site, recorded(site, JobKind.AUDIENCE, Subject(draft=some_draft(site, "of eve")), eve))
    assert drawn.status is JobStatus.DONE, drawn

    def removed() -> None:
        if users.find("eve") is not None:
            users.remove("eve")

    crm.answers, crm.got, crm.then = [503], [], removed
    try:
        sending = recorded(site, JobKind.SEND, Subject(audience=drawn.audience, version=1, receiver="crm"), eve)
        assert run(site, sending).message.startswith("[forbidden]")
    finally:
        crm.answers, crm.then = [], lambda: None
    assert len(crm.got) == 1, "tried once, and not again"


def test_tags_are_computed_by_name_by_whoever_may_edit_them(site: Served) -> None:
    names = {"nameZh": "推荐人", "nameEn": "referrer", "category": "社交", "subcategory": "推荐"}
    marketer = site.client(Role.MARKETER)
    marketer.data(queries.DEFINE_TAG, input={"code": "referrer", "rule": "degree(REFERRED out) >= 1", **names})
    marketer.data(queries.DEFINE_TAG, input={"code": "met", "kind": "MANUAL", "valueType": "BOOL", **names})
    assert marketer.code(queries.START_JOB, kind="TAGS", codes=["referrer", "met"]) == "tag.kind"
    job = run(site, recorded(site, JobKind.TAGS, Subject(("referrer",))))
    assert job.status is JobStatus.DONE and job.message.startswith("1 tags computed"), job
    figures = marketer.data(queries.ONE_TAG, code="referrer")["tag"]["figures"]
    assert (figures["status"], figures["by"]) == ("DONE", "user:marketer")


def test_the_days_tags_and_segments_are_computed_though_a_load_gets_in_between(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, stages = site.runtime.store, list[str]()
    loader, compute = open_store(store.address), job_worker.compute
    with ExitStack() as loading:
        loading.callback(loader.close)
        load = loading.enter_context(ExitStack())

        def then_a_load(*args: Any, **more: Any) -> Any:
            done = compute(*args, **more)
            load.enter_context(loader.writing("ingest"))
            return done

        def heard(stage: str, _done: int, _total: int) -> None:
            stages.append(stage)
            if stage == job_worker.WAITING:
                load.close()

        monkeypatch.setattr(job_worker, "compute", then_a_load)
        told = job_worker.WORK[JobKind.TAGS](store, site.runtime.settings, utc_now(), heard)
    assert "computed" in told and stages.count(job_worker.WAITING) == 1, (told, stages)


def test_a_job_whose_record_came_late_waits_for_a_later_one_that_is_at_work(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_worker, "TURN_SECONDS", 0.01)
    store, ended_first = site.runtime.store, list[bool]()
    at_work = {"status": JobStatus.RUNNING, "stage": "members", "host": "elsewhere", "pid": 1}
    late = recorded(site, JobKind.SEGMENT, Subject(("referred",)), id="0000000000009-test")
    other = recorded(site, JobKind.SEGMENT, Subject(("risk_bad",)), **at_work)

    def end_the_other() -> None:
        while (found := read(store, late.id, now=utc_now())) is not None and found.open:
            if found.stage == job_worker.WAITING:
                ended_first.append(True)
                store.put_state(PREFIX + other.id, replace(other, status=JobStatus.DONE).dump())
                return
            time.sleep(0.01)

    elsewhere = threading.Thread(target=end_the_other)
    elsewhere.start()
    assert run_to_end(site, late) is JobStatus.DONE
    elsewhere.join()
    assert ended_first == [True]


def test_a_line_has_an_end(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_OPEN", 1)
    job = recorded(site, JobKind.SEGMENT, Subject(("referred",)), status=JobStatus.RUNNING, host="elsewhere", pid=1)
    assert started_code(site.client(Role.MARKETER), site, "too many") == "job.too_many"
    site.runtime.store.put_state(PREFIX + job.id, replace(job, status=JobStatus.DONE).dump())


@pytest.mark.long
def test_the_operator_computes_a_segment_at_a_shell(site: Served) -> None:
    home = site.runtime.settings.home
    waited = guanxi("jobs", "start", "segment", "--code", "referred", "--wait", home=home)
    assert waited.returncode == 0 and "Edition" in waited.stdout, waited
    test_cli.refused(guanxi("jobs", "start", "segment", home=home), "job.subject", 2)

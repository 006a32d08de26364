"""The graph itself: reachable, how big, how old, and whether it and its audit chain are sound."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson

from api.audit_chain import verify
from api.audit_head import HeadFile, HeadUnusable
from api.doctor.findings import SKEW_SECONDS, Area, Finding, size
from graph_model.errors import GuanxiError
from graph_model.services.audience_records import newest
from graph_model.services.backups import last_backup
from graph_model.services.gate import risk_moment
from graph_model.services.gate_policy import GatePolicy
from graph_model.store import GraphStore, OnProgress, utc_now
from ingest.checkpoint import JOBS

REACHED, SIZE, AGE, SOUND = Area("graph"), Area("size"), Area("age"), Area("sound")
_SLOW_SECONDS = 1.0
_OLD_BACKUP = timedelta(days=7)
_OLD_INGEST = timedelta(days=2)  # as the alert in docs/operations.md


def reached(store: GraphStore, *, seconds: float) -> Iterator[Finding]:
    """`seconds` is what opening it took."""
    begun = time.perf_counter()
    condition = store.condition()
    answered = time.perf_counter() - begun
    told = f"{store.address} by {condition.engine}, opened in {seconds * 1000:,.0f} ms, answers in {answered * 1000:,.1f} ms"
    values = {"engine": condition.engine, "ms": round(answered * 1000, 1)}
    if answered > _SLOW_SECONDS:
        yield REACHED.warning(
            "store", f"{told}.", "Look at the disk, the network, and what else the machine does.", **values
        )
    else:
        yield REACHED.ok("store", told, **values)
    yield REACHED.ok("store version", f"{condition.version} of {condition.latest}", version=condition.version)
    # Beside the question: opening may have taken minutes.
    skew = (condition.clock - utc_now()).total_seconds()
    if abs(skew) > SKEW_SECONDS:
        yield REACHED.warning(
            "clock",
            f"The graph's machine is {abs(skew):,.0f} s {'ahead' if skew > 0 else 'late'}.",
            "Set both clocks by NTP.",
            skew=skew,
        )


def sizes(store: GraphStore) -> Iterator[Finding]:
    counted = store.statistics()
    amounts = {
        "nodes": sum(counted.nodes.values()),
        "edges": sum(counted.edges.values()),
        "facts": sum(counted.facts.values()),
        "assessments": counted.assessments,
    }
    told = ", ".join(f"{number:,} {name}" for name, number in amounts.items())
    if amounts["nodes"] == 0:
        yield SIZE.warning("records", "The graph is empty.", "Load files: guanxi ingest FILES")
    else:
        yield SIZE.ok("records", told, **amounts)
    found = store.condition().sizes
    if len(found) > 0:
        yield SIZE.ok(
            "bytes",
            f"file {size(found['file'])}, its log {size(found['log'])}, free inside {size(found['free'])}",
            **found,
        )


def ages(store: GraphStore, *, now: datetime) -> Iterator[Finding]:
    changed = store.statistics().changed_at
    if changed is not None and changed - now > timedelta(seconds=SKEW_SECONDS):
        yield AGE.warning(
            "changed", f"The graph changed last in the future, {_minute(changed)}.", "Set this machine's clock by NTP."
        )
    yield from _ingests(store, now)
    yield from _scorings(store, now)
    made = last_backup(store)
    if made is None:
        yield AGE.warning(
            "backup", "No backup of this graph is known.", "Make one, and have it made daily: guanxi backup FILE"
        )
    elif now - made > _OLD_BACKUP:
        yield AGE.warning(
            "backup",
            f"The last backup was made {_ago(now - made)}.",
            "Make one, and have it made daily: guanxi backup FILE",
            at=made.isoformat(),
        )
    else:
        yield AGE.ok("backup", f"made {_ago(now - made)}", at=made.isoformat())


def _ingests(store: GraphStore, now: datetime) -> Iterator[Finding]:
    jobs = [orjson.loads(text) for text in store.states(JOBS, limit=20_000).values()]
    begun = [datetime.fromisoformat(job["now"]) for job in jobs]
    broken = [at for at, job in zip(begun, jobs, strict=True) if not job["done"]]
    if len(broken) > 0:
        yield AGE.warning(
            "ingest",
            f"{len(broken)} ingests were broken off or are at work, the last begun {_ago(now - max(broken))}.",
            "Run the same command again, where none is at work: it goes on where it was.",
            broken=len(broken),
        )
    if len(begun) == 0:
        yield AGE.ok("ingest", "no file was loaded yet")
    elif (age := now - max(begun)) > _OLD_INGEST:
        yield AGE.warning(
            "ingest",
            f"The last file was loaded {_ago(age)}.",
            "See why none has come in since.",
            at=max(begun).isoformat(),
        )
    else:
        yield AGE.ok("ingest", f"last {_ago(age)}", at=max(begun).isoformat())


def _scorings(store: GraphStore, now: datetime) -> Iterator[Finding]:
    left, last = store.unfinished_scoring(), store.latest_scoring()
    if store.loading():
        yield AGE.warning(
            "loading",
            "A first load is at work or was broken off: relationships can't be followed yet.",
            "Where none is at work, run the same guanxi ingest again, or start guanxi serve: either finishes it.",
            unfinished=True,
        )
    if left is not None:
        yield AGE.warning(
            "scoring",
            f"A scoring begun {_ago(now - left.scored_at)} is not complete: its scores say `scoring_unfinished`.",
            "Where none is at work, run guanxi score: it takes back what is left and scores anew.",
            unfinished=True,
        )
    if last is None:
        yield AGE.warning("model", "Nobody was scored yet.", "Run guanxi score")
    else:
        told = f"{last.model_version}, policy {last.policy_version}, scored {_ago(now - last.scored_at)} as of {_minute(last.as_of)}"
        yield AGE.ok(
            "model", told, model=last.model_version, policy=last.policy_version, scored_at=last.scored_at.isoformat()
        )


def gate_age(store: GraphStore, policy: GatePolicy, *, now: datetime) -> Iterator[Finding]:
    """Only where marketing has drawn audiences: without a scoring that is new enough it can draw no more."""
    if len(newest(store, limit=1)) == 0:
        return
    if risk_moment(store, policy, now=now) is None:
        yield AGE.warning(
            "gate",
            f"Nobody was scored in the last {policy.most_days} days: audiences can't be drawn.",
            "Run guanxi score, or have it run daily.",
        )
    else:
        yield AGE.ok("gate", f"scored within {policy.most_days} days: audiences can be drawn")


def soundness(store: GraphStore, head: HeadFile | None, *, quick: bool, on_progress: OnProgress) -> Iterator[Finding]:
    """Each by itself: a damaged graph may have a whole chain, and the other way round."""
    try:
        store.check(thorough=not quick)
        yield SOUND.ok("graph", f"{store.address} is sound{' at a quick look' if quick else ''}", thorough=not quick)
    except GuanxiError as exc:
        yield SOUND.failed("graph", exc)
    if quick:
        return
    try:
        last = verify(store, head, on_progress=on_progress)
        where = ", as the signed head has it" if head is not None else " (is the last one there? guanxi audit verify)"
        yield SOUND.ok(
            "audit chain", f"{last.sequence:,} lines, each follows from the one before{where}", lines=last.sequence
        )
    except HeadUnusable as exc:
        yield SOUND.warning(
            "audit chain", exc.message, "Where the chain was sealed before, look who took the head away."
        )
    except GuanxiError as exc:
        yield SOUND.failed("audit chain", exc)


def _ago(age: timedelta) -> str:
    minutes = max(0.0, age.total_seconds()) / 60
    if minutes < 120:
        return f"{minutes:,.0f} minutes ago"
    return f"{minutes / 60:,.0f} hours ago" if minutes < 48 * 60 else f"{minutes / 1440:,.0f} days ago"


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")

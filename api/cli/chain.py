"""What is done at the shell, in the audit chain: a line before it is done and one with how it ended, by the machine's user who did it."""

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from api.audit_trail import AuditTrail, AuditUnavailable, LogTrail
from api.bootstrap import audit_head
from api.cli.terminal import err
from api.errors import describe_locally
from api.metrics import Metrics
from api.secrets import derived, ensure_home, server_secret
from api.settings import Settings
from graph_model.errors import GuanxiError, StoreMissing
from graph_model.records import AuditRecord, NodeRef
from graph_model.services.reveal import subject_hash
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

ACTOR = "command line"


@contextmanager
def audited(
    settings: Settings,
    store: GraphStore,
    operation: str,
    role: str,
    *,
    about: Iterable[NodeRef] = (),
    detail: Mapping[str, object] | None = None,
    even_without: bool = False,
) -> Iterator[None]:
    """`detail` holds names and counts, never a value of somebody. Where the chain takes nothing, AuditUnavailable is raised before anything is
    done; with `even_without` it is told and done."""
    head = None if settings.read_only else audit_head(settings, store.address)
    trail = (LogTrail if settings.read_only else AuditTrail)(store, head, Metrics())
    secret = server_secret(ensure_home(settings.home), settings.secret.get_secret_value())
    subjects = [subject_hash(derived(secret, "audit subjects"), ref) for ref in dict.fromkeys(about)]

    def write(result: str) -> None:
        more = {"user": os_user(), **(detail or {})}
        try:
            trail.write_from_thread(AuditRecord(utc_now(), ACTOR, role, f"cli {operation}", subjects, result, more))
        except AuditUnavailable as exc:
            if not even_without:
                raise
            _tell(exc)

    try:
        write("begun")
        try:
            yield
        except BaseException as exc:
            write(describe_locally(exc).code)
            raise
        write("ok")
    finally:
        trail.close()


@contextmanager
def audited_in_home(
    settings: Settings, operation: str, role: str, *, detail: Mapping[str, object], takes_away: bool = False
) -> Iterator[None]:
    """Of a change to the home folder's files: in the chain of its store, where there is one. What takes rights away is done even where the chain
    takes nothing, and that is told: a stolen key must not stay good for want of disk."""
    with _store_of(settings, even_without=takes_away) as store:
        if store is None:
            yield
            return
        with audited(settings, store, operation, role, detail=detail, even_without=takes_away):
            yield


@contextmanager
def _store_of(settings: Settings, *, even_without: bool) -> Iterator[GraphStore | None]:
    try:
        store = open_store(settings.store_address, read_only=settings.read_only)
    except StoreMissing:
        yield None
        return
    except GuanxiError as exc:
        if not even_without:
            raise
        _tell(exc)
        yield None
        return
    try:
        yield store
    finally:
        store.close()


def _tell(error: GuanxiError) -> None:
    err.print(f"This is not in the audit chain [{error.code}]: {error.message}", style="yellow")


def os_user() -> str:
    """Of the process, whatever its environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

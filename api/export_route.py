"""GET /exports/{kind}/{id}: people as a file download, out of the gate, when its line is in the audit chain.

Kinds are in one table. The file is made as a whole in a worker thread, so that a refusal is an answer and never half a file, and then sent in pieces.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.access_audit import note_refusal
from api.audience_export import audience_export
from api.auth import bearer_principal
from api.bootstrap import Runtime
from api.exports import MEDIA_TYPES, Export, checked_form, to_nameless_file
from api.logs import log
from api.segment_export import segment_export
from graph_model.deadline import within
from graph_model.errors import Forbidden, InvalidRequest, NotFound
from graph_model.principal import Principal
from graph_model.services import audiences
from graph_model.services.segments import dictionary, members

ENTRY_COST = 5
_PIECE = 1 << 16  # bytes
_OPTIONS = frozenset({"format", "version", "channel", "captions"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One download. `version` is the newest and `channel` what is exported says itself, when None."""

    kind: str
    id: str
    form: str
    version: int | None
    channel: str | None
    named: bool


Exporter = Callable[[Runtime, Principal, Asked, datetime], Export]


def _audience(runtime: Runtime, principal: Principal, asked: Asked, now: datetime) -> Export:
    found = audiences.one(runtime.store, principal, asked.id)
    if asked.channel not in (None, found.channel):
        raise InvalidRequest(
            f"This audience was drawn for {found.channel}. Leave channel out.", code="audience.channel"
        )
    version = audiences.version(runtime.store, principal, found, asked.version)
    return audience_export(runtime.store, runtime.gate, principal, found, version, now=now)


def _segment(runtime: Runtime, principal: Principal, asked: Asked, now: datetime) -> Export:
    """`version` is the number of an edition."""
    found = dictionary.find(runtime.store, principal, asked.id)
    if asked.channel is None:
        raise InvalidRequest("Say the channel: a segment is of none.", code="segment.channel")
    edition = members.edition(runtime.store, found, asked.version)
    return segment_export(runtime.store, runtime.gate, principal, found, edition, asked.channel, now=now)


EXPORTERS: Mapping[str, Exporter] = {"audiences": _audience, "segments": _segment}


def export_router(runtime: Runtime) -> APIRouter:
    router = APIRouter()

    @router.get("/exports/{kind}/{id}")
    async def export(request: Request, kind: str, id: str) -> Response:
        now = runtime.clock()
        principal = bearer_principal(runtime, request, now=now)
        runtime.buckets.charge(principal.name, ENTRY_COST)
        asked = asked_for(kind, id, request.query_params)
        seconds = runtime.settings.export_seconds

        def made() -> tuple[Export, IO[bytes], int]:
            found = EXPORTERS[kind](runtime, principal, asked, now)
            runtime.buckets.charge(principal.name, min(found.most, runtime.settings.max_cost))
            file, size = to_nameless_file(
                runtime.store,
                principal,
                found,
                asked.form,
                named=asked.named,
                note=runtime.audit.write_from_thread,
                folder=runtime.settings.home,
            )
            return found, file, size

        try:
            with within(seconds):
                found, file, size = await runtime.exports.run(made, seconds=seconds + 1)
        except Forbidden as refusal:
            note_refusal(
                runtime, actor=principal.name, role=principal.role, operation="export", result=refusal.code, now=now
            )
            raise
        log.info("export", kind=kind, format=asked.form, actor=principal.name, role=principal.role.value, bytes=size)
        headers = {"content-disposition": _attachment(found.name, asked), "content-length": str(size)}
        return StreamingResponse(_pieces(file), headers=headers, media_type=MEDIA_TYPES[asked.form])

    return router


def asked_for(kind: str, id: str, options: Mapping[str, str]) -> Asked:
    """Raises NotFound for another kind, InvalidRequest for an option that isn't there or makes no sense."""
    if kind not in EXPORTERS:
        raise NotFound(f"What can be exported: {', '.join(EXPORTERS)}.", code="route.not_found")
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise InvalidRequest(f"Options are {', '.join(sorted(_OPTIONS))}.")
    version = options.get("version")
    if version is not None and not (version.isascii() and version.isdigit() and len(version) < 10):
        raise InvalidRequest("version is a number.")
    named = options.get("captions", "false")
    if named not in ("true", "false"):
        raise InvalidRequest("captions is true or false.")
    return Asked(
        kind=kind,
        id=id,
        form=checked_form(options.get("format", "csv")),
        version=None if version is None else int(version),
        channel=options.get("channel"),
        named=named == "true",
    )


def _attachment(name: str, asked: Asked) -> str:
    """The name that its maker gave it, and for old clients one in ASCII."""
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "-_" else "-" for c in f"{asked.kind}-{asked.id}")[:80]
    told = quote(f"{name}.{asked.form}", safe="")
    return f"attachment; filename=\"{plain}.{asked.form}\"; filename*=UTF-8''{told}"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece

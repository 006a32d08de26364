"""The one table of error codes: what each is to GraphQL (`extensions.code`), to HTTP and to the shell. Nothing unexpected leaks through it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLError

from graph_model.errors import GuanxiError, InvalidValue, StoreError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a code shows outside. `hint` says what to do next where the message doesn't; `open` that its words name nothing of the server, though no
    client is to blame."""

    http: int
    exit: int
    hint: str | None = None
    open: bool = False


INTERNAL = Outcome(500, 1, "Look into the server's log for the request id.")
USAGE = Outcome(400, 2)
REFUSED_VALUE = Outcome(422, 2)

CODES: dict[str, Outcome] = {
    "internal": INTERNAL,
    # what was asked
    "invalid_request": USAGE,
    "invalid_value": REFUSED_VALUE,
    "unknown_name": USAGE,
    "graphql.syntax": USAGE,
    "graphql.invalid": Outcome(400, 2, "Compare the query with api/schema.graphql."),
    "graphql.too_deep": USAGE,
    "graphql.too_many_aliases": USAGE,
    "graphql.too_long": USAGE,
    "graphql.too_costly": Outcome(400, 2, "Ask for fewer fields, shorter lists or smaller limits, or in parts."),
    "graphql.list_too_long": Outcome(400, 2, "Send it in parts."),
    "graphql.timeout": Outcome(504, 4, "Ask for less, or try again in a moment."),
    "rate.limited": Outcome(429, 4),
    "request.too_large": Outcome(413, 2),
    "request.media_type": Outcome(415, 2, "Send application/json."),
    "not_found": Outcome(404, 3),
    "not_known_then": Outcome(404, 3),
    "route.not_found": Outcome(404, 3, "Queries go to POST /graphql."),
    "route.method": Outcome(405, 2),
    "id.length": REFUSED_VALUE,
    "id.malformed": REFUSED_VALUE,
    "id.checksum": REFUSED_VALUE,
    "id.component": REFUSED_VALUE,
    "id.document_type": REFUSED_VALUE,
    "phone.malformed": REFUSED_VALUE,
    "phone.invalid": REFUSED_VALUE,
    "account.malformed": REFUSED_VALUE,
    "account.luhn": REFUSED_VALUE,
    "device.malformed": REFUSED_VALUE,
    "application.malformed": REFUSED_VALUE,
    "email.malformed": REFUSED_VALUE,
    "ip.malformed": REFUSED_VALUE,
    "social.malformed": REFUSED_VALUE,
    "text.empty": REFUSED_VALUE,
    "text.too_short": REFUSED_VALUE,
    "text.too_long": REFUSED_VALUE,
    "choice.unknown": REFUSED_VALUE,
    "number.malformed": REFUSED_VALUE,
    "number.too_small": REFUSED_VALUE,
    "number.too_large": REFUSED_VALUE,
    "number.out_of_range": REFUSED_VALUE,
    "flag.malformed": REFUSED_VALUE,
    "date.malformed": REFUSED_VALUE,
    "moment.malformed": REFUSED_VALUE,
    "moment.out_of_range": REFUSED_VALUE,
    "customer.birth_in_future": REFUSED_VALUE,
    "customer.birth_implausible": REFUSED_VALUE,
    "search.too_short": REFUSED_VALUE,
    "score.which": USAGE,
    "explanation.subject": USAGE,
    "scores.none": USAGE,
    "scores.too_many": USAGE,
    "cursor.invalid": USAGE,
    "search.too_long": REFUSED_VALUE,
    "reveal.reason": REFUSED_VALUE,
    "link.reason": REFUSED_VALUE,
    "link.evidence": REFUSED_VALUE,
    "link.expiry": REFUSED_VALUE,
    "link.self": REFUSED_VALUE,
    "link.ended": Outcome(409, 2),
    "application.invalid": REFUSED_VALUE,
    "idempotency.key": REFUSED_VALUE,
    "idempotency.conflict": Outcome(409, 2),
    "idempotency.in_progress": Outcome(409, 4, "Repeat it with the same key and input in a moment."),
    "job.running": Outcome(409, 4),
    "job.too_many": Outcome(409, 4),
    "job.subject": USAGE,
    "job.ended": Outcome(409, 2),
    "job.failed": Outcome(500, 1),
    "label.subject": REFUSED_VALUE,
    "label.known_at": REFUSED_VALUE,
    "label.note": REFUSED_VALUE,
    "text.personal": REFUSED_VALUE,
    "disposition.reason": REFUSED_VALUE,
    "blocklist.which": REFUSED_VALUE,
    "blocklist.reason": REFUSED_VALUE,
    "blocklist.expiry": REFUSED_VALUE,
    "blocklist.not_listed": Outcome(409, 2),
    "consent.none": USAGE,
    "consent.too_many": USAGE,
    "consent.at": REFUSED_VALUE,
    "consent.subject": REFUSED_VALUE,
    "circles.counting": Outcome(503, 4),
    "audience.name": REFUSED_VALUE,
    "audience.channel": REFUSED_VALUE,
    "audience.purpose": REFUSED_VALUE,
    "audience.reason": REFUSED_VALUE,
    "audience.recipe": REFUSED_VALUE,
    "audience.unscored": Outcome(409, 3),
    "audience.too_small": Outcome(409, 3),
    "audience.unlike": Outcome(409, 3),
    "audience.expired": Outcome(409, 2),
    "audience.withdrawn": Outcome(409, 2),
    "audience.busy": Outcome(409, 4),
    "webhook.receiver": USAGE,
    "webhook.delivered": Outcome(409, 2),
    "webhook.refused": Outcome(502, 4, open=True),
    "webhook.unreachable": Outcome(502, 4, open=True),
    # files that came in
    "ingest_failed": USAGE,
    "ingest_header": USAGE,
    "ingest_encoding": USAGE,
    "ingest_not_csv": USAGE,
    "ingest_missing_columns": USAGE,
    "ingest_mapping": USAGE,
    "ingest_unknown_kind": USAGE,
    "ingest_file_changed": USAGE,
    "ingest_nothing": Outcome(400, 3),
    "ingest_unreadable": Outcome(400, 3),
    "ingest_quarantine_failed": Outcome(500, 5),
    "settings.invalid": USAGE,
    "gate.policy": Outcome(500, 5),
    "score.nobody": USAGE,
    "scoring.unfinished": Outcome(409, 4),
    "scoring.lost": Outcome(409, 4),
    "doctor.problem": Outcome(500, 5),
    "doctor.unreachable": Outcome(502, 4),
    "restore.exists": Outcome(409, 2),
    "model_damaged": Outcome(500, 5),
    "models.unknown": Outcome(404, 3),
    "models.other_features": Outcome(409, 5),
    "models.champion": Outcome(409, 2),
    "models.no_earlier": Outcome(409, 2),
    "models.reason": REFUSED_VALUE,
    "train.config": USAGE,
    "train.too_little": Outcome(409, 3),
    "train.too_few_labels": Outcome(409, 3),
    "graph_file.invalid": USAGE,
    "graph_file.split": USAGE,
    "graph_file.other": USAGE,
    "train.no_torch": Outcome(409, 5),
    "train.contenders": USAGE,
    "evaluate.nothing": Outcome(409, 3),
    "drift.nothing": Outcome(409, 3),
    "drift.reference": Outcome(409, 5),
    "decision.policy": Outcome(500, 5),
    "store_older": Outcome(503, 5),
    # who asked
    "unauthenticated": Outcome(401, 6, "Log in again."),
    "login.failed": Outcome(401, 6),
    "login.throttled": Outcome(429, 6),
    "forbidden": Outcome(403, 6),
    "oidc.off": Outcome(404, 3),
    "oidc.return_to": USAGE,
    "oidc.challenge": USAGE,
    "oidc.state": Outcome(400, 6),
    "oidc.denied": Outcome(401, 6),
    "oidc.token": Outcome(401, 6),
    "oidc.code": Outcome(401, 6),
    "oidc.name": Outcome(403, 6),
    "oidc.role": Outcome(403, 6),
    "oidc.provider": Outcome(502, 4),
    "key.refused": Outcome(401, 6),
    "key.unknown": Outcome(404, 3),
    "key.exists": Outcome(409, 2),
    "key.name": REFUSED_VALUE,
    "key.scope": REFUSED_VALUE,
    "key.expires": REFUSED_VALUE,
    "keys.damaged": Outcome(500, 5),
    "user.exists": Outcome(409, 2),
    "user.unknown": Outcome(404, 3),
    "user.name": REFUSED_VALUE,
    "user.role": REFUSED_VALUE,
    "user.password": REFUSED_VALUE,
    "users.damaged": Outcome(500, 5),
    "tag.file": USAGE,
    "tag.code": REFUSED_VALUE,
    "tag.name": REFUSED_VALUE,
    "tag.syntax": REFUSED_VALUE,
    "tag.rule": REFUSED_VALUE,
    "tag.personal": REFUSED_VALUE,
    "tag.risk": REFUSED_VALUE,
    "tag.value_type": REFUSED_VALUE,
    "tag.fixed": REFUSED_VALUE,
    "tag.kind": REFUSED_VALUE,
    "tag.computation": REFUSED_VALUE,
    "tag.subject": REFUSED_VALUE,
    "tag.value": REFUSED_VALUE,
    "tag.values": Outcome(409, 2),
    "tag.base_date": REFUSED_VALUE,
    "tag.past": REFUSED_VALUE,
    "tag.exists": Outcome(409, 2),
    "tag.too_many": Outcome(409, 2),
    "tag.changed": Outcome(409, 4),
    "tag.in_use": Outcome(409, 2),
    "portrait.axes": USAGE,
    "portrait.same": REFUSED_VALUE,
    "portrait.type": REFUSED_VALUE,
    "portrait.too_many": REFUSED_VALUE,
    "portrait.not_computed": Outcome(409, 3),
    "portrait.too_few": Outcome(409, 3),
    "tag.failed": Outcome(500, 5, open=True),
    "tag.reads_failed": Outcome(409, 2),
    "tag.ended": Outcome(409, 2),
    "segment.code": REFUSED_VALUE,
    "segment.name": REFUSED_VALUE,
    "segment.which": USAGE,
    "segment.tree": REFUSED_VALUE,
    "segment.cases": REFUSED_VALUE,
    "segment.risk": REFUSED_VALUE,
    "segment.service": REFUSED_VALUE,
    "segment.channel": REFUSED_VALUE,
    "segment.order": USAGE,
    "segment.exists": Outcome(409, 2),
    "segment.too_many": Outcome(409, 2),
    "segment.in_use": Outcome(409, 2),
    "segment.changed": Outcome(409, 4),
    "segment.busy": Outcome(409, 4),
    "segment.expired": Outcome(409, 2),
    "segment.unscored": Outcome(409, 3),
    "segment.too_small": Outcome(409, 3),
    "segment.failed": Outcome(500, 5),
    # the store and the machine
    "store_failed": Outcome(500, 5),
    "store_missing": Outcome(503, 3),
    "store_locked": Outcome(503, 4),
    "store_loading": Outcome(503, 4),
    "store_newer": Outcome(503, 5),
    "store_read_only": Outcome(503, 5),
    "store_full": Outcome(507, 5),
    "store_corrupt": Outcome(503, 5),
    "store_unavailable": Outcome(503, 5),
    "store_timeout": Outcome(504, 4, "Ask for less, or try again in a moment."),
    "store_stuck": Outcome(503, 5),
    "copy.differs": Outcome(500, 5),
    "capability_missing": Outcome(501, 5),
    "audit.broken": Outcome(500, 5),
    "audit.cut": Outcome(500, 5),
    "audit.head": Outcome(500, 5),
    "audit.unavailable": Outcome(
        503, 5, "Nothing is answered that can't be written to the audit chain. Try again in a moment."
    ),
    "overloaded": Outcome(503, 4, "Try again in a moment."),
    "file.unusable": Outcome(500, 7),
    "disk.full": Outcome(507, 7),
    "port.in_use": Outcome(500, 7),
    "port.refused": Outcome(500, 7),
    "home.unusable": Outcome(500, 7),
    "demo.child": Outcome(500, 1),
    "serve.workers": Outcome(500, 1),
    "extra.missing": Outcome(500, 7),
}


@dataclass(frozen=True, slots=True)
class Described:
    """An exception as the outside may know it."""

    code: str
    message: str
    outcome: Outcome
    retry_after: int | None = None  # seconds
    fields: Sequence[Mapping[str, str]] = ()  # of a form: path, code and message of each that is wrong

    @property
    def extensions(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"code": self.code}
        if self.outcome.hint is not None:
            shown["hint"] = self.outcome.hint
        if self.retry_after is not None:
            shown["retryAfter"] = self.retry_after
        if len(self.fields) > 0:
            shown["fields"] = list(self.fields)
        return shown

    @property
    def headers(self) -> dict[str, str]:
        """What HTTP says of it beside the status."""
        if self.retry_after is not None:
            return {"Retry-After": str(self.retry_after)}
        return {"WWW-Authenticate": "Bearer"} if self.outcome.http == 401 else {}


def outcome_of(code: str, error: GuanxiError | None = None) -> Outcome:
    """A code's outcome; one that isn't listed goes by its kind: a refused value, or a failure."""
    if code in CODES:
        return CODES[code]
    if isinstance(error, InvalidValue):
        return REFUSED_VALUE
    for cls in type(error).__mro__ if error is not None else ():
        inherited = getattr(cls, "code", None)
        if inherited in CODES and inherited != "internal":
            return CODES[inherited]
    return Outcome(500, 1)


def describe(error: BaseException) -> Described:
    """For a client: expected errors keep their words, but those that are no fault of the client's (HTTP 500 and above, where they aren't `open`), which
    may name files and processes of the server, and anything unexpected. The words are for the log and the shell."""
    described = describe_locally(error)
    if not isinstance(error, GuanxiError) or described.outcome.http < 500 or described.outcome.open:
        return described
    who = "graph" if isinstance(error, StoreError) else "server"
    return replace(described, message=f"The {who} can't do this at the moment.")


def describe_locally(error: BaseException) -> Described:
    """For the person at the machine: expected errors keep their words."""
    if isinstance(error, GuanxiError):
        code = error.reason if isinstance(error, InvalidValue) else error.code
        retry_after, fields = getattr(error, "retry_after", None), getattr(error, "fields", ())
        return Described(code, error.message, outcome_of(code, error), retry_after, fields)
    return Described("internal", "Something went wrong here, not with your request.", INTERNAL)


def describe_graphql(error: GraphQLError) -> Described:
    """GraphQL's own complaints keep their words (they are about the query); what a resolver raised goes by `describe`."""
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        return describe(error.original_error)
    code = (error.extensions or {}).get("code")
    if code is not None:
        return Described(str(code), error.message, outcome_of(str(code)))
    code = _graphql_code(error)
    return Described(code, _without_values(error.message), outcome_of(code))


# Where GraphQL's own words repeat what was sent. From there to the end, as a value may hold any character.
_VALUES = (
    (re.compile(r" got invalid value .*", re.DOTALL), " got an invalid value."),
    (re.compile(r"( cannot represent [^:]*): .*", re.DOTALL), r"\1."),
    (re.compile(r",? but encountered error .*", re.DOTALL), "."),
    (re.compile(r"\? Found\b.*", re.DOTALL), "?"),
    (re.compile(r"[,;]? [Ff]ound\b.*", re.DOTALL), "."),
    (re.compile(r"^(Syntax Error: [^'\"]*?):? ['\"].*", re.DOTALL), r"\1."),
    (re.compile(r"^Value .* does not exist in ", re.DOTALL), "The value does not exist in "),
    (re.compile(r"\d{4,}"), "#"),
)


def _without_values(message: str) -> str:
    """A complaint about a query without the values in it: somebody's number is not repeated, not even to who sent it."""
    for pattern, instead in _VALUES:
        message = pattern.sub(instead, message)
    return message


def _graphql_code(error: GraphQLError) -> str:
    if not error.message.startswith("Syntax Error"):
        return "graphql.invalid"
    return "graphql.too_long" if "tokens" in error.message else "graphql.syntax"

"""An application as it was sent becomes the records that the same values in files become: it is laid out as rows of the files' kinds, and
ingest cleans, checks and assembles them. What is wrong is told all at once, by field, and no value is repeated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from itertools import zip_longest
from typing import Any

import polars as pl

from graph_model.errors import GuanxiError
from graph_model.records import EdgeRecord, GraphBatch, NodeRecord, NodeRef
from ingest.cleaning import Refusal
from ingest.layout import APPLICATIONS, CUSTOMERS, RELATIONS, FileKind
from ingest.rows import CleanRows, RowCleaner, assemble

MOST = 20  # entries of one list


@dataclass(frozen=True, slots=True)
class Applicant:
    """The person's document and attributes, as a row of the customers' file has them."""

    id_number: str
    name: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    id_expiry_date: str | None = None
    education: str | None = None
    marital_status: str | None = None
    mobile_carrier: str | None = None
    registered_at: str | None = None


@dataclass(frozen=True, slots=True)
class Kinded:
    """An address with its kind, or a bank account with its role."""

    kind: str  # the code of the schema
    text: str


@dataclass(frozen=True, slots=True)
class ApplicationForm:
    """All that an application can come with. Texts are as they were typed."""

    application_id: str
    customer: Applicant
    applied_at: str | None = None
    product: str | None = None
    channel: str | None = None
    amount: float | None = None
    term_months: int | None = None
    phones: Sequence[str] = ()
    devices: Sequence[str] = ()
    addresses: Sequence[Kinded] = ()
    bank_accounts: Sequence[Kinded] = ()
    employer: str | None = None
    email: str | None = None
    ip: str | None = None
    social_accounts: Sequence[str] = ()
    emergency_contacts: Sequence[str] = ()
    referrer: str | None = None
    guarantors: Sequence[str] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON would have it, for telling two forms apart."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field. `path` is the field's in the API's spelling; the message does not repeat the value."""

    path: str
    code: str
    message: str


class ApplicationInvalid(GuanxiError):
    """Fields that can't be taken; nothing was written."""

    code = "application.invalid"

    def __init__(self, wrong: Sequence[FieldError]) -> None:
        told = "; ".join(f"{error.path} ({error.code})" for error in wrong)
        super().__init__(f"The application can't be taken. Correct and send it again: {told}.")
        self.fields = [{"path": error.path, "code": error.code, "message": error.message} for error in wrong]


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one column of a row, and the field it came from."""

    text: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of one kind of file."""

    kind: FileKind
    rows: Sequence[Mapping[str, Cell]]


@dataclass(frozen=True, slots=True)
class CleanForm:
    """A form whose fields are all good."""

    application: NodeRef
    customer: NodeRef
    sheets: Sequence[tuple[FileKind, CleanRows]]

    def records(self, *, now: datetime, source: str) -> GraphBatch:
        """What ingest makes of the same rows in files, in one batch. `now` is their recorded_at."""
        nodes: list[NodeRecord] = []
        edges: list[EdgeRecord] = []
        for kind, rows in self.sheets:
            batch = assemble(kind, rows, now=now, source=source).batch
            nodes += batch.nodes
            edges += batch.edges
        return GraphBatch(nodes, edges)


def clean(form: ApplicationForm, *, now: datetime) -> CleanForm:
    """Raises ApplicationInvalid, which names every field that can't be taken."""
    wrong = list(_too_long(form))
    if len(wrong) > 0:
        raise ApplicationInvalid(wrong)
    cleaned: list[tuple[FileKind, CleanRows]] = []
    found: dict[tuple[str, str], FieldError] = {}
    for sheet in _sheets(form, now):
        if len(sheet.rows) == 0:
            continue
        rows = RowCleaner(sheet.kind, now).clean(_frame(sheet))
        for row, refusals in sorted(rows.refusals.items()):
            for column, refusal in refusals:
                path = _path_of(sheet.rows[row], column, refusal)
                found.setdefault((path, refusal.reason), FieldError(path, refusal.reason, refusal.message))
        cleaned.append((sheet.kind, rows))
    if len(found) > 0:
        raise ApplicationInvalid(list(found.values()))
    applications = {kind.name: rows for kind, rows in cleaned}[APPLICATIONS.name]
    return CleanForm(applications.of("application_id")[0].ref, applications.of("id_number")[0].ref, cleaned)


def _too_long(form: ApplicationForm) -> Iterator[FieldError]:
    for field in fields(form):
        value = getattr(form, field.name)
        if isinstance(value, tuple | list) and len(value) > MOST:
            yield FieldError(_camel(field.name), "application.too_many", f"A list has at most {MOST} entries.")


def _sheets(form: ApplicationForm, now: datetime) -> Iterator[Sheet]:
    """In the order in which files are loaded."""
    applied = Cell(form.applied_at or now.isoformat(), "appliedAt")
    person = Cell(form.customer.id_number, "customer.idNumber")
    yield Sheet(CUSTOMERS, _customer_rows(form, person, applied))
    yield Sheet(APPLICATIONS, _application_rows(form, person, applied))
    yield Sheet(RELATIONS, list(_relation_rows(form, person, applied)))


def _customer_rows(form: ApplicationForm, person: Cell, applied: Cell) -> list[dict[str, Cell]]:
    """None where nothing is told of the person but the document."""
    told = {
        name: Cell(getattr(form.customer, name), f"customer.{_camel(name)}")
        for name in (field.name for field in fields(Applicant))
        if name not in ("id_number", "registered_at")
    }
    lists = {
        "email": [Cell(form.email, "email")],
        "employer": [Cell(form.employer, "employer")],
        "home_address": _of_kind(form.addresses, "home", "addresses", "text"),
        "work_address": _of_kind(form.addresses, "work", "addresses", "text"),
        "bank_account": _of_kind(form.bank_accounts, "pay_in", "bankAccounts", "number"),
        "social_account": _listed(form.social_accounts, "socialAccounts"),
    }
    if not any(cell.text for cell in (*told.values(), *(cell for cells in lists.values() for cell in cells))):
        return []
    registered = form.customer.registered_at
    since = applied if not registered else Cell(registered, "customer.registeredAt")
    return _spread({"id_number": person, "registered_at": since, **told}, lists)


def _application_rows(form: ApplicationForm, person: Cell, applied: Cell) -> list[dict[str, Cell]]:
    base = {
        "application_id": Cell(form.application_id, "applicationId"),
        "id_number": person,
        "applied_at": applied,
        "product": Cell(form.product, "product"),
        "channel": Cell(form.channel, "channel"),
        "amount": Cell(None if form.amount is None else str(form.amount), "amount"),
        "term_months": Cell(None if form.term_months is None else str(form.term_months), "termMonths"),
    }
    lists = {
        "phone": _listed(form.phones, "phones"),
        "device_id": _listed(form.devices, "devices"),
        "ip": [Cell(form.ip, "ip")],
        "delivery_address": _of_kind(form.addresses, "delivery", "addresses", "text"),
        "payout_account": _of_kind(form.bank_accounts, "pay_out", "bankAccounts", "number"),
    }
    return _spread(base, lists)


def _relation_rows(form: ApplicationForm, person: Cell, applied: Cell) -> Iterator[dict[str, Cell]]:
    """The applicant names contacts; who refers or vouches names the applicant."""
    for contact in _listed(form.emergency_contacts, "emergencyContacts"):
        yield _relation(person, "EMERGENCY_CONTACT", contact, applied, told_of=contact.path)
    for relation, others in (
        ("REFERRED", [Cell(form.referrer, "referrer")] if (form.referrer or "").strip() else []),
        ("GUARANTEES", _listed(form.guarantors, "guarantors")),
    ):
        for other in others:
            yield _relation(other, relation, person, applied, told_of=other.path)


def _relation(start: Cell, relation: str, target: Cell, at: Cell, *, told_of: str) -> dict[str, Cell]:
    """`told_of` is the field that made the row."""
    return {"id_number": start, "relation": Cell(relation, told_of), "target": target, "at": at}


def _path_of(row: Mapping[str, Cell], column: str, refusal: Refusal) -> str:
    """A tie to oneself is told of the field that asked for it, not of the applicant."""
    return row["relation" if refusal.reason == "relation.self" else column].path


def _spread(base: Mapping[str, Cell], lists: Mapping[str, Sequence[Cell]]) -> list[dict[str, Cell]]:
    """As many rows as the longest list has entries (one of a single field always has one); every row has the base."""
    return [
        {**base, **{column: cell for column, cell in zip(lists, row, strict=True) if cell is not None}}
        for row in zip_longest(*lists.values())
    ]


def _listed(texts: Sequence[str], path: str) -> list[Cell]:
    """Empty entries say nothing, like empty fields of a file."""
    return [Cell(text, f"{path}[{place}]") for place, text in enumerate(texts) if text.strip()]


def _of_kind(entries: Sequence[Kinded], kind: str, path: str, field: str) -> list[Cell]:
    return [Cell(one.text, f"{path}[{place}].{field}") for place, one in enumerate(entries) if one.kind == kind]


def _frame(sheet: Sheet) -> pl.DataFrame:
    columns = [column.name for column in sheet.kind.columns if any(column.name in row for row in sheet.rows)]
    empty = Cell(None, "")
    return pl.DataFrame(
        {name: [row.get(name, empty).text for row in sheet.rows] for name in columns},
        schema=dict.fromkeys(columns, pl.String),
    )


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)

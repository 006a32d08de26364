"""The file layout, declared: seven kinds of file, their columns, and what each column becomes in the graph.

Types, personal-data flags, ends and qualifiers come from `SCHEMA`; `docs/data-layout.md` is held true to this module by a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graph_model.schema import SCHEMA, PropertyType
from graph_model.schema.property_types import Choice, Moment, Text

MAX_SOURCE_LENGTH = 64
_MOMENT = Moment()


@dataclass(frozen=True, slots=True)
class Link:
    """A relationship that a filled column makes between two nodes of its row. Ends are labels; one of them is the column's own node."""

    type: str
    start: str
    end: str
    qualifier: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. It sets a property of the row's node, names a node of its own and links it, or says when and by whom."""

    name: str
    type: PropertyType
    key: bool = False  # makes the row
    required: bool = False
    personal: bool = False
    sets: str | None = None  # a property of the row's node
    node: str | None = None  # label of the node that the value is the key of
    text: str | None = None  # the property of that node which keeps the value as it was written
    links: tuple[Link, ...] = ()

    @property
    def needed(self) -> bool:
        """A row without it can't be loaded."""
        return self.key or self.required


@dataclass(frozen=True, slots=True)
class NodeRows:
    """Rows that describe a node; `key` is the column with its natural key."""

    label: str
    key: str


@dataclass(frozen=True, slots=True)
class RelationRows:
    """Rows that state one relationship: from the customer in `start`, of the type in `relation`, to the node in `target`."""

    start: str
    relation: str
    target: str


@dataclass(frozen=True, slots=True)
class FactRows:
    """Rows that state one fact of the schema about the node of type `label` in the column `about`."""

    fact: str
    label: str
    about: str
    value: str
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file. `moment` is the column that says when what the row tells of happened."""

    name: str
    rows: NodeRows | RelationRows | FactRows
    moment: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        for column in self.columns:
            for link in column.links:
                relationship = SCHEMA.relationship(link.type)
                if (link.start, link.end) not in relationship.ends or column.node not in (link.start, link.end):
                    raise ValueError(
                        f"{self.name}.{column.name}: {link.type} does not join {link.start} and {link.end}."
                    )
                if link.qualifier and (
                    relationship.qualifier is None or not _is_code(relationship.qualifier.type, link.qualifier)
                ):
                    raise ValueError(f"{self.name}.{column.name}: {link.type} has no {link.qualifier}.")

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @property
    def needed(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.needed)


def _is_code(declared: PropertyType, code: str) -> bool:
    return isinstance(declared, Choice) and code in declared.codes()


def _property(label: str, name: str, *, required: bool = False) -> Column:
    declared = SCHEMA.node(label).declared(name)
    return Column(name, declared.type, required=required, personal=declared.personal, sets=name)


def _key(label: str, name: str) -> Column:
    declared = SCHEMA.node(label).key
    return Column(name, declared.type, key=True, personal=declared.personal, node=label)


def _names(name: str, label: str, *links: Link, required: bool = False) -> Column:
    """A column whose value is the key of a node; a shared identifier with a title keeps the text as written there."""
    node = SCHEMA.node(label)
    text = node.title if node.identifier else None
    return Column(
        name, node.key.type, required=required, personal=node.key.personal, node=label, text=text, links=links
    )


def _identifier(name: str, label: str, relationship: str, *starts: str, qualifier: str = "") -> Column:
    return _names(name, label, *(Link(relationship, start, label, qualifier) for start in starts))


def _event(name: str) -> Column:
    return Column(name, _MOMENT, required=True)


SOURCE = "source"
RECORDED_AT = "recorded_at"
_PROVENANCE = (Column(SOURCE, Text(max_length=MAX_SOURCE_LENGTH)), Column(RECORDED_AT, _MOMENT))

# Person to person and person to phone. A row names the type; the type says what the target is.
RELATION_TYPES = ("REFERRED", "GUARANTEES", "EMERGENCY_CONTACT")
TARGET_LABELS: Mapping[str, str] = {name: SCHEMA.relationship(name).ends[0][1] for name in RELATION_TYPES}
_RELATION = Choice(
    tuple((name, SCHEMA.relationship(name).caption.zh, SCHEMA.relationship(name).caption.en) for name in RELATION_TYPES)
)


def _facts(kind: str, fact: str, *, about: str, value: str, moment: str, topic: str | None = None) -> FileKind:
    declared = SCHEMA.fact(fact)
    (label,) = declared.about  # what a file states is about one type of node
    columns = [_key(label, about)]
    if topic is not None and declared.topic is not None:
        columns.append(Column(topic, declared.topic, required=True))
    columns += [Column(value, declared.value, required=True), _event(moment), *_PROVENANCE]
    return FileKind(kind, FactRows(fact, label, about, value, topic), moment, tuple(columns))


CUSTOMERS = FileKind(
    "customers",
    NodeRows("Customer", "id_number"),
    "registered_at",
    (
        _key("Customer", "id_number"),
        _property("Customer", "name"),
        _property("Customer", "sex"),
        _property("Customer", "birth_date"),
        _property("Customer", "id_expiry_date"),
        _property("Customer", "education"),
        _property("Customer", "marital_status"),
        _property("Customer", "mobile_carrier"),
        _identifier("phone", "Phone", "USES_PHONE", "Customer"),
        _identifier("device_id", "Device", "USES_DEVICE", "Customer"),
        _identifier("ip", "IpAddress", "USES_IP", "Customer"),
        _identifier("email", "Email", "HAS_EMAIL", "Customer"),
        _identifier("home_address", "Address", "HAS_ADDRESS", "Customer", qualifier="home"),
        _identifier("work_address", "Address", "HAS_ADDRESS", "Customer", qualifier="work"),
        _identifier("employer", "Employer", "WORKS_AT", "Customer"),
        _identifier("bank_account", "BankAccount", "HAS_ACCOUNT", "Customer", qualifier="pay_in"),
        _identifier("social_account", "SocialAccount", "HAS_SOCIAL", "Customer"),
        _event("registered_at"),
        *_PROVENANCE,
    ),
)

APPLICATIONS = FileKind(
    "applications",
    NodeRows("Application", "application_id"),
    "applied_at",
    (
        _key("Application", "application_id"),
        _names("id_number", "Customer", Link("APPLIED", "Customer", "Application"), required=True),
        _property("Application", "product"),
        _property("Application", "channel"),
        _property("Application", "amount"),
        _property("Application", "term_months"),
        _property("Application", "applied_at", required=True),
        _property("Application", "outcome"),
        _identifier("phone", "Phone", "USES_PHONE", "Customer", "Application"),
        _identifier("device_id", "Device", "USES_DEVICE", "Customer", "Application"),
        _identifier("ip", "IpAddress", "USES_IP", "Application"),
        _identifier("delivery_address", "Address", "HAS_ADDRESS", "Application", qualifier="delivery"),
        _identifier("payout_account", "BankAccount", "HAS_ACCOUNT", "Customer", "Application", qualifier="pay_out"),
        *_PROVENANCE,
    ),
)

RELATIONS = FileKind(
    "relations",
    RelationRows("id_number", "relation", "target"),
    "at",
    (
        _names("id_number", "Customer", required=True),
        Column("relation", _RELATION, key=True),
        Column("target", Text(), required=True, personal=True),
        _event("at"),
        *_PROVENANCE,
    ),
)

STATUSES = _facts("statuses", "status", about="application_id", value="status", moment="at")
LABELS = _facts("labels", "label", about="application_id", value="label", moment="known_at")
CONSENTS = _facts("consents", "consent", about="id_number", value="granted", moment="at", topic="channel")
CONTACTS = _facts("contacts", "contact", about="id_number", value="result", moment="at", topic="channel")

# In the order in which files are loaded: what others refer to comes first.
KINDS: Mapping[str, FileKind] = {
    kind.name: kind for kind in (CUSTOMERS, APPLICATIONS, RELATIONS, STATUSES, LABELS, CONSENTS, CONTACTS)
}


def becomes(kind: FileKind, column: Column) -> str:
    """What a column becomes, in the words of `docs/data-layout.md`."""
    rows = kind.rows
    own = rows.label if isinstance(rows, NodeRows) else None
    parts = [column.node] if column.node is not None else []
    if column.sets is not None:
        parts.append(f"{own}.{column.sets}")
    if column.text is not None:
        parts.append(f"{column.node}.{column.text}")
    parts += [_link_in_words(column, link) for link in column.links]
    if column.name == kind.moment:
        parts.append("when it happened" if isinstance(rows, FactRows) else "first_seen of all that the row makes")
    match rows:
        case RelationRows(relation=column.name):
            parts.append("type of the relationship")
        case RelationRows(target=column.name):
            parts.append(" or ".join(dict.fromkeys(TARGET_LABELS.values())))
        case FactRows(value=column.name):
            parts.append(f"value of the {rows.fact}")
        case FactRows(topic=column.name):
            parts.append(f"topic of the {rows.fact}")
    return "; ".join(parts)


def _link_in_words(column: Column, link: Link) -> str:
    qualifier = SCHEMA.relationship(link.type).qualifier
    kind = f" {{{qualifier.name}: {link.qualifier}}}" if qualifier is not None and link.qualifier else ""
    return f"{link.start} {link.type}{kind}{'' if link.end == column.node else f' {link.end}'}"

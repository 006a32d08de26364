"""What the declaration derives is pinned: how each property is masked and captioned, the legend, the canvas, a model's channels.

A change of the schema shows here as a difference to read. To accept it: python -m tests.schema.test_derivations
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

from gnn.arrays.channels import CHANNELS
from graph_model.principal import Principal, Role
from graph_model.records import Node
from graph_model.schema import SCHEMA
from graph_model.services.legend import GRADES
from graph_model.services.masking import attributes, caption

GOLDEN = Path(__file__).parent / "golden_derivations.txt"
MOMENT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# One made-up node of each type, as a store would give it. A new property fails the test until it has a value here.
SAMPLES = {
    "Customer": (
        "11010519491231002X",
        {
            "name": "张三丰",
            "sex": "male",
            "birth_date": date(1949, 12, 31),
            "id_expiry_date": date(9999, 12, 31),
            "education": "bachelor",
            "marital_status": "married",
            "mobile_carrier": "carrier one",
        },
    ),
    "Phone": ("+8613800138000", {"invalid": False}),
    "Device": ("a1b2c3d4e5f60718", {}),
    "Address": ("广东省深圳市南山区科技路1号", {"text": "广东省深圳市南山区科技路1号"}),
    "BankAccount": ("6222020000000000008", {}),
    "Application": (
        "APP-2026-000001",
        {
            "product": "cash loan",
            "channel": "app",
            "amount": 12000.5,
            "term_months": 12,
            "applied_at": MOMENT,
            "outcome": "approved",
        },
    ),
    "Employer": ("深圳市某某科技有限公司", {"name": "深圳市某某科技有限公司"}),
    "IpAddress": ("203.0.113.7", {}),
    "SocialAccount": ("wechat:someone_2026", {}),
    "Email": ("someone@example.com", {}),
}


def derived() -> Iterator[str]:
    """One line per fact that follows from the declaration."""
    for node_type in SCHEMA.nodes:
        key, properties = SAMPLES[node_type.label]
        assert set(properties) == {declared.name for declared in node_type.properties}, node_type.label
        node = Node("node", node_type.label, key, MOMENT, MOMENT, MOMENT, "test", properties)
        shape = f"{node_type.shape} {node_type.icon}{' identifier' if node_type.identifier else ''}"
        yield f"{node_type.label} | {node_type.caption.zh} | {node_type.caption.en} | {shape}"
        for seen_by, roles in _alike(lambda role, node=node: caption(node, Principal("x", role))):
            yield f"  caption [{roles}] {seen_by}"
        for position, declared in enumerate((node_type.key, *node_type.properties)):
            traits = [t for t in ("personal", "indexed", "searchable", "feature") if getattr(declared, t)]
            words = f"{declared.caption.zh} / {declared.caption.en}"
            yield f"  {declared.name} | {declared.type.name} | {words} | {' '.join(traits) or '-'}"
            for shown, roles in _alike(lambda role, node=node, position=position: _shown(node, role, position)):
                yield f"    [{roles}] {shown}"
    for relationship in SCHEMA.relationships:
        own = [p.name for p in relationship.properties]
        qualifier = "" if relationship.qualifier is None else relationship.qualifier.name
        ends = "any" if len(relationship.ends) > 2 else ", ".join(f"{a}>{b}" for a, b in relationship.ends)
        yield f"{relationship.name} | {relationship.caption.zh} | {ends} | {qualifier or '-'} | {' '.join(own) or '-'}"
    for fact in SCHEMA.facts:
        about = "any" if len(fact.about) == len(SCHEMA.labels) else " ".join(fact.about)
        yield f"fact {fact.name} | {fact.caption.zh} | {about}"
    for style in GRADES:
        yield f"grade {style.grade} | {style.colour} | {style.caption.zh} | {style.caption.en}"
    for code, channel in enumerate(CHANNELS):
        yield f"channel {code} {channel.name} > {channel.head}{' everyday' if channel.everyday else ''}"


def _alike(view) -> Iterator[tuple[str, str]]:
    """What is shown, and to which roles: a line for all who see the same."""
    seen: dict[str, list[str]] = {}
    for role in Role:
        seen.setdefault(view(role), []).append(role.value)
    for shown, roles in seen.items():
        yield shown, "every role" if len(roles) == len(Role) else " ".join(roles)


def _shown(node: Node, role: Role, position: int) -> str:
    view = attributes(node, Principal("x", role))[position]
    assert view.display is not None
    shown = f"{view.value} | {view.display.zh} | {view.display.en}"
    return f"masked {shown}" if view.masked else shown


def test_what_is_derived_is_what_was_agreed() -> None:
    assert list(derived()) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_a_personal_value_is_masked_for_every_role() -> None:
    personal = {name for node in SCHEMA.nodes for p in (node.key, *node.properties) if p.personal for name in [p.name]}
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    for line, following in pairwise(lines):
        if line.startswith("  ") and line.split(" | ")[0].strip() in personal and "personal" in line:
            assert following.startswith("    [every role] masked "), line


if __name__ == "__main__":
    GOLDEN.write_text("".join(f"{line}\n" for line in derived()), encoding="utf-8")

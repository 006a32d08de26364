"""Masking: a node's properties as one principal may see them. The only way by which a property value leaves the store for a screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from graph_model.principal import Principal, Right
from graph_model.records import Node
from graph_model.schema import SCHEMA, Caption, Property, Value
from graph_model.schema.property_types import LONG_TERM, Flag

HIDDEN = "***"  # a mask that says nothing


@dataclass(frozen=True, slots=True)
class AttributeView:
    """One declared property of a node. `value` is canonical, `display` is for people; both are masked together."""

    name: str
    caption: Caption
    value: str | None
    display: Caption | None
    masked: bool
    personal: bool


def is_masked(declared: Property, principal: Principal) -> bool:
    return declared.personal and not principal.may(Right.SEE_PERSONAL)


def canonical(value: Value) -> str:
    """A value as text that every client reads the same: ISO dates and moments, plain numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def display(declared: Property, value: Value) -> Caption:
    """A value in the words of each language."""
    for code, zh, en in declared.type.named:
        if code == value:
            return Caption(zh, en)
    match declared.type:
        case Flag():
            return Caption("是", "yes") if value else Caption("否", "no")
        case _ if value == LONG_TERM:
            return Caption("长期", "long-term")
    text = declared.type.caption(value)
    return Caption(text, text)


def attributes(node: Node, principal: Principal) -> Sequence[AttributeView]:
    """Every declared property in schema order, the key first; those the node lacks have no value."""
    node_type = SCHEMA.node(node.label)
    values = {node_type.key.name: node.key, **node.properties}
    return tuple(
        _attribute(declared, values.get(declared.name), principal)
        for declared in (node_type.key, *node_type.properties)
    )


def _attribute(declared: Property, value: Value | None, principal: Principal) -> AttributeView:
    masked = value is not None and is_masked(declared, principal)
    if value is None:
        text, shown = None, None
    elif masked:
        text = declared.type.mask(value)
        shown = Caption(text, text)
    else:
        text, shown = canonical(value), display(declared, value)
    return AttributeView(declared.name, declared.caption, text, shown, masked, declared.personal)


def caption(node: Node, principal: Principal) -> str:
    """The short text under a node: its title, or its key where the title is missing or its mask says nothing."""
    node_type = SCHEMA.node(node.label)
    title = node_type.declared(node_type.title) if node_type.title is not None else node_type.key
    value = node.properties.get(title.name)
    if title is not node_type.key and value is not None:
        text = title.type.mask(value) if is_masked(title, principal) else title.type.caption(value)
        if text != HIDDEN:
            return text
    masked = is_masked(node_type.key, principal)
    return node_type.key.type.mask(node.key) if masked else node_type.key.type.caption(node.key)

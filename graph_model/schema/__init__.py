"""What is in the graph, declared once: node types, relationship types, properties. Everything else is derived from `SCHEMA`."""

from graph_model.schema.declaration import (
    Caption,
    FactKind,
    NodeType,
    Property,
    RelationshipType,
    Schema,
    StorageKind,
)
from graph_model.schema.guanxi import SCHEMA
from graph_model.schema.property_types import PropertyType, Value

__all__ = [
    "SCHEMA",
    "Caption",
    "FactKind",
    "NodeType",
    "Property",
    "PropertyType",
    "RelationshipType",
    "Schema",
    "StorageKind",
    "Value",
]

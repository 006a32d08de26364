"""The words in which a schema is declared. Frozen; knows nothing of any store, file or API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from graph_model.errors import UnknownName
from graph_model.schema.property_types import PropertyType, StorageKind

__all__ = ["Caption", "FactKind", "NodeType", "Property", "RelationshipType", "Schema", "StorageKind"]


@dataclass(frozen=True, slots=True)
class Caption:
    """One label in each language of the product."""

    zh: str
    en: str

    def text(self, language: str) -> str:
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a node or relationship."""

    name: str
    type: PropertyType
    caption: Caption
    personal: bool = False  # personal data: masked unless the principal may see it
    indexed: bool = False  # exact and range look-ups by predicates are quick
    searchable: bool = False  # found by full-text search, two characters and prefixes included
    feature: bool = False  # known when the node is first seen, so a model may read it without leaking the future


@dataclass(frozen=True, slots=True)
class NodeType:
    """A kind of node. `key` names the property that identifies it; `shape` and `icon` are what the canvas draws."""

    label: str
    caption: Caption
    key: Property
    properties: tuple[Property, ...]  # without the key
    shape: str
    icon: str
    identifier: bool = False  # a shared identifier: something that several customers may have in common
    title: str | None = None  # the property shown as its caption on the canvas; the key when None

    def declared(self, name: str) -> Property:
        if name == self.key.name:
            return self.key
        for candidate in self.properties:
            if candidate.name == name:
                return candidate
        raise UnknownName(f"{self.label} has no property {name}.")

    @property
    def searchable(self) -> tuple[Property, ...]:
        return tuple(p for p in (self.key, *self.properties) if p.searchable)


@dataclass(frozen=True, slots=True)
class RelationshipType:
    """A kind of relationship between given node types. `qualifier`, where set, is part of its identity:
    a HAS_ADDRESS of kind home and one of kind work are two."""

    name: str
    caption: Caption
    ends: tuple[tuple[str, str], ...]  # allowed (start label, end label)
    qualifier: Property | None = None
    properties: tuple[Property, ...] = ()
    human: bool = False  # drawn by an investigator, never a model's input unless approved


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of dated, append-only statement about a node: a status, a label, a consent."""

    name: str
    caption: Caption
    about: tuple[str, ...]  # node labels
    value: PropertyType
    topic: PropertyType | None = None  # what within the kind it speaks of (the channel of a consent)


@dataclass(frozen=True)
class Schema:
    """Everything declared; looked up by name."""

    version: int
    nodes: tuple[NodeType, ...]
    relationships: tuple[RelationshipType, ...]
    facts: tuple[FactKind, ...]
    _nodes: Mapping[str, NodeType] = field(init=False, repr=False)
    _relationships: Mapping[str, RelationshipType] = field(init=False, repr=False)
    _facts: Mapping[str, FactKind] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_nodes", {n.label: n for n in self.nodes})
        object.__setattr__(self, "_relationships", {r.name: r for r in self.relationships})
        object.__setattr__(self, "_facts", {f.name: f for f in self.facts})
        for relationship in self.relationships:
            for start, end in relationship.ends:
                self.node(start), self.node(end)
        for fact in self.facts:
            for label in fact.about:
                self.node(label)

    def node(self, label: str) -> NodeType:
        try:
            return self._nodes[label]
        except KeyError as exc:
            raise UnknownName(f"There is no node type {label}. There are: {', '.join(self._nodes)}.") from exc

    def relationship(self, name: str) -> RelationshipType:
        try:
            return self._relationships[name]
        except KeyError as exc:
            raise UnknownName(
                f"There is no relationship type {name}. There are: {', '.join(self._relationships)}."
            ) from exc

    def fact(self, name: str) -> FactKind:
        try:
            return self._facts[name]
        except KeyError as exc:
            raise UnknownName(f"There is no kind of fact {name}. There are: {', '.join(self._facts)}.") from exc

    @cached_property
    def labels(self) -> tuple[str, ...]:
        return tuple(n.label for n in self.nodes)

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """Labels of the shared identifiers."""
        return tuple(n.label for n in self.nodes if n.identifier)

    @cached_property
    def triples(self) -> tuple[tuple[str, str, str], ...]:
        """Every (start label, relationship name, end label), the edge types of a heterogeneous graph."""
        return tuple((start, r.name, end) for r in self.relationships for start, end in r.ends)

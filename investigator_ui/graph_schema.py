"""The API's own description of the graph: captions, shapes, icons and colours. The canvas, the legend and the table are drawn from it."""

from pydantic.dataclasses import dataclass

from investigator_ui.contract import ANSWER, Grade


@dataclass(frozen=True, slots=True, config=ANSWER)
class NodeTypeView:
    label: str
    caption_zh: str
    caption_en: str
    shape: str
    icon: str
    identifier: bool


@dataclass(frozen=True, slots=True, config=ANSWER)
class RelationshipTypeView:
    name: str
    caption_zh: str
    caption_en: str
    human: bool


@dataclass(frozen=True, slots=True, config=ANSWER)
class GradeView:
    grade: Grade
    colour: str
    caption_zh: str
    caption_en: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class ValueView:
    type: str
    property: str
    value: str
    caption_zh: str
    caption_en: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class GraphSchema:
    version: int
    node_types: tuple[NodeTypeView, ...]
    relationship_types: tuple[RelationshipTypeView, ...]
    grades: tuple[GradeView, ...]
    values: tuple[ValueView, ...] = ()

    def node_type(self, label: str) -> NodeTypeView:
        for candidate in self.node_types:
            if candidate.label == label:
                return candidate
        return NodeTypeView(label, label, label, "ellipse", "node", False)

    def listable(self) -> list[str]:
        """Types of what can be on the blocklist: people, and the identifiers they use."""
        return [view.label for view in self.node_types if view.identifier or view.label == "Customer"]

    def relationship_type(self, name: str) -> RelationshipTypeView:
        for candidate in self.relationship_types:
            if candidate.name == name:
                return candidate
        return RelationshipTypeView(name, name, name, False)

    def relationship_captions(self) -> dict[str, tuple[str, str]]:
        return {view.name: (view.caption_zh, view.caption_en) for view in self.relationship_types}

    def values_of(self, label: str, name: str) -> dict[str, ValueView]:
        """The values of a property that have words."""
        return {view.value: view for view in self.values if (view.type, view.property) == (label, name)}

    def human_type(self) -> RelationshipTypeView:
        """The relationship that investigators draw."""
        for candidate in self.relationship_types:
            if candidate.human:
                return candidate
        return RelationshipTypeView("HUMAN_LINK", "HUMAN_LINK", "HUMAN_LINK", True)

"""GraphQL types that tell a client what there is: the schema's captions, shapes and colours, who is asking, and the store's size."""

from datetime import datetime

import strawberry

from api.graphql.enums import Grade


@strawberry.type
class NodeTypeView:
    label: str
    caption_zh: str
    caption_en: str
    shape: str
    icon: str
    identifier: bool = strawberry.field(description="A shared identifier: several customers may have it in common.")


@strawberry.type
class RelationshipTypeView:
    name: str
    caption_zh: str
    caption_en: str
    human: bool


@strawberry.type
class GradeView:
    grade: Grade
    colour: str
    caption_zh: str
    caption_en: str


@strawberry.type(description="The words for one value of a property. A value without any is shown as it is.")
class ValueView:
    type: str
    property: str
    value: str
    caption_zh: str
    caption_en: str


@strawberry.type(description="Types, captions, shapes and colours, for the legend and the table.")
class GraphSchema:
    version: int
    node_types: list[NodeTypeView]
    relationship_types: list[RelationshipTypeView]
    grades: list[GradeView]
    values: list[ValueView]


@strawberry.type(description="Who asks, and what the role may do.")
class Me:
    name: str
    role: str
    rights: list[str]


@strawberry.type(description="Size and age of the store, and the versions at work.")
class Status:
    customers: int
    nodes: int
    edges: int
    changed_at: datetime | None
    model_version: str
    version: str


@strawberry.type(description="One personal value in clear, to be hidden again at `expiresAt`.")
class Revealed:
    node_id: strawberry.ID
    property: str
    value: str
    expires_at: datetime

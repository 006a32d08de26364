"""GraphQL enums. Import `Grade` from here in GraphQL types, so that it is registered before any of them."""

from enum import Enum

import strawberry

from graph_model.records import Grade

__all__ = ["Grade", "GraphNodeKind", "Language"]

strawberry.enum(Grade, description="评级: A is the lowest risk, D the highest.")


@strawberry.enum
class GraphNodeKind(Enum):
    """NODE stands for itself, COMMUNITY for `size` nodes."""

    NODE = "node"
    COMMUNITY = "community"


@strawberry.enum
class Language(Enum):
    ZH = "zh"
    EN = "en"

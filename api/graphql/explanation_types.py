"""GraphQL types of an explanation: the ties that a score rests on, and the graph that they make."""

from datetime import datetime
from typing import TYPE_CHECKING

import strawberry

from api.graphql.canvas_types import RelationGraph
from api.graphql.context import Info
from api.graphql.declare import resolver
from graph_model.records import AsOf, Subgraph
from graph_model.services.relation_graph import drawn

if TYPE_CHECKING:
    from gnn.explanation import explanation


@strawberry.type(
    description="A customer's use of an identifier, or what ties them to another customer, by whatever relationships of theirs or of their applications."
)
class ExplainedTie:
    customer_id: strawberry.ID
    identifier_id: strawberry.ID
    others: int = strawberry.field(
        description="How many relationships make the tie besides the one that `graph` shows: the customer's own, else that of the latest application."
    )
    drop: float = strawberry.field(
        description="Its part in the fall of the score where all the ties go; below zero where the score would rise without it."
    )


@strawberry.type(
    description="What a score rests on: the few ties around it that carry it. Rings stay as they were found. Where own fraud is confirmed the "
    "score is the policy's, and what is explained is `estimate`, what the model says without that."
)
class Explanation:
    subject_id: strawberry.ID
    customer_id: strawberry.ID = strawberry.field(description="Whose ties they are: the subject, or who made it.")
    application_id: strawberry.ID = strawberry.field(description="By which the subject is asked about.")
    score: float
    estimate: float
    estimate_without: float = strawberry.field(description="The estimate where these ties are gone.")
    estimate_with_only: float = strawberry.field(
        description="The estimate where of all ties around only these are left."
    )
    ties: list[ExplainedTie] = strawberry.field(description="At most 12, the weightiest first.")
    source: str
    model_version: str
    as_of: datetime = strawberry.field(description="The moment that the explained score speaks of.")
    degraded: bool
    degraded_because: list[str] = strawberry.field(
        description="Why the score is less than it could be: rules_only, model_damaged, no_ring_snapshot, ring_snapshot_old, "
        "hub_truncated, ego_truncated."
    )
    found: strawberry.Private["explanation.Explanation"]

    @resolver("The ties as a canvas shows them: their relationships, and who made the applications among them.")
    def graph(self, info: Info) -> RelationGraph:
        context, moment = info.context, AsOf.at(self.as_of)
        whole = context.store.induced(self.found.node_ids, as_of=moment)
        relations = (*(tie.relation for tie in self.found.ties), *self.found.made)
        shown = {(each.type, each.start, each.end) for each in relations}
        part = Subgraph(whole.nodes, [edge for edge in whole.edges if (edge.type, edge.start, edge.end) in shown])
        return RelationGraph.of(
            drawn(context.store, context.principal, self.subject_id, part, as_of=moment, now=context.now)
        )

    @classmethod
    def of(cls, found: "explanation.Explanation") -> "Explanation":
        return cls(
            subject_id=strawberry.ID(found.subject),
            customer_id=strawberry.ID(found.customer),
            application_id=strawberry.ID(found.application),
            score=found.score,
            estimate=found.estimate,
            estimate_without=found.without,
            estimate_with_only=found.only,
            ties=[
                ExplainedTie(
                    customer_id=strawberry.ID(tie.customer),
                    identifier_id=strawberry.ID(tie.identifier),
                    others=tie.others,
                    drop=tie.drop,
                )
                for tie in found.ties
            ],
            source=found.source,
            model_version=found.model_version,
            as_of=found.as_of,
            degraded=len(found.degraded) > 0,
            degraded_because=list(found.degraded),
            found=found,
        )

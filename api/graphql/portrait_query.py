"""The query of macro portraits."""

import strawberry

from api.graphql.context import Info
from api.graphql.declare import resolver
from api.graphql.portrait_types import Applied, MacroPortrait
from graph_model.services.macro_portraits import portrait


@strawberry.type
class PortraitQuery:
    @resolver(
        "A tag crossed with another (`columns`), or with what customers applied for (`by`), among everybody or a segment as it was computed last. "
        "Errors: not_found, portrait.axes, portrait.same, portrait.type, portrait.not_computed, portrait.too_few, portrait.too_many."
    )
    def macro_portrait(
        self,
        info: Info,
        rows: str,
        columns: str | None = None,
        by: Applied | None = None,
        segment: str | None = None,
    ) -> MacroPortrait:
        context = info.context
        found = portrait.cross(
            context.store,
            context.principal,
            rows,
            columns,
            None if by is None else portrait.Applied(by.value),
            segment=segment,
            now=context.now,
        )
        return MacroPortrait.of(found)

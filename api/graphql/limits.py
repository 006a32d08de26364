"""Limits on a query's shape, as validation rules that are built once: a rule class made per request would defeat the validation cache.

Fragments are measured once each, so a document can't make the measuring itself expensive.
"""

from graphql import (
    ASTValidationRule,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
)


def shape_rule(max_depth: int, max_aliases: int) -> type[ASTValidationRule]:
    """A rule that refuses documents deeper than `max_depth` fields, or with more than `max_aliases` aliases after fragments are spread."""

    class ShapeRule(ASTValidationRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            measure = _Measure(context)
            for definition in context.document.definitions:
                if isinstance(definition, OperationDefinitionNode):
                    depth, aliases = measure.of(definition.selection_set)
                    if depth > max_depth:
                        self._refuse(f"The query is {depth} levels deep; {max_depth} are allowed.", "graphql.too_deep")
                    if aliases > max_aliases:
                        self._refuse(
                            f"The query has {aliases} aliases; {max_aliases} are allowed.", "graphql.too_many_aliases"
                        )

        def _refuse(self, message: str, code: str) -> None:
            self.report_error(GraphQLError(message, extensions={"code": code}))

    return ShapeRule


class _Measure:
    def __init__(self, context: ValidationContext) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in context.document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, tuple[int, int]] = {}

    def of(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        """Depth in fields, and aliases."""
        depth = aliases = 0
        for selection in selections.selections if selections is not None else ():
            match selection:
                case FieldNode():
                    # Introspection is deep by nature, and closed or open by a rule of its own.
                    inner = (0, 0) if selection.name.value.startswith("__") else self.of(selection.selection_set)
                    depth = max(depth, inner[0] + 1)
                    aliases += inner[1] + (selection.alias is not None)
                case InlineFragmentNode():
                    inner = self.of(selection.selection_set)
                    depth, aliases = max(depth, inner[0]), aliases + inner[1]
                case FragmentSpreadNode():
                    inner = self._fragment(selection.name.value)
                    depth, aliases = max(depth, inner[0]), aliases + inner[1]
        return depth, aliases

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._measured:
            self._measured[name] = (
                0,
                0,
            )  # a fragment that spreads itself is refused by another rule; here it only must end
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._measured[name] = self.of(fragment.selection_set)
        return self._measured[name]

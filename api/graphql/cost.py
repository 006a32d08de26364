"""What an operation may cost, computed before it runs: about one for each field that it may answer.

A list's cost is that of one element times its length. The length is what an argument asks for (`limit`, `first`, `cap`, `k`, or the length of a list
that is sent), at the list itself or at the object right above it (the edges of a connection, the nodes of a graph); for some what `SIZES` says; else LIST.

A document is compiled once to a plan; only the arguments that are variables are looked at again for each request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    value_from_ast_untyped,
    visit,
)

from graph_model.errors import GuanxiError

LIST = 10  # elements of a list that nothing says the size of
SIZE_ARGUMENTS = ("limit", "first", "last", "cap", "k")
# Answers whose size is bounded by something other than an argument, and resolvers that work harder than their answer shows.
SIZES: Mapping[str, int] = {
    "Subject.fullGraph": 5_500,  # of nodes and of edges each, which are 15,000 together at most
    "Subject.portrait": 50,
    "Subject.tagHistory": 100,
    "Query.tags": 200,
    "Query.segments": 100,
}
OWN: Mapping[str, int] = {
    "Subject.relationGraph": 100,
    "Subject.fullGraph": 500,
    # Columns hold as many elements, at a quarter of the work for each.
    "RelationGraph.nodeColumns": 20_000,
    "RelationGraph.edgeColumns": 15_000,
    "Query.search": 50,
    "Query.path": 500,
    # Whatever page of them is asked for, the whole list is read and put in order.
    "Query.blocklist": 2_000,
    "Query.rings": 2_000,
    "RingView.members": 500,
    "Mutation.assessApplication": 500,
    "Query.referralCircles": 2_000,
    "Query.referralCircle": 1_000,
    "ReferralCircle.quality": 500,
    "ReferralCircle.graph": 500,
    "AudienceView.members": 500,
    "Mutation.drawAudience": 10_000,
    "Mutation.redrawAudience": 10_000,
    "Query.explanation": 1_000,
    "Query.checkTag": 5_000,  # it counts everybody
    "Query.macroPortrait": 5_000,
    "Query.countSegment": 5_000,
    "Segment.count": 5_000,
    "Segment.difference": 1_000,
    "Segment.reach": 10_000,
    "Segment.members": 500,
    "Mutation.computeSegment": 10_000,
}
RARE = frozenset({"GraphEdge.link"})  # null for nearly every edge: what is below counts for nothing
ROOT = 10  # any other field of Query or Mutation
HIGHEST = 10**9
REMEMBERED = 512  # plans

Variables = Mapping[str, Any]
Measure = Callable[[Variables], int]
_Parent = GraphQLObjectType | GraphQLInterfaceType


class TooCostly(GuanxiError):
    code = "graphql.too_costly"

    def __init__(self, cost: int, most: int) -> None:
        told = f"{cost:,}" if cost < HIGHEST else "more than can be counted"
        super().__init__(f"The operation may cost {told}; {most:,} is allowed.")


class ListTooLong(GuanxiError):
    code = "graphql.list_too_long"

    def __init__(self, most: int) -> None:
        super().__init__(f"A list of the request has more than {most:,} elements.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of an operation before it runs."""

    kind: str
    name: str
    fields: tuple[str, ...]  # root fields, once each
    longest_list: int  # of those that the document itself holds
    measure: Measure

    def cost(self, variables: Variables) -> int:
        return min(self.measure(variables), HIGHEST)


class Plans:
    """The plans of one schema, remembered by the document's text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._plans: dict[tuple[str, str | None], Plan | None] = {}

    def of(self, query: str, name: str | None, document: DocumentNode) -> Plan | None:
        """The plan of a valid document's operation; None where the name fits none."""
        key = (query, name)
        if key not in self._plans:
            if len(self._plans) >= REMEMBERED:
                self._plans.clear()
            self._plans[key] = _Planner(self._schema, document).plan(name)
        return self._plans[key]


def check_lists(value: object, most: int) -> None:
    """Raises ListTooLong for a list anywhere in what was sent that has more than `most` elements. Not recursive: the sender chose the depth."""
    waiting = [value]
    while len(waiting) > 0:
        match waiting.pop():
            case list() as elements:
                if len(elements) > most:
                    raise ListTooLong(most)
                waiting.extend(element for element in elements if isinstance(element, list | dict))
            case dict() as entries:
                waiting.extend(element for element in entries.values() if isinstance(element, list | dict))


class _Planner:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._document = document
        self._operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        # Each fragment and size is compiled once, so that fragments in fragments can't make the measuring itself expensive.
        self._measures: dict[tuple[str, Measure | None], Measure] = {}
        self._sizes: dict[int, Measure | None] = {}
        self._defaults: dict[str, Any] = {}

    def plan(self, name: str | None) -> Plan | None:
        chosen = [o for o in self._operations if name is None or (o.name is not None and o.name.value == name)]
        root = self._schema.get_root_type(chosen[0].operation) if len(chosen) == 1 else None
        if root is None:
            return None
        (operation,) = chosen
        self._defaults = {
            d.variable.name.value: value_from_ast_untyped(d.default_value)
            for d in operation.variable_definitions or ()
            if d.default_value is not None
        }
        fields = dict.fromkeys(self._root_fields(operation.selection_set, set()))
        longest = _Longest()
        visit(self._document, longest)
        measure = self._selections(root, operation.selection_set, None)
        named = "" if operation.name is None else operation.name.value
        return Plan(operation.operation.value, named, tuple(fields), longest.found, measure)

    def _root_fields(self, selections: SelectionSetNode, seen: set[str]) -> list[str]:
        found: list[str] = []
        for selection in selections.selections:
            match selection:
                case FieldNode():
                    found.append(selection.name.value)
                case InlineFragmentNode():
                    found += self._root_fields(selection.selection_set, seen)
                case FragmentSpreadNode() if selection.name.value not in seen:
                    seen.add(selection.name.value)
                    found += self._root_fields(self._fragments[selection.name.value].selection_set, seen)
        return found

    def _selections(self, parent: _Parent, selections: SelectionSetNode | None, size: Measure | None) -> Measure:
        """`size` is that of the lists directly below, where the parent says it."""
        parts: list[Measure] = []
        spread: set[str] = set()  # GraphQL runs a fragment once per selection, however often it is spread
        for selection in selections.selections if selections is not None else ():
            match selection:
                case FieldNode():
                    parts.append(self._field(parent, selection, size))
                case InlineFragmentNode():
                    parts.append(self._selections(parent, selection.selection_set, size))
                case FragmentSpreadNode() if selection.name.value not in spread:
                    spread.add(selection.name.value)
                    parts.append(self._fragment(parent, selection.name.value, size))
        return lambda variables: sum(part(variables) for part in parts)

    def _fragment(self, parent: _Parent, name: str, size: Measure | None) -> Measure:
        key = (name, size)
        if key not in self._measures:
            self._measures[key] = self._selections(parent, self._fragments[name].selection_set, size)
        return self._measures[key]

    def _field(self, parent: _Parent, node: FieldNode, parents_size: Measure | None) -> Measure:
        declared = parent.fields.get(node.name.value)
        if declared is None:  # __typename and the like
            return _one
        coordinate = f"{parent.name}.{node.name.value}"
        own = OWN.get(coordinate, ROOT if parent.name in ("Query", "Mutation") else 1)
        if id(node) not in self._sizes:
            self._sizes[id(node)] = self._size(declared, node, coordinate)
        size = self._sizes[id(node)]
        of_type = get_named_type(declared.type)
        if not isinstance(of_type, GraphQLObjectType | GraphQLInterfaceType) or coordinate in RARE:
            return lambda _: own
        if not _is_list(declared.type):
            below = self._selections(of_type, node.selection_set, size)
            return lambda variables: min(HIGHEST, own + below(variables))
        times = size or parents_size or _list
        each = self._selections(of_type, node.selection_set, None)
        return lambda variables: min(HIGHEST, own + times(variables) * each(variables))

    def _size(self, declared: GraphQLField, node: FieldNode, coordinate: str) -> Measure | None:
        """How many elements the answer may have, by its arguments."""
        if coordinate in SIZES:
            fixed = SIZES[coordinate]
            return lambda _: fixed
        sent = {argument.name.value: argument.value for argument in node.arguments or ()}
        asked: list[Measure] = []
        lists: list[Measure] = []
        for name, argument in declared.args.items():
            if name in SIZE_ARGUMENTS:
                asked.append(self._number(sent.get(name), argument.default_value))
            elif _is_list(argument.type) and name in sent:
                lists.append(self._length(sent[name]))
        chosen = asked or lists
        return None if len(chosen) == 0 else lambda variables: max(1, *(part(variables) for part in chosen))

    def _number(self, sent: ValueNode | None, default: object) -> Measure:
        fixed = default if isinstance(default, int) else LIST
        match sent:
            case IntValueNode():
                fixed = int(sent.value)
            case VariableNode():
                name, unset = sent.name.value, self._defaults.get(sent.name.value, fixed)

                def measured(variables: Variables) -> int:
                    value = variables.get(name, unset)
                    return value if isinstance(value, int) else fixed

                return measured
        return lambda _: fixed

    def _length(self, sent: ValueNode) -> Measure:
        match sent:
            case ListValueNode():
                fixed = len(sent.values)
                return lambda _: fixed
            case VariableNode():
                name, unset = sent.name.value, self._defaults.get(sent.name.value)

                def measured(variables: Variables) -> int:
                    value = variables.get(name, unset)
                    return len(value) if isinstance(value, list) else 1

                return measured
        return _one


class _Longest(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = 0

    def enter_list_value(self, node: ListValueNode, *_: object) -> None:
        self.found = max(self.found, len(node.values))


def _one(_: Variables) -> int:
    return 1


def _list(_: Variables) -> int:
    return LIST


def _is_list(of: GraphQLType) -> bool:
    while isinstance(of, GraphQLNonNull):
        of = of.of_type
    return isinstance(of, GraphQLList)

"""Names: the small integers that stand for labels, relationship types, triples and fact kinds in one file. Kept there, never renumbered."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from graph_model.schema import SCHEMA, Schema


def triple_name(start: str, type: str, end: str) -> str:
    return f"{start} {type} {end}"


def declared_names(schema: Schema) -> list[tuple[str, str]]:
    """(kind, name) of everything that gets a code, in schema order."""
    return [
        *(("label", n.label) for n in schema.nodes),
        *(("type", r.name) for r in schema.relationships),
        *(("triple", triple_name(*t)) for t in schema.triples),
        *(("fact", f.name) for f in schema.facts),
        *(("search", f"{n.label}.{p.name}") for n in schema.nodes for p in n.searchable),
    ]


@dataclass(frozen=True, slots=True)
class Triple:
    """One (start label, type, end label). `repeats`: two nodes can be joined by several such edges, or by one in either direction.
    `human`: drawn by hand, and kept in the table `drawn`."""

    code: int
    type: int
    start: int
    end: int
    qualified: bool
    repeats: bool
    human: bool


@dataclass(frozen=True, slots=True)
class Names:
    labels: Mapping[str, int]
    label_of: Mapping[int, str]
    types: Mapping[str, int]
    type_of: Mapping[int, str]
    triples: Mapping[tuple[str, str, str], Triple]
    by_code: Mapping[int, Triple]
    by_codes: Mapping[tuple[int, int, int], Triple]  # (start label, type, end label)
    facts: Mapping[str, int]
    fact_of: Mapping[int, str]
    searched: Mapping[tuple[str, str], int]  # (label, property)
    label_rank: Mapping[int, int]  # code → place in the schema
    type_rank: Mapping[int, int]
    human_types: frozenset[int]
    types_at: Mapping[int, tuple[int, ...]]  # label → types that can touch it, in schema order
    hub_degree: int  # a node of more relationships than this is a hub, counted in the table `hub`

    def far_label(self, triple: int, outgoing: int) -> int:
        """The label at the other end of a row of `adjacency`."""
        found = self.by_code[triple]
        return found.end if outgoing else found.start


def load_names(connection: sqlite3.Connection) -> Names:
    codes: dict[tuple[str, str], int] = {
        (kind, name): code for kind, name, code in connection.execute("SELECT kind, name, code FROM vocabulary")
    }
    labels = {n.label: codes["label", n.label] for n in SCHEMA.nodes}
    types = {r.name: codes["type", r.name] for r in SCHEMA.relationships}
    facts = {f.name: codes["fact", f.name] for f in SCHEMA.facts}
    triples = {}
    types_at: dict[int, dict[int, None]] = {code: {} for code in labels.values()}
    for relationship in SCHEMA.relationships:
        ends = set(relationship.ends)
        repeats = relationship.qualifier is not None or any((end, start) in ends for start, end in ends)
        for start, end in relationship.ends:
            name = (start, relationship.name, end)
            triples[name] = Triple(
                code=codes["triple", triple_name(*name)],
                type=types[relationship.name],
                start=labels[start],
                end=labels[end],
                qualified=relationship.qualifier is not None,
                repeats=repeats,
                human=relationship.human,
            )
            types_at[labels[start]][types[relationship.name]] = None
            types_at[labels[end]][types[relationship.name]] = None
    return Names(
        labels=labels,
        label_of={code: name for name, code in labels.items()},
        types=types,
        type_of={code: name for name, code in types.items()},
        triples=triples,
        by_code={t.code: t for t in triples.values()},
        by_codes={(t.start, t.type, t.end): t for t in triples.values()},
        facts=facts,
        fact_of={code: name for name, code in facts.items()},
        searched={
            (n.label, p.name): codes["search", f"{n.label}.{p.name}"] for n in SCHEMA.nodes for p in n.searchable
        },
        label_rank={code: rank for rank, code in enumerate(labels.values())},
        type_rank={code: rank for rank, code in enumerate(types.values())},
        human_types=frozenset(types[r.name] for r in SCHEMA.relationships if r.human),
        types_at={label: tuple(found) for label, found in types_at.items()},
        hub_degree=int(connection.execute("SELECT value FROM meta WHERE name = 'hub_degree'").fetchone()[0]),
    )

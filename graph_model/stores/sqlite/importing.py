"""Records of another store, taken in as they are: the verbs of the port write them, and what those would make anew is set."""

import sqlite3
from collections.abc import Sequence
from typing import cast

from graph_model.moments import to_ms
from graph_model.records import (
    AuditEntry,
    EdgeRecord,
    Fact,
    GraphBatch,
    LinkEdit,
    NodeRecord,
    Ring,
    RiskAssessment,
    Scoring,
)
from graph_model.stores.assessment_columns import by_scoring
from graph_model.stores.sqlite import assessing, ledger, link_edits, tagging
from graph_model.stores.sqlite.hydration import nids_of
from graph_model.stores.sqlite.names import Names
from graph_model.stores.sqlite.upsert import upsert
from graph_model.tagging import TagRun, TagValue
from graph_model.transfer import KeptNode, Part, Record, SmallText

_AS_KEPT = """
UPDATE node SET node_id = ?, first_seen = ?, last_seen = ?, recorded_at = ?, properties_at = ? WHERE label = ? AND key = ?
"""


def take_in(connection: sqlite3.Connection, names: Names, part: Part, records: Sequence[Record]) -> None:
    match part:
        case Part.NODES:
            _nodes(connection, names, cast(Sequence[KeptNode], records))
        case Part.EDGES:
            upsert(connection, names, GraphBatch(edges=cast(Sequence[EdgeRecord], records)))
        case Part.FACTS:
            upsert(connection, names, GraphBatch(facts=cast(Sequence[Fact], records)))
        case Part.LINKS:
            for edit in cast(Sequence[LinkEdit], records):
                link_edits.edit_link(connection, names, edit)
        case Part.RUNS:
            for scoring in cast(Sequence[Scoring], records):
                assessing.begin_run(connection, scoring)
        case Part.ASSESSMENTS:
            _assessments(connection, cast(Sequence[RiskAssessment], records))
        case Part.RINGS:
            assessing.append_rings(connection, cast(Sequence[Ring], records))
        case Part.SCORINGS:
            for scoring in cast(Sequence[Scoring], records):
                assessing.append_scoring(connection, scoring)
        case Part.TAG_RUNS:
            tagging.keep_runs(connection, cast(Sequence[TagRun], records))
        case Part.TAGS:
            tagging.keep_values(connection, cast(Sequence[TagValue], records))
        case Part.AUDIT:
            ledger.keep_audit(connection, cast(Sequence[AuditEntry], records))
        case Part.STATE:
            ledger.put_state(connection, {text.name: text.value for text in cast(Sequence[SmallText], records)})


def _nodes(connection: sqlite3.Connection, names: Names, kept: Sequence[KeptNode]) -> None:
    batch = [
        NodeRecord(k.node.ref, k.node.last_seen, k.node.recorded_at, k.node.source, k.node.properties) for k in kept
    ]
    upsert(connection, names, GraphBatch(batch))
    rows = [
        (
            k.node.node_id,
            to_ms(k.node.first_seen),
            to_ms(k.node.last_seen),
            to_ms(k.node.recorded_at),
            None if k.properties_at is None else to_ms(k.properties_at),
            names.labels[k.node.label],
            k.node.key,
        )
        for k in kept
    ]
    connection.executemany(_AS_KEPT, rows)


def _assessments(connection: sqlite3.Connection, records: Sequence[RiskAssessment]) -> None:
    handles = nids_of(connection, {record.node_id for record in records})
    for scoring, columns in by_scoring(records, handles):
        assessing.append_assessments(
            connection,
            columns,
            source=scoring.source,
            model_version=scoring.model_version,
            policy_version=scoring.policy_version,
            as_of=scoring.as_of,
            scored_at=scoring.scored_at,
        )

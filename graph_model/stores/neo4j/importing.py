"""Records of another store, taken in as they are. Nodes are created without looking for them first; the verbs of the port write the rest."""

from collections.abc import Sequence
from typing import Any, cast

from graph_model.moments import to_ms
from graph_model.records import AuditEntry, EdgeRecord, Fact, GraphBatch, LinkEdit, Ring, RiskAssessment, Scoring
from graph_model.schema import SCHEMA
from graph_model.stores.assessment_columns import by_scoring
from graph_model.stores.neo4j import assessing, ledger, linking, scanning, tagging
from graph_model.stores.neo4j.connections import Transaction
from graph_model.stores.neo4j.names import PROPERTIES
from graph_model.stores.neo4j.upsert import create_nodes, upsert
from graph_model.stores.neo4j.upsert_slot import Slot
from graph_model.stores.neo4j.values import encode
from graph_model.tagging import TagRun, TagValue
from graph_model.transfer import KeptNode, Part, Record, SmallText


def take_in(transaction: Transaction, part: Part, records: Sequence[Record]) -> None:
    match part:
        case Part.NODES:
            _nodes(transaction, cast(Sequence[KeptNode], records))
        case Part.EDGES:
            upsert(transaction, GraphBatch(edges=cast(Sequence[EdgeRecord], records)))
        case Part.FACTS:
            upsert(transaction, GraphBatch(facts=cast(Sequence[Fact], records)))
        case Part.LINKS:
            for edit in cast(Sequence[LinkEdit], records):
                linking.edit_link(transaction, edit)
        case Part.RUNS:
            assessing.begin_runs(transaction, cast(Sequence[Scoring], records))
        case Part.ASSESSMENTS:
            _assessments(transaction, cast(Sequence[RiskAssessment], records))
        case Part.RINGS:
            assessing.append_rings(transaction, cast(Sequence[Ring], records))
        case Part.SCORINGS:
            for scoring in cast(Sequence[Scoring], records):
                assessing.append_scoring(transaction, scoring)
        case Part.TAG_RUNS:
            tagging.keep_runs(transaction, cast(Sequence[TagRun], records))
        case Part.TAGS:
            tagging.keep_values(transaction, cast(Sequence[TagValue], records))
        case Part.AUDIT:
            ledger.keep_audit(transaction, cast(Sequence[AuditEntry], records))
        case Part.STATE:
            ledger.put_state(transaction, {text.name: text.value for text in cast(Sequence[SmallText], records)})


def _nodes(transaction: Transaction, kept: Sequence[KeptNode]) -> None:
    rows: dict[str, list[dict[str, Any]]] = {}
    for each in kept:
        node = each.node
        SCHEMA.node(node.label)
        transaction.nid += 1
        times = (to_ms(node.first_seen), to_ms(node.last_seen), to_ms(node.recorded_at))
        properties_at = None if each.properties_at is None else to_ms(each.properties_at)
        declared = PROPERTIES[node.label]
        cells = {name: encode(name, declared[name].type.storage, value) for name, value in node.properties.items()}
        slot = Slot(transaction.nid, node.ref, True, *times, node.source, properties_at, {}, cells)
        rows.setdefault(node.label, []).append(slot.new_row(node.node_id))
    create_nodes(transaction, rows)


def _assessments(transaction: Transaction, records: Sequence[RiskAssessment]) -> None:
    node_ids = list(dict.fromkeys(record.node_id for record in records))
    handles = dict(zip(node_ids, scanning.handles(transaction, node_ids), strict=True))
    for scoring, columns in by_scoring(records, handles):
        assessing.append_assessments(
            transaction,
            columns,
            source=scoring.source,
            model_version=scoring.model_version,
            policy_version=scoring.policy_version,
            as_of=scoring.as_of,
            scored_at=scoring.scored_at,
        )

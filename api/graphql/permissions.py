"""Deny by default: which rights open which field. A field without a rule is refused to everybody, and a test fails on it.

An operation is checked as a whole before it runs: every field its document names, in fragments too, must be open to the principal. Services check
the principal again where they show data.
"""

from collections.abc import Mapping
from functools import lru_cache

from graphql import DocumentNode, FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, visit

from graph_model.errors import Forbidden
from graph_model.principal import Principal, Right

Rule = frozenset[Right]  # any one of these rights opens the field

SIGNED_IN: Rule = frozenset()  # whoever is logged in
GRAPH: Rule = frozenset({Right.SEE_GRAPH})
RISK: Rule = frozenset({Right.SEE_RISK})
GRAPH_OR_RISK: Rule = GRAPH | RISK
REVEAL: Rule = frozenset({Right.REVEAL})
EDIT_GRAPH: Rule = frozenset({Right.EDIT_GRAPH})
RECORD: Rule = frozenset({Right.RECORD})
BLOCK: Rule = frozenset({Right.BLOCK})
ASSESS: Rule = frozenset({Right.ASSESS})
SEE_TAGS: Rule = frozenset({Right.SEE_TAGS})
EDIT_TAGS: Rule = frozenset({Right.EDIT_TAGS})
MARKET: Rule = frozenset({Right.MARKET})
SOME_JOBS: Rule = frozenset(
    {Right.SEE_JOBS, Right.RUN_JOBS, Right.EDIT_TAGS, Right.MARKET}
)  # which, api/job_subjects.py says
MARKET_OR_GRAPH: Rule = MARKET | GRAPH
EXCLUSIONS: Rule = frozenset({Right.SEE_EXCLUSIONS})
RECORD_CONSENT: Rule = frozenset({Right.RECORD_CONSENT})


def _all(rule: Rule, type_name: str, *fields: str) -> dict[str, Rule]:
    return {f"{type_name}.{field}": rule for field in fields}


RULES: Mapping[str, Rule] = {
    **_all(SIGNED_IN, "Query", "me", "schema", "status"),
    **_all(GRAPH_OR_RISK, "Query", "subject", "subjectById"),
    **_all(RISK, "Query", "score", "scores", "ring", "rings", "explanation"),
    **_all(GRAPH, "Query", "nodeByKey", "path"),
    **_all(GRAPH, "Query", "node", "search", "neighbours"),
    **_all(REVEAL, "Mutation", "reveal"),
    **_all(REVEAL, "Revealed", "nodeId", "property", "value", "expiresAt"),
    **_all(SIGNED_IN, "Me", "name", "role", "rights"),
    **_all(SIGNED_IN, "Status", "customers", "changedAt", "version"),
    **_all(GRAPH_OR_RISK, "Status", "nodes", "edges", "modelVersion"),
    **_all(SIGNED_IN, "GraphSchema", "version", "nodeTypes", "relationshipTypes", "grades", "values"),
    **_all(SIGNED_IN, "NodeTypeView", "label", "captionZh", "captionEn", "shape", "icon", "identifier"),
    **_all(SIGNED_IN, "RelationshipTypeView", "name", "captionZh", "captionEn", "human"),
    **_all(SIGNED_IN, "GradeView", "grade", "colour", "captionZh", "captionEn"),
    **_all(SIGNED_IN, "ValueView", "type", "property", "value", "captionZh", "captionEn"),
    **_all(GRAPH, "Subject", "node", "attributes", "idExpired", "tags", "applications", "relationGraph", "fullGraph"),
    **_all(GRAPH, "Subject", "portrait", "tagHistory"),
    **_all(GRAPH, "TagSpan", "value", "since", "version", "computedAt", "source"),
    **_all(GRAPH, "PortraitEntry", "code", "nameZh", "nameEn", "category", "subcategory", "valueType", "value"),
    **_all(GRAPH, "PortraitEntry", "version", "since", "computedAt", "source"),
    **_all(SEE_TAGS, "Query", "tags", "tag", "checkTag", "tagComputations"),
    **_all(EDIT_TAGS, "Mutation", "defineTag", "changeTag", "deleteTag"),
    **_all(SEE_TAGS, "Tag", "code", "version", "nameZh", "nameEn", "category", "subcategory", "type", "valueType"),
    **_all(
        SEE_TAGS, "Tag", "consent", "schedule", "owner", "kind", "rule", "reads", "dependants", "changedBy", "changedAt"
    ),
    **_all(SEE_TAGS, "Tag", "figures", "versions", "segments", "runs", "computation"),
    **_all(SEE_TAGS, "TagVersion", "version", "rule", "changedBy", "changedAt"),
    **_all(SEE_TAGS, "TagFigures", "version", "baseDate", "status", "startedAt", "heardAt", "by", "errorCode", "error"),
    **_all(SEE_TAGS, "TagFigures", "changed", "population", "coverage", "distribution", "stale"),
    **_all(SEE_TAGS, "TagRun", "version", "baseDate", "status", "startedAt", "heardAt", "by", "errorCode", "error"),
    **_all(SEE_TAGS, "TagRun", "changed", "population", "coverage"),
    **_all(SEE_TAGS, "TagComputation", "name", "nameZh", "nameEn", "meansZh", "meansEn", "valueType", "reads", "risk"),
    **_all(SEE_TAGS, "TagShare", "value", "count"),
    **_all(SEE_TAGS, "TagCheck", "valueType", "reads", "risk", "population", "counts"),
    **_all(SEE_TAGS, "Query", "macroPortrait"),
    **_all(SEE_TAGS, "MacroPortrait", "rows", "columns", "cells", "population", "suppressed", "overlapping", "exact"),
    **_all(SEE_TAGS, "MacroPortrait", "sources", "segment"),
    **_all(SEE_TAGS, "PortraitCategory", "kind", "value", "rule", "total"),
    **_all(SEE_TAGS, "PortraitCell", "count", "rowShare", "columnShare", "share", "lift"),
    **_all(SEE_TAGS, "PortraitSource", "code", "baseDate"),
    **_all(RISK, "Subject", "assessment", "ring"),
    **_all(GRAPH, "Node", "id", "type", "caption", "attributes", "firstSeen", "lastSeen", "source", "degrees"),
    **_all(RISK, "Node", "assessment", "ringId", "facts", "blocklisted", "blocklistEntry"),
    **_all(
        GRAPH, "Attribute", "name", "captionZh", "captionEn", "value", "displayZh", "displayEn", "masked", "personal"
    ),
    **_all(GRAPH, "Degree", "type", "neighbourType", "count"),
    **_all(GRAPH, "ApplicationView", "node", "product", "channel", "amount", "appliedAt", "outcome", "statuses"),
    **_all(GRAPH, "StatusEntry", "status", "captionZh", "captionEn", "at"),
    **_all(
        RISK, "Assessment", "score", "grade", "source", "modelVersion", "policyVersion", "asOf", "scoredAt", "reasons"
    ),
    **_all(RISK, "Reason", "code", "text", "weight"),
    **_all(
        RISK,
        "Explanation",
        "subjectId",
        "customerId",
        "applicationId",
        "score",
        "estimate",
        "estimateWithout",
        "estimateWithOnly",
    ),
    **_all(RISK, "Explanation", "ties", "source", "modelVersion", "asOf", "degraded", "degradedBecause"),
    **_all(GRAPH, "Explanation", "graph"),
    **_all(RISK, "ExplainedTie", "customerId", "identifierId", "others", "drop"),
    **_all(RISK, "ScoreAnswer", "subjectId", "type", "found", "score", "grade", "reasons", "ring", "tags"),
    **_all(RISK, "ScoreAnswer", "modelVersion", "policyVersion", "source", "asOf", "scoredAt", "freshness"),
    **_all(RISK, "ScoreAnswer", "degraded", "degradedBecause"),
    **_all(RISK, "Freshness", "ageSeconds", "changedSince"),
    **_all(RISK, "ScoreItem", "index", "answer", "error"),
    **_all(RISK, "ScoreError", "code", "message"),
    **_all(RISK, "RingConnection", "edges", "pageInfo", "totalCount"),
    **_all(RISK, "RingEdge", "cursor", "node"),
    **_all(RISK, "RingView", "id", "size", "knownFraud", "knownFraudShare", "meanScore", "density", "motif"),
    **_all(RISK, "RingView", "newMembers", "heldBy", "modelVersion", "asOf", "scoredAt"),
    **_all(GRAPH, "RingView", "members", "keyMembers"),
    **_all(RISK, "RingBond", "type", "count"),
    **_all(GRAPH, "NodeConnection", "edges", "pageInfo", "totalCount"),
    **_all(GRAPH, "NodeEdge", "cursor", "node"),
    **_all(GRAPH_OR_RISK | MARKET, "PageInfo", "hasNextPage", "hasPreviousPage", "startCursor", "endCursor"),
    **_all(GRAPH, "PathView", "nodes", "edges", "hops", "cost", "sentenceZh", "sentenceEn"),
    **_all(RISK, "Ring", "id", "size", "knownFraud", "knownFraudShare", "density", "motif", "asOf"),
    **_all(GRAPH, "RelationGraph", "subjectId", "nodes", "edges", "omissions", "aggregated", "total", "simplified"),
    **_all(GRAPH, "RelationGraph", "nodeColumns", "edgeColumns"),
    **_all(GRAPH, "NodeColumns", "id", "kind", "type", "caption", "x", "y", "hop", "degree", "isSubject", "size"),
    **_all(RISK, "NodeColumns", "grade", "score", "ringId", "risky", "blocklisted"),
    **_all(
        GRAPH, "EdgeColumns", "id", "source", "target", "type", "qualifier", "firstSeen", "lastSeen", "human", "weight"
    ),
    **_all(GRAPH, "EdgeColumns", "links"),
    **_all(GRAPH, "LinkAt", "place", "link"),
    **_all(RISK, "RelationGraph", "overview"),
    **_all(GRAPH, "GraphNode", "id", "kind", "type", "caption", "x", "y", "hop", "degree", "isSubject", "size"),
    **_all(RISK, "GraphNode", "grade", "score", "ringId", "risky", "blocklisted"),
    **_all(GRAPH, "GraphEdge", "id", "source", "target", "type", "captionZh", "captionEn", "qualifier"),
    **_all(GRAPH, "GraphEdge", "firstSeen", "lastSeen", "human", "weight", "link"),
    **_all(GRAPH, "Query", "link"),
    **_all(GRAPH, "Query", "blocklist"),
    **_all(RECORD, "Mutation", "recordLabel", "recordDisposition", "setTag"),
    **_all(BLOCK, "Mutation", "addToBlocklist", "removeFromBlocklist"),
    **_all(RISK, "FactView", "kind", "value", "captionZh", "captionEn", "at", "recordedAt", "source", "note"),
    **_all(RISK, "BlocklistConnection", "edges", "pageInfo", "totalCount"),
    **_all(RISK, "BlocklistEdge", "cursor", "node"),
    **_all(RISK, "BlocklistEntry", "nodeId", "type", "caption", "listed", "reason", "source", "since", "expiresAt"),
    **_all(SOME_JOBS - {Right.RUN_JOBS}, "Query", "jobs", "job"),
    **_all(SOME_JOBS - {Right.SEE_JOBS}, "Mutation", "startJob", "cancelJob"),
    **_all(SOME_JOBS, "Job", "id", "kind", "status", "stage", "done", "total", "startedBy", "startedAt", "finishedAt"),
    **_all(SOME_JOBS, "Job", "heartbeatAt", "message", "stuck", "codes", "audience", "draws", "version", "receiver"),
    **_all(ASSESS, "Mutation", "assessApplication"),
    **_all(ASSESS, "DecisionAnswer", "applicationId", "customerId", "decision", "rules", "score", "grade", "reasons"),
    **_all(ASSESS, "DecisionAnswer", "ring", "modelVersion", "policyVersion", "decisionPolicyVersion", "assessedAt"),
    **_all(ASSESS, "DecisionAnswer", "degraded", "degradedBecause", "replayed"),
    **_all(ASSESS, "RuleHit", "code", "text", "leadsTo"),
    **_all(EDIT_GRAPH, "Mutation", "drawLink", "annotateLink", "retractLink"),
    **_all(GRAPH, "HumanLink", "id", "source", "target", "author", "reason", "evidence", "expiresAt"),
    **_all(GRAPH, "HumanLink", "drawnAt", "endedAt", "edits"),
    **_all(GRAPH, "HumanLinkEdit", "action", "author", "at", "reason", "evidence", "expiresAt"),
    **_all(GRAPH, "Omission", "nodeId", "type", "shown", "total"),
    **_all(RISK, "Overview", "total", "rows"),
    **_all(RISK, "OverviewRow", "grade", "count", "types"),
    **_all(RISK, "OverviewCell", "type", "isSubject", "captionZh", "captionEn", "count", "nodeIds"),
    **_all(GRAPH, "Expansion", "nodes", "edges", "omissions"),
    **_all(GRAPH, "SearchHit", "id", "type", "caption", "matched"),
    **_all(RISK, "SearchHit", "grade"),
    **_all(MARKET_OR_GRAPH, "Query", "referralCircles", "referralCircle"),
    **_all(MARKET_OR_GRAPH, "ReferralCircleConnection", "edges", "pageInfo", "totalCount"),
    **_all(MARKET_OR_GRAPH, "ReferralCircleEdge", "cursor", "node"),
    **_all(MARKET_OR_GRAPH, "ReferralCircle", "id", "size", "depth", "referrals", "brought", "applied", "approved"),
    **_all(MARKET_OR_GRAPH, "ReferralCircle", "drawn", "asOf", "levels", "levelTable"),
    **_all(MARKET_OR_GRAPH, "CircleLevel", "depth", "people", "applied", "approved", "drawn"),
    **_all(RISK, "ReferralCircle", "quality"),
    **_all(GRAPH, "ReferralCircle", "keyMembers", "graph"),
    **_all(RISK, "CircleQuality", "brought", "a", "b", "c", "d", "unscored", "confirmedFraud"),
    **_all(RISK, "CircleQuality", "circularReferrals", "selfReferrals"),
    **_all(GRAPH, "CircleMember", "node", "depth", "reach", "direct", "influence", "broughtBy"),
    **_all(RISK, "CircleMember", "grade", "confirmedFraud"),
    **_all(GRAPH, "CircleGraph", "members", "referrals", "omitted"),
    **_all(GRAPH, "CircleReferral", "source", "target", "at", "first"),
    **_all(RISK, "CircleReferral", "circular", "shared"),
    **_all(SEE_TAGS, "Query", "segments", "segment", "countSegment", "ruleVocabulary"),
    **_all(EDIT_TAGS, "Mutation", "defineSegment", "changeSegment", "deleteSegment", "computeSegment"),
    **_all(SEE_TAGS, "Segment", "code", "version", "name", "description", "owner", "schedule", "rule", "tree", "reads"),
    **_all(SEE_TAGS, "Segment", "segments", "dependants", "risk", "changedBy", "changedAt", "run", "newest", "stale"),
    **_all(SEE_TAGS, "Segment", "count", "versions", "editions", "difference"),
    **_all(MARKET, "Segment", "reach", "members"),
    **_all(SEE_TAGS, "SegmentCount", "rule", "tree", "reads", "segments", "risk", "population", "steps", "count"),
    **_all(SEE_TAGS, "SegmentStep", "rule", "tree", "kept", "dropped"),
    **_all(SEE_TAGS, "SegmentVersion", "version", "name", "rule", "changedBy", "changedAt"),
    **_all(
        SEE_TAGS, "SegmentEdition", "number", "version", "baseDate", "computedAt", "computedBy", "members", "population"
    ),
    **_all(SEE_TAGS, "SegmentEdition", "validUntil", "open"),
    **_all(SEE_TAGS, "SegmentRun", "version", "baseDate", "status", "startedAt", "heardAt", "by", "errorCode", "error"),
    **_all(SEE_TAGS, "SegmentDifference", "stayed", "left", "joined"),
    **_all(SEE_TAGS, "RuleVocabulary", "targets", "ties", "shared", "blocklist"),
    **_all(SEE_TAGS, "RuleTarget", "type", "captionZh", "captionEn", "fields"),
    **_all(SEE_TAGS, "RuleField", "name", "captionZh", "captionEn", "kind", "choices", "open"),
    **_all(SEE_TAGS, "RuleChoice", "value", "captionZh", "captionEn"),
    **_all(SEE_TAGS, "RuleTie", "type", "captionZh", "captionEn", "to", "directed"),
    **_all(MARKET, "SegmentReach", "channel", "members", "excluded"),
    **_all(EXCLUSIONS, "SegmentReach", "candidates", "waterfall"),
    **_all(MARKET, "SegmentMember", "nodeId"),
    **_all(MARKET, "SegmentMemberEdge", "cursor", "node"),
    **_all(MARKET, "SegmentMemberConnection", "edges", "pageInfo"),
    **_all(MARKET, "Query", "audiences", "audience", "receivers"),
    **_all(MARKET, "Mutation", "drawAudience", "redrawAudience"),
    **_all(EXCLUSIONS, "Mutation", "withdrawAudience"),
    **_all(MARKET, "AudienceView", "id", "name", "channel", "purpose", "createdBy", "createdAt", "circles"),
    **_all(MARKET, "AudienceView", "spreaders", "by", "grow", "versions", "members"),
    **_all(MARKET, "AudienceVersion", "number", "drawnBy", "drawnAt", "validUntil", "policyVersion", "members"),
    **_all(MARKET, "AudienceVersion", "excluded", "withdrawn", "expired"),
    **_all(MARKET, "AudienceVersion", "grown", "likeness", "deliveries"),
    **_all(MARKET, "AudienceDelivery", "receiver", "begunAt", "endedAt", "sent", "batches"),
    **_all(MARKET, "TagLikeness", "code", "nameZh", "nameEn", "traits"),
    **_all(MARKET, "LikenessTrait", "value", "ofSeed", "ofEverybody", "weight"),
    **_all(EXCLUSIONS, "AudienceVersion", "candidates", "waterfall", "riskAt", "withdrawalReason"),
    **_all(EXCLUSIONS, "Exclusion", "reason", "count"),
    **_all(MARKET, "AudienceMemberConnection", "edges", "pageInfo", "totalCount"),
    **_all(MARKET, "AudienceMemberEdge", "cursor", "node"),
    **_all(MARKET, "AudienceMember", "nodeId"),
    **_all(RECORD_CONSENT, "Mutation", "recordConsents", "recordContacts"),
    **_all(RECORD_CONSENT, "Recorded", "new", "known", "refused"),
    **_all(RECORD_CONSENT, "RefusedStatement", "index", "code", "message"),
    **_all(EXCLUSIONS, "Query", "consent"),
    **_all(EXCLUSIONS, "ChannelStanding", "channel", "granted", "since", "source", "sent", "days", "tooOften"),
}


def check_operation(schema: GraphQLSchema, document: DocumentNode, principal: Principal) -> None:
    """Raises Forbidden, naming the first field that is closed to the principal's role."""
    for coordinate in named_fields(schema, document):
        rule = RULES.get(coordinate)
        if rule is None or (len(rule) > 0 and not any(principal.may(right) for right in rule)):
            raise Forbidden(
                f"The role {principal.role} may not read {coordinate}. Ask the operator for a role that may."
            )


@lru_cache(maxsize=256)
def named_fields(schema: GraphQLSchema, document: DocumentNode) -> tuple[str, ...]:
    """Every `Type.field` that a valid document names, once each. Introspection is ruled by validation instead."""
    types = TypeInfo(schema)
    collector = _Collector(types)
    visit(document, TypeInfoVisitor(types, collector))
    return tuple(collector.found)


class _Collector(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.found: dict[str, None] = {}

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self._types.get_parent_type()
        if not node.name.value.startswith("__") and parent is not None and not parent.name.startswith("__"):
            self.found[f"{parent.name}.{node.name.value}"] = None

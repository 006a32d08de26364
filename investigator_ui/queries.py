"""Every GraphQL document the UI sends. Values are always variables. Checked against api/schema.graphql by a test."""

ATTRIBUTES = "attributes { name captionZh captionEn value displayZh displayEn masked personal }"

ASSESSMENT = """assessment {
  score grade source modelVersion policyVersion asOf scoredAt
  reasonsZh: reasons(language: ZH) { code text weight }
  reasonsEn: reasons(language: EN) { code text weight }
}"""

GRAPH_NODE = "id kind type caption grade score ringId x y hop degree isSubject size risky blocklisted"
GRAPH_EDGE = "id source target type captionZh captionEn qualifier firstSeen lastSeen human weight link { id author }"
OMISSIONS = "omissions { nodeId type shown total }"

OVERVIEW = "overview { total rows { grade count types { type isSubject captionZh captionEn count nodeIds } } }"
GRAPH = (
    f"subjectId aggregated total simplified {OMISSIONS} {OVERVIEW} nodes {{ {GRAPH_NODE} }} edges {{ {GRAPH_EDGE} }}"
)
# Thousands of them: as columns, and what the type of an edge says is not asked for.
EDGE_COLUMNS = "id source target type qualifier firstSeen lastSeen human weight links { place link { id author } }"
FULL_GRAPH = (
    f"subjectId aggregated total simplified {OMISSIONS} {OVERVIEW} "
    f"nodeColumns {{ {GRAPH_NODE} }} edgeColumns {{ {EDGE_COLUMNS} }}"
)

FULL_LIMIT = 20_000  # nodes of a full graph; beyond, the nearest are taken and the page says so

PORTRAIT = "portrait { code nameZh nameEn category subcategory valueType value version since computedAt source }"

FACT = "value captionZh captionEn at source note"

SUBJECT_FIELDS = f"""
  node {{ id type caption }}
  {ATTRIBUTES}
  idExpired {ASSESSMENT} {PORTRAIT}
  ring {{ id size knownFraud knownFraudShare density motif asOf }}
  applications {{
    node {{ id type caption }} product channel amount appliedAt outcome
    statuses {{ status captionZh captionEn at }} decided: node {{ facts(kind: "decision") {{ {FACT} }} }}
  }}
"""

ME = "query Me { me { name role rights } }"

SCHEMA = """query Schema { schema {
  version
  nodeTypes { label captionZh captionEn shape icon identifier }
  relationshipTypes { name captionZh captionEn human }
  grades { grade colour captionZh captionEn }
  values { type property value captionZh captionEn }
} }"""

STATUS = "query Status { status { customers nodes edges changedAt modelVersion version } }"

SEARCH = """query Search($text: String!, $limit: Int!) {
  search(text: $text, limit: $limit) { id type caption matched grade }
}"""

RESOLVE = "query Resolve($idNumber: String!) { subject(idNumber: $idNumber) { node { id type caption } } }"

SUBJECT = f"""query Subject($nodeId: ID!, $asOf: DateTime, $sourceOnly: Boolean!) {{
  subjectById(nodeId: $nodeId, asOf: $asOf) {{
    {SUBJECT_FIELDS}
    graph: relationGraph(asOf: $asOf, sourceOnly: $sourceOnly) {{ {GRAPH} }}
  }}
}}"""

FULL_SUBJECT = f"""query FullSubject($nodeId: ID!, $community: ID, $asOf: DateTime, $sourceOnly: Boolean!) {{
  subjectById(nodeId: $nodeId, asOf: $asOf) {{
    {SUBJECT_FIELDS}
    graph: fullGraph(limit: {FULL_LIMIT}, community: $community, asOf: $asOf, sourceOnly: $sourceOnly) {{ {FULL_GRAPH} }}
  }}
}}"""

BLOCKLIST_ENTRY = "nodeId type caption reason source since expiresAt"

NODE = f"""query Node($id: ID!, $asOf: DateTime) {{
  node(id: $id, asOf: $asOf) {{
    id type caption ringId firstSeen lastSeen source
    {ATTRIBUTES} {ASSESSMENT}
    degrees {{ type neighbourType count }}
    blocklistEntry {{ {BLOCKLIST_ENTRY} }} dispositions: facts(kind: "disposition") {{ {FACT} }}
  }}
}}"""

RECORD_DISPOSITION = f"""mutation RecordDisposition($subject: ID!, $verdict: Verdict!, $reason: String!) {{
  recordDisposition(subject: $subject, verdict: $verdict, reason: $reason) {{ {FACT} }}
}}"""

RINGS = """query Rings($first: Int!, $after: String, $filter: RingFilter, $order: RingOrder!, $asOf: DateTime) {
  rings(first: $first, after: $after, filter: $filter, order: $order, asOf: $asOf) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { node {
      id size knownFraud knownFraudShare meanScore density motif newMembers modelVersion scoredAt
      heldBy { type count } keyMembers { id type caption }
    } }
  }
}"""

RING_LEAD = """query RingLead($id: ID!, $asOf: DateTime) {
  ring(id: $id, asOf: $asOf) { keyMembers { id } members(first: 1) { edges { node { id } } } }
}"""

BLOCKLIST = f"""query Blocklist($first: Int!, $after: String, $type: String) {{
  blocklist(first: $first, after: $after, type: $type) {{
    totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {BLOCKLIST_ENTRY} }} }}
  }}
}}"""

ADD_TO_BLOCKLIST = f"""mutation AddToBlocklist($reason: String!, $type: String, $key: String, $nodeId: ID, $expiresAt: DateTime) {{
  addToBlocklist(reason: $reason, type: $type, key: $key, nodeId: $nodeId, expiresAt: $expiresAt) {{ {BLOCKLIST_ENTRY} }}
}}"""

REMOVE_FROM_BLOCKLIST = f"""mutation RemoveFromBlocklist($nodeId: ID!, $reason: String!) {{
  removeFromBlocklist(nodeId: $nodeId, reason: $reason) {{ {BLOCKLIST_ENTRY} }}
}}"""

NEIGHBOURS = f"""query Neighbours(
  $nodeId: ID!, $known: [ID!]!, $positions: [Float!]!, $type: String, $cap: Int!, $asOf: DateTime, $sourceOnly: Boolean!
) {{
  neighbours(
    nodeId: $nodeId, known: $known, positions: $positions, type: $type, cap: $cap, asOf: $asOf, sourceOnly: $sourceOnly
  ) {{
    nodes {{ {GRAPH_NODE} }}
    edges {{ {GRAPH_EDGE} }}
    {OMISSIONS}
  }}
}}"""

REVEAL = """mutation Reveal($nodeId: ID!, $property: String!, $reason: String!) {
  reveal(nodeId: $nodeId, property: $property, reason: $reason) { nodeId property value expiresAt }
}"""

HUMAN_LINK = """
  id source target author reason evidence expiresAt drawnAt endedAt
  edits { action author at reason evidence expiresAt }
"""

LINK = f"query Link($id: ID!) {{ link(id: $id) {{ {HUMAN_LINK} }} }}"

DRAW_LINK = f"""mutation DrawLink($source: ID!, $target: ID!, $reason: String!, $evidence: String, $expiresAt: DateTime) {{
  drawLink(from: $source, to: $target, reason: $reason, evidence: $evidence, expiresAt: $expiresAt) {{ {HUMAN_LINK} }}
}}"""

ANNOTATE_LINK = f"""mutation AnnotateLink($id: ID!, $reason: String!, $evidence: String, $expiresAt: DateTime) {{
  annotateLink(id: $id, reason: $reason, evidence: $evidence, expiresAt: $expiresAt) {{ {HUMAN_LINK} }}
}}"""

RETRACT_LINK = f"""mutation RetractLink($id: ID!, $reason: String!) {{
  retractLink(id: $id, reason: $reason) {{ {HUMAN_LINK} }}
}}"""

EXPLANATION = f"""query Explanation($nodeId: ID!, $asOf: DateTime) {{
  explanation(nodeId: $nodeId, asOf: $asOf) {{
    subjectId customerId score estimate estimateWithout ties {{ customerId identifierId drop }} modelVersion degradedBecause
    graph {{ {GRAPH} }}
  }}
}}"""

DOCUMENTS = {
    "Me": ME,
    "Schema": SCHEMA,
    "Status": STATUS,
    "Search": SEARCH,
    "Resolve": RESOLVE,
    "Subject": SUBJECT,
    "FullSubject": FULL_SUBJECT,
    "Node": NODE,
    "Neighbours": NEIGHBOURS,
    "Explanation": EXPLANATION,
    "Reveal": REVEAL,
    "RecordDisposition": RECORD_DISPOSITION,
    "Rings": RINGS,
    "RingLead": RING_LEAD,
    "Blocklist": BLOCKLIST,
    "AddToBlocklist": ADD_TO_BLOCKLIST,
    "RemoveFromBlocklist": REMOVE_FROM_BLOCKLIST,
    "Link": LINK,
    "DrawLink": DRAW_LINK,
    "AnnotateLink": ANNOTATE_LINK,
    "RetractLink": RETRACT_LINK,
}

"""Documents that together name every field of the schema; a test holds that they do."""

ATTRIBUTES = "attributes { name captionZh captionEn value displayZh displayEn masked personal }"
ASSESSMENT = """assessment { score grade source modelVersion policyVersion asOf scoredAt
  reasons { code text weight } english: reasons(language: EN) { text } }"""
NODE = f"""id type caption ringId firstSeen lastSeen source {ATTRIBUTES} {ASSESSMENT} degrees {{ type neighbourType count }}"""
HUMAN_LINK = """id source target author reason evidence expiresAt drawnAt endedAt
  edits { action author at reason evidence expiresAt }"""
CANVAS = f"""nodes {{ id kind type caption grade score ringId x y hop degree isSubject size }}
  edges {{ id source target type captionZh captionEn qualifier firstSeen lastSeen human weight link {{ {HUMAN_LINK} }} }}
  omissions {{ nodeId type shown total }}"""
GRAPH = f"""subjectId aggregated total {CANVAS}
  overview {{ total rows {{ grade count types {{ type isSubject captionZh captionEn count nodeIds }} }} }}"""
SUBJECT = f"""node {{ {NODE} }} {ATTRIBUTES} idExpired {ASSESSMENT} tags
  ring {{ id size knownFraud knownFraudShare density motif asOf }}
  applications {{ product channel amount appliedAt outcome node {{ id caption }} statuses {{ status captionZh captionEn at }} }}"""

SUBJECT_BY_NUMBER = (
    f"query ($idNumber: String!, $asOf: DateTime) {{ subject(idNumber: $idNumber, asOf: $asOf) {{ {SUBJECT} }} }}"
)
RELATION_GRAPH = f"""query ($nodeId: ID!, $hops: Int! = 2, $limit: Int! = 150, $cap: Int! = 25, $types: [String!], $asOf: DateTime) {{
  subjectById(nodeId: $nodeId, asOf: $asOf) {{
    relationGraph(hops: $hops, limit: $limit, cap: $cap, types: $types) {{ {GRAPH} }} }} }}"""
FULL_GRAPH = f"query ($nodeId: ID!) {{ subjectById(nodeId: $nodeId) {{ fullGraph {{ {GRAPH} }} }} }}"
NODE_BY_ID = f"query ($id: ID!) {{ node(id: $id) {{ {NODE} }} }}"
SEARCH = (
    "query ($text: String!, $limit: Int! = 10) { search(text: $text, limit: $limit) { id type caption matched grade } }"
)
NEIGHBOURS = f"""query ($nodeId: ID!, $known: [ID!]! = [], $positions: [Float!]! = [], $type: String, $cap: Int! = 25) {{
  neighbours(nodeId: $nodeId, known: $known, positions: $positions, type: $type, cap: $cap) {{ {CANVAS} }} }}"""
SCHEMA = """{ schema { version
  nodeTypes { label captionZh captionEn shape icon identifier }
  relationshipTypes { name captionZh captionEn human }
  grades { grade colour captionZh captionEn } } }"""
STATUS = "{ status { customers nodes edges changedAt modelVersion version } }"
ME = "{ me { name role rights } }"
REVEAL = """mutation ($nodeId: ID!, $property: String!, $reason: String!) {
  reveal(nodeId: $nodeId, property: $property, reason: $reason) { nodeId property value expiresAt } }"""
DRAW_LINK = f"""mutation ($from: ID!, $to: ID!, $reason: String!, $evidence: String, $expiresAt: DateTime) {{
  drawLink(from: $from, to: $to, reason: $reason, evidence: $evidence, expiresAt: $expiresAt) {{ {HUMAN_LINK} }} }}"""
ANNOTATE_LINK = f"""mutation ($id: ID!, $reason: String!, $evidence: String, $expiresAt: DateTime) {{
  annotateLink(id: $id, reason: $reason, evidence: $evidence, expiresAt: $expiresAt) {{ {HUMAN_LINK} }} }}"""
RETRACT_LINK = f"mutation ($id: ID!, $reason: String!) {{ retractLink(id: $id, reason: $reason) {{ {HUMAN_LINK} }} }}"
LINK = f"query ($id: ID!) {{ link(id: $id) {{ {HUMAN_LINK} }} }}"

EVERYTHING = (
    SUBJECT_BY_NUMBER, RELATION_GRAPH, FULL_GRAPH, NODE_BY_ID, SEARCH, NEIGHBOURS, SCHEMA, STATUS, ME, REVEAL,
    DRAW_LINK, ANNOTATE_LINK, RETRACT_LINK, LINK,
)  # fmt: skip

"""Documents that together name every field of the schema; a test holds that they do."""

ATTRIBUTES = "attributes { name captionZh captionEn value displayZh displayEn masked personal }"
ASSESSMENT = """assessment { score grade source modelVersion policyVersion asOf scoredAt
  reasons { code text weight } english: reasons(language: EN) { text } }"""
NODE = f"""id type caption ringId firstSeen lastSeen source {ATTRIBUTES} {ASSESSMENT} degrees {{ type neighbourType count }}"""
HUMAN_LINK = """id source target author reason evidence expiresAt drawnAt endedAt
  edits { action author at reason evidence expiresAt }"""
CANVAS = f"""nodes {{ id kind type caption grade score ringId x y hop degree isSubject size risky blocklisted }}
  edges {{ id source target type captionZh captionEn qualifier firstSeen lastSeen human weight link {{ {HUMAN_LINK} }} }}
  omissions {{ nodeId type shown total }}"""
GRAPH = f"""subjectId aggregated total simplified {CANVAS}
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
FACT = "kind value captionZh captionEn at recordedAt source note"
NODE_FACTS = f"query ($id: ID!, $kind: String) {{ node(id: $id) {{ blocklisted blocklistEntry {{ nodeId reason source since expiresAt }} facts(kind: $kind) {{ {FACT} }} }} }}"
RECORD_LABEL = f"""mutation ($applicationId: ID!, $label: Label!, $knownAt: DateTime, $note: String) {{
  recordLabel(applicationId: $applicationId, label: $label, knownAt: $knownAt, note: $note) {{ {FACT} }} }}"""
RECORD_DISPOSITION = f"""mutation ($subject: ID!, $verdict: Verdict!, $reason: String!) {{
  recordDisposition(subject: $subject, verdict: $verdict, reason: $reason) {{ {FACT} }} }}"""
ASSESS = """mutation ($input: ApplicationInput!, $key: String!) { assessApplication(input: $input, idempotencyKey: $key) {
  applicationId customerId decision score grade modelVersion policyVersion decisionPolicyVersion assessedAt
  degraded degradedBecause replayed rules { code text leadsTo } english: rules(language: EN) { text }
  reasons { code text weight } ring { id size knownFraud knownFraudShare density motif asOf } } }"""
JOB = "id kind status stage done total startedBy startedAt finishedAt heartbeatAt message stuck"
START_JOB = f"mutation ($kind: JobKind!) {{ startJob(kind: $kind) {{ {JOB} }} }}"
CANCEL_JOB = f"mutation ($id: ID!) {{ cancelJob(id: $id) {{ {JOB} }} }}"
JOBS = f"query ($first: Int! = 20) {{ jobs(first: $first) {{ {JOB} }} }}"
ONE_JOB = f"query ($id: ID!) {{ job(id: $id) {{ {JOB} }} }}"
ENTRY = "nodeId type caption listed reason source since expiresAt"
BLOCKLIST = f"""query ($first: Int! = 20, $after: String, $type: String) {{
  blocklist(first: $first, after: $after, type: $type) {{ edges {{ cursor node {{ {ENTRY} }} }}
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} totalCount }} }}"""
ADD_TO_BLOCKLIST = f"""mutation ($type: String, $key: String, $nodeId: ID, $reason: String!, $expiresAt: DateTime) {{
  addToBlocklist(type: $type, key: $key, nodeId: $nodeId, reason: $reason, expiresAt: $expiresAt) {{ {ENTRY} }} }}"""
REMOVE_FROM_BLOCKLIST = f"""mutation ($nodeId: ID!, $reason: String!) {{
  removeFromBlocklist(nodeId: $nodeId, reason: $reason) {{ {ENTRY} }} }}"""

SCORE_ANSWER = """subjectId type found score grade tags modelVersion policyVersion source asOf scoredAt degraded degradedBecause
  reasons { code text weight } english: reasons(language: EN) { text } freshness { ageSeconds changedSince }
  ring { id size knownFraud knownFraudShare density motif asOf }"""
SCORE = f"""query ($idNumber: String, $phone: String, $device: String, $bankAccount: String, $application: String, $asOf: DateTime) {{
  score(idNumber: $idNumber, phone: $phone, device: $device, bankAccount: $bankAccount, application: $application, asOf: $asOf) {{
    {SCORE_ANSWER} }} }}"""
SCORES = f"""query ($idNumbers: [String!]!, $asOf: DateTime) {{ scores(idNumbers: $idNumbers, asOf: $asOf) {{
  index answer {{ {SCORE_ANSWER} }} error {{ code message }} }} }}"""
PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
RING_ALONE = """id size knownFraud knownFraudShare meanScore density motif newMembers heldBy { type count }
  modelVersion asOf scoredAt"""
RING = f"query ($id: ID!, $asOf: DateTime) {{ ring(id: $id, asOf: $asOf) {{ {RING_ALONE} }} }}"
RINGS = f"""query ($first: Int! = 20, $after: String, $filter: RingFilter, $order: RingOrder! = KNOWN_FRAUD, $asOf: DateTime) {{
  rings(first: $first, after: $after, filter: $filter, order: $order, asOf: $asOf) {{
    edges {{ cursor node {{ {RING_ALONE} }} }} {PAGE_INFO} }} }}"""
RING_MEMBERS = f"""query ($id: ID!, $first: Int! = 20, $after: String, $asOf: DateTime) {{ ring(id: $id, asOf: $asOf) {{
  keyMembers {{ id caption }}
  members(first: $first, after: $after) {{ edges {{ cursor node {{ id type caption }} }} {PAGE_INFO} }} }} }}"""
RECORD_CONSENTS = """mutation ($consents: [ConsentInput!]!) { recordConsents(consents: $consents) {
  new known refused { index code message } } }"""
RECORD_CONTACTS = """mutation ($contacts: [ContactInput!]!) { recordContacts(contacts: $contacts) {
  new known refused { index code message } } }"""
CONSENT = "query ($nodeId: ID!) { consent(nodeId: $nodeId) { channel granted since source sent days tooOften } }"
EXPLANATION = f"""query ($nodeId: ID!, $asOf: DateTime) {{ explanation(nodeId: $nodeId, asOf: $asOf) {{
  subjectId applicationId score estimate estimateWithout estimateWithOnly ties {{ customerId identifierId drop }}
  source modelVersion asOf degraded degradedBecause graph {{ {GRAPH} }} }} }}"""
PATH = """query ($from: ID!, $to: ID!, $k: Int! = 3, $maxHops: Int! = 4, $asOf: DateTime) {
  path(from: $from, to: $to, k: $k, maxHops: $maxHops, asOf: $asOf) {
    nodes { id type caption } edges { id source target type } hops cost sentenceZh sentenceEn } }"""
NODE_BY_KEY = f"""query ($type: String!, $key: String!, $asOf: DateTime) {{
  nodeByKey(type: $type, key: $key, asOf: $asOf) {{ {NODE} }} }}"""

EVERYTHING = (
    SUBJECT_BY_NUMBER, RELATION_GRAPH, FULL_GRAPH, NODE_BY_ID, SEARCH, NEIGHBOURS, SCHEMA, STATUS, ME, REVEAL,
    DRAW_LINK, ANNOTATE_LINK, RETRACT_LINK, LINK,
    NODE_FACTS, RECORD_LABEL, RECORD_DISPOSITION, BLOCKLIST, ADD_TO_BLOCKLIST, REMOVE_FROM_BLOCKLIST, ASSESS,
    START_JOB, CANCEL_JOB, JOBS, ONE_JOB,
    SCORE, SCORES, RING, RINGS, RING_MEMBERS, EXPLANATION, PATH, NODE_BY_KEY,
    RECORD_CONSENTS, RECORD_CONTACTS, CONSENT,
)  # fmt: skip

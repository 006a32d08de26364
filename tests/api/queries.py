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
COLUMNS = f"""nodeColumns {{ id kind type caption grade score ringId x y hop degree isSubject size risky blocklisted }}
  edgeColumns {{ id source target type qualifier firstSeen lastSeen human weight links {{ place link {{ {HUMAN_LINK} }} }} }}"""
FULL_GRAPH = f"query ($nodeId: ID!) {{ subjectById(nodeId: $nodeId) {{ fullGraph {{ {GRAPH} }} }} }}"
FULL_COLUMNS = f"query ($nodeId: ID!) {{ subjectById(nodeId: $nodeId) {{ fullGraph {{ {COLUMNS} }} }} }}"
NODE_BY_ID = f"query ($id: ID!) {{ node(id: $id) {{ {NODE} }} }}"
SEARCH = (
    "query ($text: String!, $limit: Int! = 10) { search(text: $text, limit: $limit) { id type caption matched grade } }"
)
NEIGHBOURS = f"""query ($nodeId: ID!, $known: [ID!]! = [], $positions: [Float!]! = [], $type: String, $cap: Int! = 25) {{
  neighbours(nodeId: $nodeId, known: $known, positions: $positions, type: $type, cap: $cap) {{ {CANVAS} }} }}"""
SCHEMA = """{ schema { version
  nodeTypes { label captionZh captionEn shape icon identifier }
  relationshipTypes { name captionZh captionEn human }
  grades { grade colour captionZh captionEn } values { type property value captionZh captionEn } } }"""
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
LISTED = "blocklisted blocklistEntry { nodeId reason source since expiresAt }"
NODE_FACTS = f"query ($id: ID!, $kind: String) {{ node(id: $id) {{ {LISTED} facts(kind: $kind) {{ {FACT} }} }} }}"
RECORD_LABEL = f"""mutation ($applicationId: ID!, $label: Label!, $knownAt: DateTime, $note: String) {{
  recordLabel(applicationId: $applicationId, label: $label, knownAt: $knownAt, note: $note) {{ {FACT} }} }}"""
RECORD_DISPOSITION = f"""mutation ($subject: ID!, $verdict: Verdict!, $reason: String!) {{
  recordDisposition(subject: $subject, verdict: $verdict, reason: $reason) {{ {FACT} }} }}"""
ASSESS = """mutation ($input: ApplicationInput!, $key: String!) { assessApplication(input: $input, idempotencyKey: $key) {
  applicationId customerId decision score grade modelVersion policyVersion decisionPolicyVersion assessedAt
  degraded degradedBecause replayed rules { code text leadsTo } english: rules(language: EN) { text }
  reasons { code text weight } ring { id size knownFraud knownFraudShare density motif asOf } } }"""
JOB = "id kind status stage done total startedBy startedAt finishedAt heartbeatAt message stuck codes audience draws version receiver"
START_JOB = f"""mutation ($kind: JobKind!, $code: ID, $codes: [ID!], $audience: DrawInput, $send: SendInput) {{
  startJob(kind: $kind, code: $code, codes: $codes, audience: $audience, send: $send) {{ {JOB} }} }}"""
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
CIRCLE_ALONE = "id size depth referrals brought applied approved drawn levels asOf"
CIRCLE_LEVELS = "levelTable { depth people applied approved drawn }"
CIRCLE_MEMBER = "node { id type caption } depth reach direct influence broughtBy grade confirmedFraud"
CIRCLE = (
    f"query ($id: ID!, $asOf: DateTime) {{ referralCircle(id: $id, asOf: $asOf) {{ {CIRCLE_ALONE} {CIRCLE_LEVELS} }} }}"
)
CIRCLES = f"""query ($first: Int! = 20, $after: String, $order: CircleOrder! = SIZE, $filter: CircleFilter, $asOf: DateTime) {{
  referralCircles(first: $first, after: $after, order: $order, filter: $filter, asOf: $asOf) {{
    edges {{ cursor node {{ {CIRCLE_ALONE} }} }} {PAGE_INFO} }} }}"""
CIRCLE_IN_FULL = f"""query ($id: ID!, $by: KeyOrder! = REACH, $first: Int! = 10, $limit: Int! = 300) {{ referralCircle(id: $id) {{
  {CIRCLE_ALONE} keyMembers(by: $by, first: $first) {{ {CIRCLE_MEMBER} }}
  quality {{ brought a b c d unscored confirmedFraud circularReferrals selfReferrals }}
  graph(limit: $limit) {{ members {{ {CIRCLE_MEMBER} }} omitted
    referrals {{ source target at first circular shared {{ type count }} }} }} }} }}"""
AUDIENCE_ALONE = """id name channel purpose createdBy createdAt circles spreaders by grow
  versions { number drawnBy drawnAt validUntil policyVersion members excluded withdrawn expired
    grown likeness { code nameZh nameEn traits { value ofSeed ofEverybody weight } }
    deliveries { receiver begunAt endedAt sent batches } }"""
RECEIVERS = "{ receivers }"
AUDIENCE = f"query ($id: ID!) {{ audience(id: $id) {{ {AUDIENCE_ALONE} }} }}"
AUDIENCES = f"query ($first: Int! = 20) {{ audiences(first: $first) {{ {AUDIENCE_ALONE} }} }}"
AUDIENCE_MEMBERS = f"""query ($id: ID!, $first: Int! = 20, $after: String, $version: Int) {{ audience(id: $id) {{
  members(first: $first, after: $after, version: $version) {{ edges {{ cursor node {{ nodeId }} }} {PAGE_INFO} }} }} }}"""
WATERFALL = """query ($id: ID!) { audience(id: $id) { versions {
  number candidates members riskAt withdrawalReason waterfall { reason count } } } }"""
DRAW_AUDIENCE = f"""mutation ($name: String!, $channel: Channel!, $purpose: String!, $recipe: RecipeInput!) {{
  drawAudience(name: $name, channel: $channel, purpose: $purpose, recipe: $recipe) {{ {AUDIENCE_ALONE} }} }}"""
REDRAW_AUDIENCE = f"mutation ($id: ID!) {{ redrawAudience(id: $id) {{ {AUDIENCE_ALONE} }} }}"
WITHDRAW_AUDIENCE = """mutation ($id: ID!, $version: Int!, $reason: String!) {
  withdrawAudience(id: $id, version: $version, reason: $reason) { versions { number withdrawn withdrawalReason } } }"""
RECORD_CONSENTS = """mutation ($consents: [ConsentInput!]!) { recordConsents(consents: $consents) {
  new known refused { index code message } } }"""
RECORD_CONTACTS = """mutation ($contacts: [ContactInput!]!) { recordContacts(contacts: $contacts) {
  new known refused { index code message } } }"""
CONSENT = "query ($nodeId: ID!) { consent(nodeId: $nodeId) { channel granted since source sent days tooOften } }"
EXPLANATION = f"""query ($nodeId: ID!, $asOf: DateTime) {{ explanation(nodeId: $nodeId, asOf: $asOf) {{
  subjectId customerId applicationId score estimate estimateWithout estimateWithOnly ties {{ customerId identifierId others drop }}
  source modelVersion asOf degraded degradedBecause graph {{ {GRAPH} }} }} }}"""
RUN = "version baseDate status startedAt heardAt by errorCode error changed population coverage"
TAG = f"""code version nameZh nameEn category subcategory type valueType consent schedule owner kind rule computation reads dependants segments
  changedBy changedAt versions {{ version rule changedBy changedAt }} runs {{ {RUN} }}
  figures {{ {RUN} stale distribution {{ value count }} }}"""
TAGS = f"{{ tags {{ {TAG} }} }}"
ONE_TAG = f"query ($code: String!) {{ tag(code: $code) {{ {TAG} }} }}"
TAG_COMPUTATIONS = "{ tagComputations { name nameZh nameEn meansZh meansEn valueType reads risk } }"
CHECK_TAG = """query ($rule: String!, $type: String! = "Customer") { checkTag(rule: $rule, type: $type) {
  valueType reads risk population counts { value count } } }"""
DEFINE_TAG = f"mutation ($input: TagInput!) {{ defineTag(input: $input) {{ {TAG} }} }}"
CHANGE_TAG = f"mutation ($input: TagInput!) {{ changeTag(input: $input) {{ {TAG} }} }}"
SET_TAG = """mutation ($nodeId: ID!, $code: String!, $value: String) { setTag(nodeId: $nodeId, code: $code, value: $value) {
  code value since version source } }"""
DELETE_TAG = "mutation ($code: String!) { deleteTag(code: $code) }"
SEGMENT_COUNT = "rule tree reads segments risk population count steps { rule tree kept dropped }"
SEGMENT_EDITION = "number version baseDate computedAt computedBy members population validUntil open"
SEGMENT = f"""code version name description owner schedule rule tree reads segments dependants risk changedBy changedAt stale
  run {{ version baseDate status startedAt heardAt by errorCode error }} newest {{ {SEGMENT_EDITION} }}"""
SEGMENTS = f"{{ segments {{ {SEGMENT} }} }}"
ONE_SEGMENT = f"""query ($code: ID!) {{ segment(code: $code) {{ {SEGMENT} count {{ {SEGMENT_COUNT} }}
  versions {{ version name rule changedBy changedAt }} editions {{ {SEGMENT_EDITION} }} }} }}"""
COUNT_SEGMENT = f"query ($rule: String, $tree: JSON) {{ countSegment(rule: $rule, tree: $tree) {{ {SEGMENT_COUNT} }} }}"
SEGMENT_DIFFERENCE = """query ($code: ID!, $before: Int! = 1, $after: Int! = 2) { segment(code: $code) {
  difference(before: $before, after: $after) { stayed left joined } } }"""
SEGMENT_REACH = """query ($code: ID!, $channel: Channel! = SMS, $edition: Int) { segment(code: $code) {
  reach(channel: $channel, edition: $edition) { channel members excluded } } }"""
SEGMENT_WATERFALL = """query ($code: ID!, $channel: Channel! = SMS, $edition: Int) { segment(code: $code) {
  reach(channel: $channel, edition: $edition) { candidates members waterfall { reason count } } } }"""
SEGMENT_MEMBERS = """query ($code: ID!, $channel: Channel! = SMS, $first: Int! = 20, $after: String, $edition: Int) { segment(code: $code) {
  members(channel: $channel, first: $first, after: $after, edition: $edition) { edges { cursor node { nodeId } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
DEFINE_SEGMENT = f"mutation ($input: SegmentInput!) {{ defineSegment(input: $input) {{ {SEGMENT} }} }}"
CHANGE_SEGMENT = f"mutation ($input: SegmentInput!) {{ changeSegment(input: $input) {{ {SEGMENT} }} }}"
DELETE_SEGMENT = "mutation ($code: ID!) { deleteSegment(code: $code) }"
COMPUTE_SEGMENT = f"mutation ($code: ID!) {{ computeSegment(code: $code) {{ {SEGMENT} }} }}"
RULE_VOCABULARY = """{ ruleVocabulary { targets { type captionZh captionEn fields { name captionZh captionEn kind open
  choices { value captionZh captionEn } } } ties { type captionZh captionEn to directed } shared blocklist } }"""
PORTRAIT = """query ($nodeId: ID!, $on: Date, $asOf: DateTime) { subjectById(nodeId: $nodeId, asOf: $asOf) { tags portrait(on: $on) {
  code nameZh nameEn category subcategory valueType value version since computedAt source } } }"""
TAG_HISTORY = """query ($nodeId: ID!, $code: String!, $asOf: DateTime) { subjectById(nodeId: $nodeId, asOf: $asOf) {
  tagHistory(code: $code) { value since version computedAt source } } }"""
PATH = """query ($from: ID!, $to: ID!, $k: Int! = 3, $maxHops: Int! = 4, $asOf: DateTime) {
  path(from: $from, to: $to, k: $k, maxHops: $maxHops, asOf: $asOf) {
    nodes { id type caption } edges { id source target type } hops cost sentenceZh sentenceEn } }"""
MACRO_PORTRAIT = """query ($rows: String!, $columns: String, $by: Applied, $segment: String) {
  macroPortrait(rows: $rows, columns: $columns, by: $by, segment: $segment) {
    rows { kind value rule total } columns { kind value rule total } cells { count rowShare columnShare share lift }
    population suppressed overlapping exact sources { code baseDate } segment } }"""
NODE_BY_KEY = f"""query ($type: String!, $key: String!, $asOf: DateTime) {{
  nodeByKey(type: $type, key: $key, asOf: $asOf) {{ {NODE} }} }}"""

EVERYTHING = (
    SUBJECT_BY_NUMBER, RELATION_GRAPH, FULL_GRAPH, FULL_COLUMNS, NODE_BY_ID, SEARCH, NEIGHBOURS, SCHEMA, STATUS, ME, REVEAL,
    DRAW_LINK, ANNOTATE_LINK, RETRACT_LINK, LINK,
    NODE_FACTS, RECORD_LABEL, RECORD_DISPOSITION, BLOCKLIST, ADD_TO_BLOCKLIST, REMOVE_FROM_BLOCKLIST, ASSESS,
    START_JOB, CANCEL_JOB, JOBS, ONE_JOB,
    SCORE, SCORES, RING, RINGS, RING_MEMBERS, EXPLANATION, PATH, NODE_BY_KEY,
    MACRO_PORTRAIT,
    RECORD_CONSENTS, RECORD_CONTACTS, CONSENT, CIRCLE, CIRCLES, CIRCLE_IN_FULL, AUDIENCE, AUDIENCES, AUDIENCE_MEMBERS, WATERFALL,
    DRAW_AUDIENCE, REDRAW_AUDIENCE, WITHDRAW_AUDIENCE, RECEIVERS,
    TAGS, ONE_TAG, TAG_COMPUTATIONS, CHECK_TAG, DEFINE_TAG, CHANGE_TAG, DELETE_TAG,
    SET_TAG, PORTRAIT, TAG_HISTORY,
    SEGMENTS, ONE_SEGMENT, COUNT_SEGMENT, SEGMENT_DIFFERENCE, SEGMENT_REACH, SEGMENT_WATERFALL, SEGMENT_MEMBERS,
    DEFINE_SEGMENT, CHANGE_SEGMENT, DELETE_SEGMENT, COMPUTE_SEGMENT, RULE_VOCABULARY,
)  # fmt: skip

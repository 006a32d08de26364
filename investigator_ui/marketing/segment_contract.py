"""Segments as the API tells of them, and the documents that ask for them."""

from datetime import date, datetime

from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.contract import ANSWER, Json

EDITION = "number version baseDate computedAt computedBy members population validUntil open"
ROW = f"code version name description owner schedule risk stale newest {{ {EDITION} }} run {{ status errorCode error heardAt }}"
COUNTED = "rule tree reads risk population count steps { rule kept dropped }"
WHOLE = f"""{ROW} rule tree reads segments dependants changedBy changedAt count {{ {COUNTED} }}
  versions {{ version name rule changedBy changedAt }} editions(first: 50) {{ {EDITION} }}"""

SEGMENTS = f"query PageSegments {{ segments {{ {ROW} }} }}"
SEGMENT = f"query PageSegment($code: ID!) {{ segment(code: $code) {{ {WHOLE} }} }}"
FORM = """query PageSegmentForm {
  segments { code name }
  tags { code nameZh nameEn valueType type figures { distribution { value } } }
  ruleVocabulary {
    targets { type captionZh captionEn fields { name captionZh captionEn kind open choices { value captionZh captionEn } } }
    ties { type captionZh captionEn to directed } shared blocklist
  }
}"""
COMPUTED = "query PageComputedTags { tags { code nameZh nameEn figures { version } } }"
NAMES = "query PageSegmentNames { segments { code name } }"
RULE = "query PageSegmentRule($code: ID!) { segment(code: $code) { code name description owner schedule rule tree } }"
COUNT = f"query PageCountSegment($rule: String, $tree: JSON) {{ countSegment(rule: $rule, tree: $tree) {{ {COUNTED} tree }} }}"
DIFFERENCE = """query PageSegmentDifference($code: ID!, $before: Int!, $after: Int!) {
  segment(code: $code) { difference(before: $before, after: $after) { stayed left joined } }
}"""
REACH = """query PageSegmentReach($code: ID!, $channel: Channel!, $edition: Int) {
  segment(code: $code) { reach(channel: $channel, edition: $edition) { members excluded } }
}"""
WATERFALL = """query PageSegmentWaterfall($code: ID!, $channel: Channel!, $edition: Int) {
  segment(code: $code) { reach(channel: $channel, edition: $edition) { candidates members excluded waterfall { reason count } } }
}"""
DEFINE = "mutation PageDefineSegment($input: SegmentInput!) { defineSegment(input: $input) { code } }"
CHANGE = "mutation PageChangeSegment($input: SegmentInput!) { changeSegment(input: $input) { code } }"
DELETE = "mutation PageDeleteSegment($code: ID!) { deleteSegment(code: $code) }"

TAG_READ = "tag "  # begins what a rule reads of a tag

DOCUMENTS = {
    "PageSegments": SEGMENTS,
    "PageSegment": SEGMENT,
    "PageSegmentForm": FORM,
    "PageComputedTags": COMPUTED,
    "PageSegmentNames": NAMES,
    "PageSegmentRule": RULE,
    "PageCountSegment": COUNT,
    "PageSegmentDifference": DIFFERENCE,
    "PageSegmentReach": REACH,
    "PageSegmentWaterfall": WATERFALL,
    "PageDefineSegment": DEFINE,
    "PageChangeSegment": CHANGE,
    "PageDeleteSegment": DELETE,
}


@dataclass(frozen=True, slots=True, config=ANSWER)
class Edition:
    """`members` None: too few to tell."""

    number: int
    version: int
    base_date: date
    computed_at: datetime
    computed_by: str
    population: int
    valid_until: datetime
    open: bool
    members: int | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Run:
    status: str
    heard_at: datetime
    error_code: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Row:
    """A segment in the list."""

    code: str
    version: int
    name: str
    description: str
    owner: str
    schedule: str
    risk: bool
    stale: bool
    newest: Edition | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Step:
    rule: str
    kept: int | None = None
    dropped: int | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Counted:
    """Whom a rule reaches, condition by condition; None: too few to tell."""

    rule: str
    tree: Json
    risk: bool
    population: int
    reads: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    count: int | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Computed:
    version: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class NamedSegment:
    code: str
    name: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class NamedTag:
    """`figures`: None where it was never computed."""

    code: str
    name_zh: str
    name_en: str
    figures: Computed | None = None

    @property
    def computed(self) -> bool:
        return self.figures is not None

    def name(self, lang: Language) -> str:
        return self.name_zh if lang == "zh" else words.capital(self.name_en)


@dataclass(frozen=True, slots=True, config=ANSWER)
class Version:
    version: int
    name: str
    rule: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, config=ANSWER)
class Segment(Row):
    """A segment on its own page."""

    rule: str = ""
    tree: Json = None
    reads: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    dependants: tuple[str, ...] = ()
    changed_by: str = ""
    changed_at: datetime | None = None
    count: Counted | None = None
    versions: tuple[Version, ...] = ()
    editions: tuple[Edition, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Written:
    """What the form changes."""

    code: str
    name: str
    description: str
    owner: str
    schedule: str
    rule: str
    tree: Json = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class Exclusion:
    reason: str
    count: int


@dataclass(frozen=True, slots=True, config=ANSWER)
class Reach:
    members: int | None = None
    excluded: int | None = None
    candidates: int | None = None
    waterfall: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Captioned:
    caption_zh: str
    caption_en: str

    def caption(self, lang: Language) -> str:
        return self.caption_zh if lang == "zh" else self.caption_en


@dataclass(frozen=True, slots=True, config=ANSWER)
class Choice(Captioned):
    value: str


@dataclass(frozen=True, slots=True, config=ANSWER)
class Field(Captioned):
    name: str
    kind: str
    open: bool = False
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Target(Captioned):
    type: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, config=ANSWER)
class Tie(Captioned):
    type: str
    to: tuple[str, ...]
    directed: bool


@dataclass(frozen=True, slots=True, config=ANSWER)
class Vocabulary:
    targets: tuple[Target, ...]
    ties: tuple[Tie, ...]
    shared: tuple[str, ...]
    blocklist: bool

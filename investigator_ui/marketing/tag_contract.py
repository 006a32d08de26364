"""Tags as the API tells of them, and the documents that ask for them."""

from datetime import date, datetime

from pydantic.dataclasses import dataclass

from investigator_ui import words
from investigator_ui.address import Language
from investigator_ui.contract import ANSWER

RUN = "version baseDate status startedAt heardAt by errorCode error changed population coverage"
FIGURES = f"figures {{ {RUN} stale distribution {{ value count }} }}"
ROW = f"code version nameZh nameEn category subcategory type valueType consent schedule owner kind {FIGURES}"
VERSIONS = "versions { version rule changedBy changedAt }"
WHOLE = f"{ROW} rule computation reads dependants segments changedBy changedAt {VERSIONS} runs {{ {RUN} }}"
COMPUTATION = "name nameZh nameEn meansZh meansEn valueType reads risk"

TAGS = f"query PageTags {{ tags {{ {ROW} }} }}"
TAG = f"query PageTag($code: String!) {{ tag(code: $code) {{ {WHOLE} }} tags {{ code nameZh nameEn }} tagComputations {{ {COMPUTATION} }} }}"
COMPUTATIONS = f"query PageTagComputations {{ tagComputations {{ {COMPUTATION} }} }}"
CHECK = """query PageCheckTag($rule: String!, $type: String!) {
  checkTag(rule: $rule, type: $type) { valueType reads risk population counts { value count } }
}"""
DEFINE = "mutation PageDefineTag($input: TagInput!) { defineTag(input: $input) { code } }"
CHANGE = "mutation PageChangeTag($input: TagInput!) { changeTag(input: $input) { code } }"
DELETE = "mutation PageDeleteTag($code: String!) { deleteTag(code: $code) }"

DOCUMENTS = {
    "PageTags": TAGS,
    "PageTag": TAG,
    "PageTagComputations": COMPUTATIONS,
    "PageCheckTag": CHECK,
    "PageDefineTag": DEFINE,
    "PageChangeTag": CHANGE,
    "PageDeleteTag": DELETE,
}


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagShare:
    """None: too few to tell."""

    value: str
    count: int | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagRun:
    """One run of a tag; `heard_at` is its end, where it has ended. Numbers are None where they are too small to tell."""

    version: int
    base_date: date
    status: str
    started_at: datetime
    heard_at: datetime
    by: str
    population: int
    error_code: str | None = None
    error: str | None = None
    changed: int | None = None
    coverage: int | None = None


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagFigures(TagRun):
    """Its last run, with who has which value."""

    stale: bool = False
    distribution: tuple[TagShare, ...] = ()


@dataclass(frozen=True, slots=True, config=ANSWER)
class Computation:
    """What a tag of kind COMPUTED may have its values from."""

    name: str
    name_zh: str
    name_en: str
    means_zh: str
    means_en: str
    value_type: str
    risk: bool
    reads: tuple[str, ...] = ()

    def named(self, lang: Language) -> str:
        return self.name_zh if lang == "zh" else words.capital(self.name_en)

    def means(self, lang: Language) -> str:
        return self.means_zh if lang == "zh" else self.means_en


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagRow:
    """A tag in the market."""

    code: str
    version: int
    name_zh: str
    name_en: str
    category: str
    subcategory: str
    type: str
    value_type: str
    consent: str
    schedule: str
    kind: str
    owner: str = ""
    figures: TagFigures | None = None

    def name(self, lang: Language) -> str:
        return self.name_zh if lang == "zh" else words.capital(self.name_en)


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagVersion:
    version: int
    rule: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, config=ANSWER)
class WholeTag(TagRow):
    """A tag on its own page."""

    rule: str = ""
    computation: str = ""
    reads: tuple[str, ...] = ()
    dependants: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()  # codes of those that read it
    changed_by: str = ""
    changed_at: datetime | None = None
    versions: tuple[TagVersion, ...] = ()
    runs: tuple[TagRun, ...] = ()  # the newest first


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagName:
    code: str
    name_zh: str
    name_en: str

    def name(self, lang: Language) -> str:
        return self.name_zh if lang == "zh" else words.capital(self.name_en)


@dataclass(frozen=True, slots=True, config=ANSWER)
class TagCheck:
    """What a rule means and whom it would reach."""

    value_type: str
    risk: bool
    population: int
    reads: tuple[str, ...] = ()
    counts: tuple[TagShare, ...] = ()

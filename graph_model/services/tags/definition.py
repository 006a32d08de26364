"""The dictionary entry of a tag: what it is called, whom it is for, where its values come from, who may know it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import orjson


class TagKind(StrEnum):
    RULE = "rule"  # computed from a rule in our language
    COMPUTED = "computed"  # by one of the computations of `computed.CATALOGUE`
    IMPORTED = "imported"  # values come in files
    MANUAL = "manual"  # values are given by people, one node at a time

    @property
    def is_given(self) -> bool:
        """Whether its values come from elsewhere, and not with `guanxi tags compute`."""
        return self in (TagKind.IMPORTED, TagKind.MANUAL)


class ValueType(StrEnum):
    BOOL = "bool"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"


class ConsentClass(StrEnum):
    """What a tag may be used for, and so who knows that it is there."""

    SERVICE = "service"  # for serving the customer; no consent is asked for
    MARKETING = "marketing"  # used on those only who consented to marketing
    RISK = "risk"  # says something of risk: for those who may see risk, and never for marketing


class Schedule(StrEnum):
    DAILY = "daily"  # with every `guanxi tags compute`
    MANUAL = "manual"  # when it is asked for by name


Plain = str | float | bool | date  # a tag's value


@dataclass(frozen=True, slots=True)
class Reads:
    """Lineage: what a rule reads. `risk` where any of it says something of risk."""

    properties: Sequence[str] = ()  # such as Application.amount
    relationships: Sequence[str] = ()
    identifiers: Sequence[str] = ()  # whose sharing is counted
    tags: Sequence[str] = ()
    risk: bool = False

    @property
    def everything(self) -> list[str]:
        return [*self.properties, *self.relationships, *self.identifiers, *(f"tag {code}" for code in self.tags)]


_READ = ("properties", "relationships", "identifiers", "tags")


@dataclass(frozen=True, slots=True)
class TagDefinition:
    """One version of a tag. `label` is the type of node it is about; `rule` the text of a rule tag, `computation` the name of a computed one's."""

    code: str
    version: int
    name_zh: str
    name_en: str
    category: str  # 一级标签
    subcategory: str  # 二级标签
    label: str
    kind: TagKind
    value_type: ValueType
    consent: ConsentClass
    schedule: Schedule
    owner: str
    changed_by: str
    changed_at: datetime
    rule: str = ""
    computation: str = ""
    reads: Reads = Reads()

    def dump(self) -> str:
        return orjson.dumps(self).decode()

    @classmethod
    def parse(cls, text: str) -> "TagDefinition":
        kept: Mapping[str, Any] = orjson.loads(text)
        reads: Mapping[str, Any] = kept["reads"]
        return cls(
            **{name: kept[name] for name in ("code", "version", "name_zh", "name_en", "category", "subcategory")},
            label=kept["label"],
            kind=TagKind(kept["kind"]),
            value_type=ValueType(kept["value_type"]),
            consent=ConsentClass(kept["consent"]),
            schedule=Schedule(kept["schedule"]),
            owner=kept["owner"],
            changed_by=kept["changed_by"],
            changed_at=datetime.fromisoformat(kept["changed_at"]),
            rule=kept["rule"],
            computation=kept.get("computation", ""),  # tags of before there were any have none
            reads=Reads(**{name: tuple(reads[name]) for name in _READ}, risk=reads["risk"]),
        )

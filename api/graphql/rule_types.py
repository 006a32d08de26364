"""GraphQL types of what a builder of rules offers."""

from enum import Enum

import strawberry

from graph_model.services.segments.vocabulary import Field, Target, Tie, Vocabulary


@strawberry.enum(
    description="How a property is compared. DAY: by its day, or the days since or until. AGE: only the years since may be asked."
)
class RuleKind(Enum):
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    FLAG = "flag"
    AGE = "age"


@strawberry.type(description="A value that has words.")
class RuleChoice:
    value: str
    caption_zh: str
    caption_en: str


@strawberry.type
class RuleField:
    name: str
    caption_zh: str
    caption_en: str
    kind: RuleKind
    choices: list[RuleChoice] = strawberry.field(description="Values that have words.")
    open: bool = strawberry.field(description="There may be other values, too.")

    @classmethod
    def of(cls, field: Field) -> "RuleField":
        return cls(
            name=field.name,
            caption_zh=field.caption.zh,
            caption_en=field.caption.en,
            kind=RuleKind(field.kind.value),
            choices=[RuleChoice(value=value, caption_zh=zh, caption_en=en) for value, zh, en in field.choices],
            open=field.open,
        )


@strawberry.type(description="A type of node, and what may be asked of one.")
class RuleTarget:
    type: str
    caption_zh: str
    caption_en: str
    fields: list[RuleField]

    @classmethod
    def of(cls, target: Target) -> "RuleTarget":
        return cls(
            type=target.label,
            caption_zh=target.caption.zh,
            caption_en=target.caption.en,
            fields=[RuleField.of(each) for each in target.fields],
        )


@strawberry.type(description="A type of relationship that customers have, to which types of node.")
class RuleTie:
    type: str
    caption_zh: str
    caption_en: str
    to: list[str]
    directed: bool = strawberry.field(description="It leads from customer to customer.")

    @classmethod
    def of(cls, tie: Tie) -> "RuleTie":
        return cls(
            type=tie.type, caption_zh=tie.caption.zh, caption_en=tie.caption.en, to=list(tie.to), directed=tie.directed
        )


@strawberry.type(description="What rules about customers may name, beside tags and segments, as far as you may see.")
class RuleVocabulary:
    targets: list[RuleTarget] = strawberry.field(description="The customer first.")
    ties: list[RuleTie]
    shared: list[str] = strawberry.field(description="Types of node that several customers may have in common.")
    blocklist: bool = strawberry.field(description="Rules may ask who is blocklisted.")

    @classmethod
    def of(cls, found: Vocabulary) -> "RuleVocabulary":
        return cls(
            targets=[RuleTarget.of(each) for each in found.targets],
            ties=[RuleTie.of(each) for each in found.ties],
            shared=list(found.shared),
            blocklist=found.blocklist,
        )

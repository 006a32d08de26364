"""A file of tags (TOML): what `guanxi tags load` reads. The edge of the dictionary: names and choices are checked here, rules there."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from graph_model.errors import InvalidRequest
from graph_model.services.tags.definition import ConsentClass, Schedule, TagKind, ValueType
from graph_model.services.tags.dictionary import Draft


class _Tag(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str
    name_zh: str
    name_en: str
    category: str
    subcategory: str
    rule: str = ""
    kind: TagKind = TagKind.RULE
    computation: str = ""
    type: str = "Customer"
    value_type: ValueType | None = None
    consent: ConsentClass = ConsentClass.MARKETING
    schedule: Schedule = Schedule.DAILY
    owner: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tag: list[_Tag]


def read_drafts(path: Path) -> list[Draft]:
    """Raises InvalidRequest tag.file with the place of what is wrong; OSError for a file that can't be read."""
    try:
        kept = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InvalidRequest(f"{path.name} is no TOML in UTF-8: {exc}.", code="tag.file") from exc
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise InvalidRequest(f"{path.name}: {wrong}.", code="tag.file") from exc
    return [Draft(label=tag.type, **tag.model_dump(exclude={"type"})) for tag in kept.tag]

"""The catalogue of computations that tags of kind computed have their values from: what each says, reads and gives, in words. Pure.

What says something of risk is marked so in `Reads`, and tags of it are of class risk. Whoever may not see risk finds no such computation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from graph_model.errors import InvalidRequest
from graph_model.principal import Principal, Right
from graph_model.schema import SCHEMA
from graph_model.services.tags import computed_columns as columns
from graph_model.services.tags.computed_columns import FEW_USE, MONTH, Book
from graph_model.services.tags.definition import Reads, ValueType
from graph_model.tagging import ValueColumn

LABEL = "Customer"  # whom all of them are about


@dataclass(frozen=True, slots=True)
class Computation:
    """One computation over all customers. `means_zh` and `means_en` say in a sentence what a value tells, and who has none."""

    name: str
    name_zh: str
    name_en: str
    means_zh: str
    means_en: str
    value_type: ValueType
    reads: Reads
    column: Callable[[Book], ValueColumn]


_REFERRED = Reads(relationships=("REFERRED",))
_USES = Reads(identifiers=SCHEMA.identifiers, risk=True)

_ALL = (
    Computation(
        "referral.brought_in",
        "直接带来人数",
        "people brought in",
        "本人作为首位推荐人带来的客户数；没有带来过人的没有此值。",
        "Customers whose first referrer this one was. Nobody brought in: no value.",
        ValueType.NUMBER,
        _REFERRED,
        columns.brought_in,
    ),
    Computation(
        "referral.brought_applicants",
        "带来的申请人数",
        "applicants brought in",
        "直接带来的客户中，被带来之后申请过的人数；一个都没有的没有此值。",
        "Of those brought in directly, how many applied after they were. None: no value.",
        ValueType.NUMBER,
        Reads(relationships=("REFERRED", "APPLIED")),
        columns.brought_applicants,
    ),
    Computation(
        "referral.reach",
        "触达人数",
        "reach",
        "直接和经他人带来的客户总数；没有带来过人的没有此值。",
        "Customers brought in directly and through others. Nobody brought in: no value.",
        ValueType.NUMBER,
        _REFERRED,
        columns.reach,
    ),
    Computation(
        "referral.influence",
        "推荐影响力",
        "influence",
        "推荐网络上的个性化 PageRank，推荐圈中人均为 1，精确到十分之一；从所有人均等出发，不含申请结果。没有带来过人的没有此值。",
        "PageRank over referrals in tenths, 1 being the average of all circles. It starts at everybody alike, so nothing of what became of "
        "applications is in it. Nobody brought in: no value.",
        ValueType.NUMBER,
        _REFERRED,
        columns.spread,
    ),
    Computation(
        "referral.depth",
        "推荐层级",
        "depth",
        "距推荐圈起点的层数，起点为 0；不在任何推荐圈的没有此值。",
        "Steps from who was first in their circle, who has 0. In no circle: no value.",
        ValueType.NUMBER,
        _REFERRED,
        columns.depth,
    ),
    Computation(
        "referral.role",
        "推荐角色",
        "role in the circle",
        "first：推荐圈起点；carrier：被带来且又带来别人；last：被带来但没有带来别人。不在任何推荐圈的没有此值。",
        "first: began a circle; carrier: was brought in and brings others in; last: was brought in and brought in nobody. In no circle: no value.",
        ValueType.TEXT,
        _REFERRED,
        columns.role,
    ),
    Computation(
        "referral.circle_size",
        "推荐圈规模",
        "size of the circle",
        "所在推荐圈人数，取整到 5；少于 10 人的推荐圈没有此值。",
        "How many are in their circle, to the nearest five. In a circle of fewer than ten, or none: no value.",
        ValueType.NUMBER,
        _REFERRED,
        columns.circle_size,
    ),
    Computation(
        "activity.months_since_application",
        "距上次申请月数",
        "months since the last application",
        f"距最近一次申请的月数，每 {MONTH} 天为一个月；从未申请的没有此值。",
        f"Months of {MONTH} days since the last application was first seen. Never applied: no value.",
        ValueType.NUMBER,
        Reads(relationships=("APPLIED",)),
        columns.months_since_application,
    ),
    Computation(
        "relations.component_size",
        "关联群规模",
        "connected customers",
        f"通过不超过 {FEW_USE} 人使用的共用标识（电话、设备、账户等）连在一起的客户数，含本人；没有共用的没有此值。",
        f"Customers who hang together by identifiers that no more than {FEW_USE} of them use, this one included. Nothing shared: no value.",
        ValueType.NUMBER,
        _USES,
        columns.component_size,
    ),
    Computation(
        "relations.ring_size",
        "团伙规模",
        "size of the ring",
        "最近一次全量评分中所在团伙的人数；不在团伙中的没有此值。",
        "How many are in their ring, by the newest scoring of everybody. In no ring: no value.",
        ValueType.NUMBER,
        Reads(properties=("Customer.ring_id",), risk=True),
        columns.ring_size,
    ),
    Computation(
        "referral.suspect_referrals",
        "可疑推荐数",
        "suspect referrals",
        "本人作出的循环推荐，以及推荐了使用本人电话、设备或账户的人的次数；没有的没有此值。",
        "Own referrals that lead round to where they began, or of who uses the referrer's own phone, device or account. None: no value.",
        ValueType.NUMBER,
        Reads(relationships=("REFERRED",), identifiers=("Phone", "Device", "BankAccount"), risk=True),
        columns.abused_referrals,
    ),
)
CATALOGUE: Mapping[str, Computation] = {each.name: each for each in _ALL}


def catalogue(principal: Principal) -> Sequence[Computation]:
    """Those that the principal may know of."""
    principal.require(Right.SEE_TAGS)
    return [each for each in _ALL if principal.may(Right.SEE_RISK) or not each.reads.risk]


def one(principal: Principal, name: str) -> Computation:
    """Raises InvalidRequest tag.computation for one that is not there, or that the principal may not know of."""
    known = {each.name: each for each in catalogue(principal)}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        meant = f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(known)}."
        raise InvalidRequest(f"There is no such computation. {meant}", code="tag.computation")
    return known[name]


def column(name: str, book: Book) -> ValueColumn:
    """What a computation says of everybody. Raises InvalidRequest tag.computation for one that there is no more."""
    if name not in CATALOGUE:
        raise InvalidRequest(
            f"There is no computation {name} any more. Define another tag in place of this one.", code="tag.computation"
        )
    return CATALOGUE[name].column(book)

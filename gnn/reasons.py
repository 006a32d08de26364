"""Reasons: the documented list of why a score is high, and their sentences in Chinese and English. Light to import; the numbers come stored.

A reason is kept as code, weight and values; `render` makes the sentence. The list is in docs/scoring.md, and a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from gnn.arrays.channels import CHANNELS, Channel
from graph_model.errors import UnknownName
from graph_model.records import Reason
from graph_model.schema import Caption

MAX_REASONS = 5

Value = float | int | str


@dataclass(frozen=True, slots=True)
class ReasonKind:
    """One entry of the list. `values` are the numbers its sentence holds, by name, and the feature each is read from. It is only given
    where the feature `needs` is at least `least`: a sentence about nobody is no reason. `columns` are the features whose share it takes;
    one that ends with * stands for all that begin so."""

    code: str
    text: Caption
    values: Mapping[str, str]
    needs: str
    columns: tuple[str, ...]
    least: float = 1.0

    def covers(self, column: str) -> bool:
        return any(column.startswith(c[:-1]) if c.endswith("*") else column == c for c in self.columns)


_SHARED = {
    "uses_phone": ("SHARED_PHONE", Caption("电话", "a phone")),
    "uses_device": ("SHARED_DEVICE", Caption("设备", "a device")),
    "has_address_home": ("SHARED_HOME_ADDRESS", Caption("居住地址", "a home address")),
    "has_address_work": ("SHARED_WORK_ADDRESS", Caption("单位地址", "a work address")),
    "has_address_delivery": ("SHARED_DELIVERY_ADDRESS", Caption("收货地址", "a delivery address")),
    "has_account_pay_in": ("SHARED_REPAYMENT_ACCOUNT", Caption("还款账户", "a repayment account")),
    "has_account_pay_out": ("SHARED_PAYOUT_ACCOUNT", Caption("放款账户", "a pay-out account")),
    "works_at": ("SHARED_EMPLOYER", Caption("工作单位", "an employer")),
    "has_social": ("SHARED_SOCIAL_ACCOUNT", Caption("社交账号", "a social account")),
    "has_email": ("SHARED_EMAIL", Caption("邮箱", "an e-mail address")),
    "uses_ip": ("SHARED_IP", Caption("IP 地址", "an IP address")),
    "emergency_contact": ("SHARED_CONTACT", Caption("紧急联系人电话", "an emergency contact's phone")),
    "referred": ("REFERRAL_CIRCLE", Caption("推荐关系", "a referrer")),
    "guarantees": ("GUARANTEE_CIRCLE", Caption("担保关系", "a guarantor")),
}
_SHARED_MEASURES = ("others", "fraud", "refused", "recent_7d", "recent_30d", "gap_days")


def _shared(channel: Channel) -> ReasonKind:
    name = channel.name
    code, what = _SHARED.get(name, (f"SHARED_{name.upper()}", Caption(name, name)))
    return ReasonKind(
        code,
        Caption(
            f"与 {{others}} 名其他客户共用{what.zh}，其中 {{refused}} 名曾被拒绝，{{fraud}} 名已确认欺诈，{{recent}} 名在近 30 天内出现",
            f"Shares {what.en} with {{others}} other customers: {{refused}} refused, {{fraud}} confirmed fraud, "
            f"{{recent}} new within 30 days",
        ),
        {
            "others": f"{name}_others",
            "refused": f"{name}_refused",
            "fraud": f"{name}_fraud",
            "recent": f"{name}_recent_30d",
        },
        needs=f"{name}_others",
        columns=tuple(f"{name}_{measure}" for measure in _SHARED_MEASURES),
    )


_OTHERS = (
    ReasonKind(
        "CONFIRMED_FRAUD",
        Caption(
            "本人有 {own_fraud} 笔申请已确认欺诈", "{own_fraud} of the customer's own applications are confirmed fraud"
        ),
        {"own_fraud": "own_fraud"},
        needs="own_fraud",
        columns=("own_fraud",),
    ),
    ReasonKind(
        "NEAR_FRAUD",
        Caption(
            "有共用信息的 {near} 名客户中，{near_fraud} 名已确认欺诈，{near_default} 名早期违约",
            "Of {near} customers who share identifiers, {near_fraud} are confirmed fraud and {near_default} defaulted early",
        ),
        {"near": "near", "near_fraud": "near_fraud", "near_default": "near_default"},
        needs="near_fraud",
        columns=("near_fraud", "near_fraud_share", "near_default", "near_good"),
    ),
    ReasonKind(
        "NEAR_REFUSED",
        Caption(
            "有共用信息的 {near} 名客户中，{near_refused} 名曾被拒绝",
            "Of {near} customers who share identifiers, {near_refused} were refused",
        ),
        {"near": "near", "near_refused": "near_refused"},
        needs="near_refused",
        columns=("near_refused", "near_refused_share"),
    ),
    ReasonKind(
        "FAR_FRAUD",
        Caption(
            "两步之外的 {far} 名客户中，{far_fraud} 名已确认欺诈，{far_refused} 名曾被拒绝",
            "Two steps away, {far_fraud} of {far} customers are confirmed fraud and {far_refused} were refused",
        ),
        {"far": "far", "far_fraud": "far_fraud", "far_refused": "far_refused"},
        needs="far",
        columns=("far*",),
    ),
    ReasonKind(
        "STRANGERS",
        Caption(
            "与 {strangers} 名非亲非故者共用设备、账户等信息，其中 {strangers_fraud} 名已确认欺诈，{applied} 笔申请在近 30 天内",
            "Shares means with {strangers} people with whom nothing of everyday life is shared: {strangers_fraud} confirmed fraud, "
            "{applied} applications within 30 days",
        ),
        {"strangers": "strangers", "strangers_fraud": "strangers_fraud", "applied": "strangers_applied_30d"},
        needs="strangers",
        columns=("strangers*",),
    ),
    ReasonKind(
        "CLOSE_TIES",
        Caption(
            "与 {near} 名客户有共用信息，其中 {near_several} 名共用两项以上",
            "Tied to {near} customers, {near_several} of them by two identifiers or more",
        ),
        {"near": "near", "near_several": "near_several"},
        needs="near",
        columns=(
            "near",
            "near_strength",
            "near_strongest",
            "near_several",
            "near_most_shared",
            "near_kinds",
            "near_closure",
            "near_tenure_days",
            "near_age_gap",
        ),
    ),
    ReasonKind(
        "BURST",
        Caption(
            "有共用信息的客户近 7 天提交 {week} 笔申请，近 30 天 {month} 笔",
            "Customers who share identifiers made {week} applications within 7 days and {month} within 30 days",
        ),
        {"week": "near_applied_7d", "month": "near_applied_30d"},
        needs="near_applied_30d",
        columns=("near_applied_1d", "near_applied_7d", "near_applied_30d", "near_applied_90d"),
    ),
    ReasonKind(
        "ALIKE",
        Caption(
            "有共用信息的客户申请雷同：{product} 名申请同一产品，{channel} 名来自同一渠道",
            "Customers who share identifiers apply alike: {product} for the same product, {channel} through the same channel",
        ),
        {"product": "near_same_product", "channel": "near_same_channel"},
        needs="near",
        columns=("near_same_product", "near_same_channel", "near_amount_gap", "near_amount_spread"),
    ),
    ReasonKind(
        "RING",
        Caption(
            "关联到一个另有 {size} 名成员的团伙，其中 {fraud} 名已确认欺诈",
            "Tied to a ring of {size} other customers, {fraud} of them confirmed fraud",
        ),
        {"size": "ring_size", "fraud": "ring_fraud"},
        needs="ring_size",
        columns=("ring*",),
    ),
    ReasonKind(
        "MANY_IDENTIFIERS",
        Caption(
            "本人使用 {phones} 个电话、{devices} 台设备、{accounts} 个放款账户",
            "Uses {phones} phones, {devices} devices and {accounts} pay-out accounts",
        ),
        {"phones": "uses_phone_own", "devices": "uses_device_own", "accounts": "has_account_pay_out_own"},
        needs="uses_phone_own",
        columns=tuple(f"{channel.name}_own" for channel in CHANNELS),
    ),
    ReasonKind(
        "CHANGED_IDENTIFIERS",
        Caption(
            "本次申请更换了 {changed} 项联系或账户信息",
            "This application came with {changed} new phones, devices or accounts",
        ),
        {"changed": "changed"},
        needs="changed",
        columns=("changed",),
    ),
    ReasonKind(
        "OWN_HISTORY",
        Caption(
            "本人另有 {own_applications} 笔申请，{own_refused} 笔被拒绝，{own_default} 笔早期违约",
            "Has {own_applications} other applications: {own_refused} refused, {own_default} early defaults",
        ),
        {"own_applications": "own_applications", "own_refused": "own_refused", "own_default": "own_default"},
        needs="own_applications",
        columns=(
            "own_applications",
            "own_applied_30d",
            "own_gap_days",
            "own_amount_step",
            "own_refused",
            "own_default",
            "own_good",
        ),
    ),
    ReasonKind(
        "APPLICATION_FORM",
        Caption(
            "申请要素（金额 {amount}、期限 {term} 个月、{hour} 点提交）与以往欺诈相近",
            "What was applied for (amount {amount}, {term} months, at {hour} o'clock) resembles earlier fraud",
        ),
        {
            "amount": "application_amount",
            "term": "application_term_months",
            "hour": "application_applied_at_hour",
        },
        needs="application_amount",
        columns=("application*",),
    ),
    ReasonKind(
        "CUSTOMER_PROFILE",
        Caption(
            "客户属性（{age} 岁、注册 {tenure} 天）与以往欺诈相近",
            "The customer's profile (aged {age}, known for {tenure} days) resembles earlier fraud",
        ),
        {"age": "customer_birth_date_years", "tenure": "customer_tenure_days"},
        needs="customer_birth_date_years",
        columns=("customer*",),
    ),
)


@cache
def reason_kinds() -> Mapping[str, ReasonKind]:
    """The list, by code."""
    return {kind.code: kind for kind in (*(_shared(channel) for channel in CHANNELS), *_OTHERS)}


def render(reason: Reason, language: str) -> str:
    """The reason's sentence; `zh…` gives Chinese, anything else English. Raises UnknownName for a code that is not on the list."""
    kind = reason_kinds().get(reason.code)
    if kind is None:
        raise UnknownName(f"There is no reason {reason.code}. There are: {', '.join(reason_kinds())}.")
    values = {name: _number(reason.values.get(name)) for name in kind.values}
    return kind.text.text(language).format_map(values)


def _number(value: Value | None) -> str:
    if value is None:
        return "?"
    return value if isinstance(value, str) else f"{value:,.0f}"

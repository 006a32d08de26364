"""The declaration: every node type, relationship type and kind of fact of the product. Change it here and nowhere else."""

from graph_model.schema.declaration import Caption, FactKind, NodeType, Property, RelationshipType, Schema
from graph_model.schema.identifiers import (
    AccountNumber,
    AddressKey,
    ApplicationId,
    DeviceFingerprint,
    EmailAddress,
    EmployerKey,
    IpAddressText,
    PhoneNumber,
    ResidentId,
    SocialHandle,
)
from graph_model.schema.property_types import Choice, Day, Flag, Moment, Money, PersonName, Text, Whole

SEX = Choice((("female", "女", "female"), ("male", "男", "male")))
EDUCATION = Choice(
    (
        ("primary", "小学", "primary school"),
        ("middle", "初中", "middle school"),
        ("high", "高中", "high school"),
        ("college", "大专", "college"),
        ("bachelor", "本科", "bachelor"),
        ("master", "硕士", "master"),
        ("doctor", "博士", "doctor"),
    )
)
MARITAL_STATUS = Choice(
    (
        ("single", "未婚", "single"),
        ("married", "已婚", "married"),
        ("divorced", "离异", "divorced"),
        ("widowed", "丧偶", "widowed"),
    )
)
OUTCOME = Choice((("approved", "通过", "approved"), ("refused", "拒绝", "refused"), ("withdrawn", "撤回", "withdrawn")))
STATUS = Choice(
    (
        ("registered", "注册", "registered"),
        ("lead_left", "留资", "lead left"),
        ("applied", "申请", "applied"),
        ("approved", "授信通过", "approved"),
        ("refused", "拒绝", "refused"),
        ("drawn", "用信", "drawn"),
        ("repaid", "结清", "repaid"),
        ("overdue", "逾期", "overdue"),
    )
)
LABEL = Choice(
    (
        ("confirmed_fraud", "确认欺诈", "confirmed fraud"),
        ("early_default", "早期违约", "early default"),
        ("good", "正常", "good"),
        ("unknown", "未知", "unknown"),
    )
)
CONSENT_CHANNEL = Choice(
    (("sms", "短信", "SMS"), ("call", "电话", "call"), ("email", "邮件", "e-mail"), ("push", "推送", "push"))
)
DISPOSITION = Choice(
    (
        ("confirmed_fraud", "确认欺诈", "confirmed fraud"),
        ("suspicious", "存疑", "suspicious"),
        ("cleared", "排除嫌疑", "cleared"),
        ("inconclusive", "无法判定", "inconclusive"),
    )
)
BLOCKLIST = Choice((("listed", "列入", "listed"), ("removed", "移出", "removed")))
DECISION = Choice((("approve", "通过", "approve"), ("review", "人工复核", "review"), ("decline", "拒绝", "decline")))
CONTACT = Choice((("sent", "已触达", "sent"), ("failed", "未送达", "failed")))
CONSENT = Choice((("yes", "同意", "yes"), ("no", "不同意", "no")))
ADDRESS_KIND = Choice((("home", "居住", "home"), ("work", "单位", "work"), ("delivery", "收货", "delivery")))
ACCOUNT_ROLE = Choice((("pay_in", "还款", "pay-in"), ("pay_out", "放款", "pay-out")))

PRODUCT = Text(
    known=(
        ("cash_loan", "现金贷", "cash loan"),
        ("instalment", "消费分期", "instalment"),
        ("credit_line", "循环额度", "credit line"),
        ("education_loan", "教育贷", "education loan"),
        ("car_title_loan", "车抵贷", "car title loan"),
    )
)
CARRIER = Text(
    known=(
        ("China Mobile", "中国移动", "China Mobile"),
        ("China Telecom", "中国电信", "China Telecom"),
        ("China Unicom", "中国联通", "China Unicom"),
        ("China Broadnet", "中国广电", "China Broadnet"),
    )
)
CHANNEL = Text(
    known=(
        ("app", "手机应用", "app"),
        ("web", "网页", "web"),
        ("store", "门店", "store"),
        ("agent", "代理人", "agent"),
        ("partner", "合作方", "partner"),
        ("call", "电话", "call"),
    )
)

NODES = (
    NodeType(
        "Customer",
        Caption("客户", "customer"),
        Property("id_number", ResidentId(), Caption("身份证号", "ID number"), personal=True),
        (
            Property("name", PersonName(), Caption("姓名", "name"), personal=True, searchable=True),
            Property("sex", SEX, Caption("性别", "sex"), feature=True),
            Property("birth_date", Day(), Caption("出生日期", "date of birth"), personal=True, feature=True),
            Property("id_expiry_date", Day(long_term=True), Caption("证件有效期", "ID expiry date")),
            Property("education", EDUCATION, Caption("学历", "education"), feature=True),
            Property("marital_status", MARITAL_STATUS, Caption("婚姻状况", "marital status"), feature=True),
            Property("mobile_carrier", CARRIER, Caption("运营商", "mobile carrier"), feature=True),
        ),
        shape="ellipse",
        icon="user",
        title="name",
    ),
    NodeType(
        "Phone",
        Caption("电话", "phone"),
        Property("number", PhoneNumber(), Caption("电话号码", "phone number"), personal=True),
        (Property("invalid", Flag(), Caption("号码无效", "invalid number")),),  # told of kept `raw:` numbers only
        shape="round-rectangle",
        icon="phone",
        identifier=True,
    ),
    NodeType(
        "Device",
        Caption("设备", "device"),
        Property("device_id", DeviceFingerprint(), Caption("设备指纹", "device fingerprint"), personal=True),
        (),
        shape="hexagon",
        icon="device",
        identifier=True,
    ),
    NodeType(
        "Address",
        Caption("地址", "address"),
        Property("address_key", AddressKey(), Caption("地址键", "address key"), personal=True),
        (Property("text", Text(), Caption("地址", "address"), personal=True, searchable=True),),
        shape="pentagon",
        icon="address",
        identifier=True,
        title="text",
    ),
    NodeType(
        "BankAccount",
        Caption("银行账户", "bank account"),
        Property("account_number", AccountNumber(), Caption("账号", "account number"), personal=True),
        (),
        shape="rectangle",
        icon="bank",
        identifier=True,
    ),
    NodeType(
        "Application",
        Caption("申请单", "application"),
        Property("application_id", ApplicationId(), Caption("申请号", "application id")),
        (
            Property("product", PRODUCT, Caption("产品", "product"), indexed=True, feature=True),
            Property("channel", CHANNEL, Caption("渠道", "channel"), indexed=True, feature=True),
            Property("amount", Money(), Caption("申请金额", "amount"), feature=True),
            Property("term_months", Whole(least=1), Caption("期数", "term in months"), feature=True),
            Property("applied_at", Moment(), Caption("申请时间", "applied at"), indexed=True, feature=True),
            Property("outcome", OUTCOME, Caption("审批结果", "outcome")),
        ),
        shape="diamond",
        icon="application",
    ),
    NodeType(
        "Employer",
        Caption("工作单位", "employer"),
        Property("employer_key", EmployerKey(), Caption("单位键", "employer key")),
        (Property("name", Text(), Caption("单位名称", "name"), searchable=True),),
        shape="octagon",
        icon="employer",
        identifier=True,
        title="name",
    ),
    NodeType(
        "IpAddress",
        Caption("IP 地址", "IP address"),
        Property("ip", IpAddressText(), Caption("IP 地址", "IP address"), personal=True),
        (),
        shape="round-tag",
        icon="ip",
        identifier=True,
    ),
    NodeType(
        "SocialAccount",
        Caption("社交账号", "social account"),
        Property("handle", SocialHandle(), Caption("社交账号", "social account"), personal=True),
        (),
        shape="vee",
        icon="social",
        identifier=True,
    ),
    NodeType(
        "Email",
        Caption("邮箱", "e-mail"),
        Property("address", EmailAddress(), Caption("邮箱地址", "e-mail address"), personal=True),
        (),
        shape="tag",
        icon="email",
        identifier=True,
    ),
)

_ANY = tuple(n.label for n in NODES)

RELATIONSHIPS = (
    RelationshipType("APPLIED", Caption("申请", "applied"), (("Customer", "Application"),)),
    RelationshipType(
        "USES_PHONE", Caption("使用电话", "uses phone"), (("Customer", "Phone"), ("Application", "Phone"))
    ),
    RelationshipType(
        "USES_DEVICE", Caption("使用设备", "uses device"), (("Customer", "Device"), ("Application", "Device"))
    ),
    RelationshipType(
        "HAS_ADDRESS",
        Caption("地址", "has address"),
        (("Customer", "Address"), ("Application", "Address")),
        qualifier=Property("kind", ADDRESS_KIND, Caption("类型", "kind")),
    ),
    RelationshipType(
        "HAS_ACCOUNT",
        Caption("账户", "has account"),
        (("Customer", "BankAccount"), ("Application", "BankAccount")),
        qualifier=Property("role", ACCOUNT_ROLE, Caption("用途", "role")),
    ),
    RelationshipType("WORKS_AT", Caption("任职", "works at"), (("Customer", "Employer"),)),
    RelationshipType("HAS_SOCIAL", Caption("社交账号", "has social account"), (("Customer", "SocialAccount"),)),
    RelationshipType("HAS_EMAIL", Caption("邮箱", "has e-mail"), (("Customer", "Email"),)),
    RelationshipType(
        "USES_IP", Caption("使用 IP", "uses IP"), (("Customer", "IpAddress"), ("Application", "IpAddress"))
    ),
    RelationshipType("REFERRED", Caption("推荐", "referred"), (("Customer", "Customer"),)),
    RelationshipType("GUARANTEES", Caption("担保", "guarantees"), (("Customer", "Customer"),)),
    RelationshipType("EMERGENCY_CONTACT", Caption("紧急联系人", "emergency contact"), (("Customer", "Phone"),)),
    RelationshipType(
        "HUMAN_LINK",
        Caption("人工关联", "drawn by hand"),
        tuple((start, end) for start in _ANY for end in _ANY),
        properties=(
            Property("author", Text(), Caption("作者", "author")),
            Property("reason", Text(), Caption("理由", "reason")),
            Property("evidence", Text(max_length=2000), Caption("证据", "evidence")),
            Property("expires_at", Moment(), Caption("失效时间", "expires at")),
        ),
        human=True,
    ),
)

FACTS = (
    FactKind("status", Caption("申请状态", "status"), ("Application",), STATUS),
    FactKind("label", Caption("标签结论", "label"), ("Application",), LABEL),
    FactKind("consent", Caption("营销同意", "marketing consent"), ("Customer",), CONSENT, topic=CONSENT_CHANNEL),
    FactKind("disposition", Caption("处置结论", "disposition"), _ANY, DISPOSITION),
    FactKind("blocklist", Caption("黑名单", "blocklist"), _ANY, BLOCKLIST),
    FactKind("decision", Caption("决策", "decision"), ("Application",), DECISION),
    FactKind("contact", Caption("营销触达", "marketing contact"), ("Customer",), CONTACT, topic=CONSENT_CHANNEL),
)

SCHEMA = Schema(version=1, nodes=NODES, relationships=RELATIONSHIPS, facts=FACTS)

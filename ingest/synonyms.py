"""What other people call the columns of the layout, in Chinese and English. Compared folded, without spaces, hyphens and underscores."""

from collections.abc import Mapping

from graph_model.schema.text import fold_key
from ingest.layout import KINDS

_SYNONYMS: Mapping[str, str] = {
    "id_number": (
        "身份证号 身份证号码 身份证 证件号 证件号码 客户证件号 公民身份号码 id_no id_card idcard id_card_no id_num cert_no cert_num cert_id "
        "certificate_no identity_no national_id sfz sfzh zjhm document_number"
    ),
    "name": "姓名 客户姓名 客户名称 cust_name customer_name full_name client_name user_name real_name xm",
    "sex": "性别 gender xb",
    "birth_date": "出生日期 生日 出生年月日 birthday birth dob date_of_birth csrq",
    "id_expiry_date": "证件有效期 证件到期日 身份证有效期 id_expiry id_valid_to cert_expiry expiry_date",
    "education": "学历 文化程度 education_level degree xl",
    "marital_status": "婚姻状况 婚姻 婚姻状态 marriage marital married",
    "mobile_carrier": "运营商 手机运营商 carrier operator isp",
    "phone": (
        "手机号 手机号码 手机 电话 电话号码 联系电话 联系方式 mobile mobile_no mobile_number mobile_phone cell cellphone cell_phone "
        "tel telephone phone_no phone_number msisdn sjh contact_number"
    ),
    "device_id": "设备号 设备指纹 设备编号 device device_no device_fingerprint fingerprint imei idfa oaid",
    "ip": "ip地址 ip_address ip_addr client_ip login_ip apply_ip 注册ip 申请ip",
    "email": "邮箱 电子邮箱 电子邮件 e_mail mail email_address",
    "home_address": "居住地址 家庭地址 住址 现住址 地址 通讯地址 address home_addr residence residential_address addr",
    "work_address": "单位地址 公司地址 工作地址 company_address office_address work_addr employer_address",
    "employer": "单位 工作单位 单位名称 公司 公司名称 company company_name employer_name work_unit organization",
    "bank_account": (
        "银行卡 银行卡号 卡号 还款卡号 还款账号 账号 银行账号 card_no card_number bank_card bank_card_no account account_no "
        "account_number iban"
    ),
    "payout_account": "放款卡号 放款账号 收款账号 收款卡号 payout_card disbursement_account receiving_account",
    "social_account": "社交账号 微信 微信号 qq wechat social social_id",
    "registered_at": (
        "注册时间 注册日期 开户时间 开户日期 创建时间 register_time registration_time reg_time reg_date created created_at "
        "create_time opened open_date signup_date since"
    ),
    "application_id": (
        "申请号 申请编号 申请单号 进件编号 订单号 合同号 app_id app_no apply_no apply_id application_no order_id order_no loan_id "
        "loan_no contract_no"
    ),
    "product": "产品 产品名称 产品代码 product_name product_code prod",
    "channel": "渠道 进件渠道 来源渠道 channel_name channel_code",
    "amount": "申请金额 金额 贷款金额 借款金额 loan_amount apply_amount amt loan_amt principal",
    "term_months": "期数 期限 贷款期限 借款期限 term terms loan_term tenor period months",
    "applied_at": "申请时间 申请日期 进件时间 apply_time apply_date application_time application_date app_date applied",
    "outcome": "审批结果 审批结论 申请结果 result approval_result decision apply_result",
    "delivery_address": "收货地址 配送地址 shipping_address delivery_addr ship_to",
    "relation": "关系 关系类型 relation_type relationship relationship_type",
    "target": "对方 对方证件号 联系人电话 联系人 被推荐人 被担保人 related_id target_id contact contact_phone referee",
    "at": "时间 日期 发生时间 变更时间 time date timestamp event_time status_time update_time",
    "status": "状态 申请状态 订单状态 state loan_status order_status",
    "label": "标签 标签结论 欺诈标签 是否欺诈 fraud is_fraud fraud_flag fraud_label target_label",
    "known_at": "确认时间 认定时间 标签时间 label_time label_date confirmed_at known_date",
    "granted": "是否同意 同意 授权 consent agreed opt_in is_granted",
    "result": "触达结果 发送结果 发送状态 send_result delivery_result send_status",
    "source": "来源系统 数据来源 source_system system data_source",
    "recorded_at": "入库时间 记录时间 etl_time load_time recorded insert_time",
}


def plain(name: str) -> str:
    """The form in which names are compared."""
    return fold_key(name)


PLAIN: Mapping[str, frozenset[str]] = {
    target: frozenset(map(plain, (target, *_SYNONYMS.get(target, "").split())))
    for target in dict.fromkeys(column.name for kind in KINDS.values() for column in kind.columns)
}

"""The words that made-up people, places and firms are named with, with rough frequencies. Data only; nothing here names a real person."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Surname, its romanisation, how many of a thousand people bear it.
SURNAMES: tuple[tuple[str, str, float], ...] = (
    ("王", "wang", 72), ("李", "li", 72), ("张", "zhang", 68), ("刘", "liu", 52), ("陈", "chen", 46), ("杨", "yang", 31),
    ("赵", "zhao", 21), ("黄", "huang", 22), ("周", "zhou", 20), ("吴", "wu", 20), ("徐", "xu", 16), ("孙", "sun", 15),
    ("胡", "hu", 13), ("朱", "zhu", 13), ("高", "gao", 12), ("林", "lin", 12), ("何", "he", 12), ("郭", "guo", 11),
    ("马", "ma", 11), ("罗", "luo", 10), ("梁", "liang", 9), ("宋", "song", 8), ("郑", "zheng", 8), ("谢", "xie", 8),
    ("韩", "han", 7), ("唐", "tang", 7), ("冯", "feng", 6), ("于", "yu", 6), ("董", "dong", 6), ("萧", "xiao", 2),
    ("程", "cheng", 6), ("曹", "cao", 6), ("袁", "yuan", 5), ("邓", "deng", 6), ("许", "xu", 6), ("傅", "fu", 5),
    ("沈", "shen", 5), ("曾", "zeng", 6), ("彭", "peng", 5), ("吕", "lv", 5), ("苏", "su", 5), ("卢", "lu", 5),
    ("蒋", "jiang", 5), ("蔡", "cai", 5), ("贾", "jia", 4), ("丁", "ding", 4), ("魏", "wei", 4), ("薛", "xue", 4),
    ("叶", "ye", 4), ("阎", "yan", 3), ("余", "yu", 4), ("潘", "pan", 4), ("杜", "du", 4), ("戴", "dai", 4),
    ("夏", "xia", 4), ("钟", "zhong", 4), ("汪", "wang", 4), ("田", "tian", 4), ("任", "ren", 4), ("姜", "jiang", 4),
    ("范", "fan", 4), ("方", "fang", 4), ("石", "shi", 4), ("姚", "yao", 4), ("谭", "tan", 3), ("廖", "liao", 3),
    ("邹", "zou", 3), ("熊", "xiong", 3), ("金", "jin", 3), ("陆", "lu", 3), ("郝", "hao", 3), ("孔", "kong", 3),
    ("白", "bai", 3), ("崔", "cui", 3), ("康", "kang", 3), ("毛", "mao", 3), ("邱", "qiu", 3), ("秦", "qin", 3),
    ("江", "jiang", 3), ("史", "shi", 3), ("顾", "gu", 3), ("侯", "hou", 3), ("邵", "shao", 2), ("孟", "meng", 2),
    ("龙", "long", 2), ("万", "wan", 2), ("段", "duan", 2), ("雷", "lei", 2), ("钱", "qian", 2), ("汤", "tang", 2),
    ("尹", "yin", 2), ("黎", "li", 2), ("易", "yi", 2), ("常", "chang", 2), ("武", "wu", 2), ("乔", "qiao", 2),
    ("贺", "he", 2), ("赖", "lai", 2), ("龚", "gong", 2), ("文", "wen", 2), ("欧阳", "ouyang", 1), ("上官", "shangguan", 0.3),
)  # fmt: skip

# Characters of given names by sex and by generation: born before 1975, before 1992, later.
GIVEN_MALE: tuple[str, ...] = (
    "建国军明华强志平伟文林福德贵祥荣海永生忠",
    "伟强磊军洋勇杰涛超斌鹏辉刚亮波飞峰宁凯宇健鑫",
    "浩宇轩子涵博文俊昊天佳睿泽航嘉铭奕辰逸晨皓思源毅",
)
GIVEN_FEMALE: tuple[str, ...] = (
    "秀英桂兰玉珍梅芳霞红凤淑琴荣萍芬莲香云翠",
    "静丽敏艳娟燕霞婷娜玲洁莉丹雪琳倩颖慧媛晶蕾",
    "欣怡梓涵诗雨佳思悦萱语桐若溪可馨雅琪梦瑶嘉彤妍",
)

ROADS = _words(
    "人民 解放 中山 建设 和平 新华 胜利 文化 光明 团结 长江 黄河 滨河 滨江 环城 迎宾 科技 创业 兴业 振兴 朝阳 站前 学府 "
    "湖滨 金山 银河 东风 红旗 友谊 幸福 青年 工业 商贸 凤凰 龙泉 翠竹 香樟 梧桐 桂花 紫荆 海棠 玉兰 春晖 秋实 望江 临湖 "
    "石桥 柳林 松岭 云山"
)
ROAD_KINDS = ("路", "大道", "街", "东路", "西路", "南路", "北路", "中路")
COMMUNITY_FIRST = _words(
    "阳光 金色 翡翠 锦绣 碧水 世纪 东方 中央 万和 恒泰 丽景 明珠 紫金 御景 盛世 华府 枫林 江南 香榭 水岸 星河 蓝湾 绿洲 "
    "玫瑰 百合 康桥 书香 安居 和谐 新城 嘉禾 瑞祥 福源 景泰 天玺 悦澜 云锦 观澜 栖霞 望岳"
)
COMMUNITY_SECOND = _words("花园 家园 小区 名苑 公馆 华庭 雅居 新村 城 苑 府 里 湾 庭院 国际 广场")
VILLAGE_FIRST = _words(
    "大 小 上 下 东 西 南 北 新 旧 石 白 黄 龙 塘 岗 沙 坑 杨 柳 李 张 陈 王 林 罗 何 梅 松 竹 桥 井 田 坡 溪 浦"
)
VILLAGE_SECOND = _words("塘 岗 尾 头 坑 围 洲 庄 家 墩 厦 坪 湾 桥 桃 泉 埔 沟 店 营")

BRAND_FIRST = _words(
    "华 恒 瑞 鑫 盛 宏 天 中 金 嘉 永 兴 泰 德 汇 联 创 博 远 信 众 凯 腾 飞 佳 润 康 安 锐 优 同 顺 弘 正 百 万 广 新 亿 卓"
)
BRAND_SECOND = _words(
    "达 源 成 通 利 丰 隆 祥 美 科 力 明 和 诚 业 泽 辉 邦 航 图 茂 晟 耀 荣 升 基 洋 海 旺 星 云 宇 峰 川 禾 林 石 川 朗 岳"
)
INDUSTRIES = _words(
    "科技 电子 物流 餐饮管理 贸易 建筑工程 装饰 机械 服装 食品 信息技术 文化传媒 教育咨询 物业服务 汽车销售 纺织 化工 医药 "
    "家具 包装 印刷 农业 旅游 酒店管理 环保 能源 人力资源 商贸"
)
FIRM_KINDS = ("有限公司", "有限公司", "有限公司", "有限责任公司", "股份有限公司", "商行", "经营部", "厂")
SHOP_TRADES = _words("数码 手机 家电 装修 医美 培训 驾校 家居 摩托 健身")
NATIONAL_EMPLOYERS = _words(
    "安达速递 同城闪送配送 华盈连锁超市 宏远建设集团 恒信保安服务 新辰电子制造 金穗餐饮连锁 盛邦物业集团"
)
PARKS = ("高新产业园", "临港工业园", "东部制造园", "空港物流园")
UNIVERSITIES = ("理工学院", "职业技术学院", "师范学院", "财经大学", "科技大学", "工程职业学院")

EDUCATION = ("primary", "middle", "high", "college", "bachelor", "master", "doctor")
MARITAL = ("single", "married", "divorced", "widowed")
PRODUCTS = ("cash_loan", "instalment", "credit_line", "education_loan", "car_title_loan")
CHANNELS = ("app", "web", "store", "agent", "partner", "call")
CONSENT_CHANNELS = ("sms", "call", "email", "push")
MAIL_DOMAINS = (
    "mail.example.com",
    "post.example.com",
    "mail.example.net",
    "work.example.org",
    "example.com",
    "example.net",
)
SOCIAL_PLATFORMS = ("wechat", "weibo", "qq")

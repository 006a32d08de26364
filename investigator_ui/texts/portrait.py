"""Words of the portrait of one customer."""

PORTRAIT: dict[str, tuple[str, str]] = {
    "portrait.open": ("标签画像", "Portrait by tags"),
    "portrait.tags": ("标签", "Tags"),
    "portrait.all": ("全部 {n} 个标签", "All {n} tags"),
    "portrait.said": ("{name}：{value}", "{name}: {value}"),
    "portrait.chip": (
        "{where} · {value} · 自 {day} · 第 {n} 版 · {by}",
        "{where} · {value} · since {day} · version {n} · by {by}",
    ),
    "portrait.of": ("{name} 的标签", "Tags of {name}"),
    "portrait.count": ("{n} 个", "{n} in all"),
    "portrait.back": ("关系图", "Relation graph"),
    "portrait.since": ("自 {day}", "since {day}"),
    "portrait.none": ("没有标签", "No tags"),
    "portrait.none_todo": (
        "还没有计算，或没有一条规则适用；可换一个截至日期再看。",
        "None were computed yet, or no rule applies. Another as-of day may have some.",
    ),
    "portrait.history": ("历史", "History"),
    "portrait.history_of": ("历史：{name}", "History: {name}"),
    "portrait.choose": ("选择一个标签，查看它以前的取值。", "Choose a tag to see what it said before."),
    "portrait.computed": ("第 {n} 版 · {when} 计算 · {by}", "version {n}, computed {when} by {by}"),
    "portrait.ended": ("不再有此标签", "Ended"),
    "portrait.no_history": ("没有记录", "Nothing is on record"),
    "portrait.tag_page": ("标签详情", "About this tag"),
}

"""Words that the marketer's pages share: their names in the top bar, forms, progress, downloads."""

MARKETING: dict[str, tuple[str, str]] = {
    "pages.menu": ("营销", "Marketing"),
    "pages.tags": ("标签", "Tags"),
    "pages.segments": ("用户群", "Segments"),
    "pages.portraits": ("宏观画像", "Portraits"),
    "pages.circles": ("推荐圈", "Circles"),
    "pages.audiences": ("种子人群", "Audiences"),
    "market.needed": ("请填写", "Please fill this in"),
    "market.leave_title": ("离开并放弃修改？", "Leave and lose your changes?"),
    "market.leave_what": (
        "这里填写的内容还没有保存，离开后就没有了。",
        "What you have written here is not saved. It will be gone once you leave.",
    ),
    "market.leave": ("离开", "Leave"),
    "market.cancel": ("取消", "Cancel"),
    "market.confirm": ("确定", "Confirm"),
    "market.reason": ("理由（会留存）", "Reason (it is kept)"),
    "market.short": ("请写明理由，至少 4 个字。", "State a reason of at least 4 characters."),
    "market.working": ("处理中…", "Working…"),
    "market.unheard": (
        "暂时收不到进度；任务在后台，不受影响。请稍后刷新页面查看。",
        "There is no news of it at the moment. The work is in the background and isn't affected; reload the page later.",
    ),
    "market.done": ("已完成", "Done"),
    "market.failed": ("没有成功，请稍后再试。", "That did not work. Try again in a moment."),
    "market.downloaded": ("已下载 {name}", "Downloaded {name}"),
    "market.progress": ("{stage}：{done} / {total}", "{stage}: {done} of {total}"),
    "market.stage": ("{stage}：{done}", "{stage}: {done}"),
    "market.few": ("少于 10", "fewer than 10"),
    "market.few_why": (
        "少于 10 人不显示，以免指向个人。",
        "Fewer than 10 people are not told, so that nobody is singled out.",
    ),
}

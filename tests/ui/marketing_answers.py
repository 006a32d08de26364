"""Answers of the API to the marketer's pages, for the fake one: changed where a test says so."""

from tests.ui.fake_api import SEEN, FakeApi, Json

MARKETER = ["see_tags", "edit_tags", "market"]
OPERATOR = ["see_tags", "edit_tags", "see_jobs", "run_jobs"]


def figures(**changes: object) -> Json:
    made: Json = {
        "version": 1, "baseDate": "2026-03-31", "status": "DONE", "startedAt": SEEN, "heardAt": SEEN, "by": "user:operator",
        "errorCode": None, "error": None, "changed": 15, "population": 2000, "coverage": 120, "stale": False,
        "distribution": [{"value": "true", "count": 120}],
    }  # fmt: skip
    return made | changes


def tag(code: str, **changes: object) -> Json:
    made: Json = {
        "code": code, "version": 1, "nameZh": f"标签{code}", "nameEn": f"the {code}", "category": "社交", "subcategory": "推荐",
        "type": "Customer", "valueType": "BOOL", "consent": "MARKETING", "schedule": "DAILY", "owner": "marketer", "figures": figures(),
        "rule": "degree(REFERRED out) >= 1", "reads": ["REFERRED"], "dependants": [], "segments": [], "changedBy": "user:marketer", "changedAt": SEEN,
        "versions": [{"version": 1, "rule": "degree(REFERRED out) >= 1", "changedBy": "user:marketer", "changedAt": SEEN}],
    }  # fmt: skip
    return made | changes


def job(**changes: object) -> Json:
    made: Json = {
        "id": "j1", "kind": "TAGS", "status": "RUNNING", "stage": "tags", "done": 3, "total": 11, "message": "", "startedAt": SEEN,
        "stuck": False,
    }  # fmt: skip
    return made | changes


def with_tags(api: FakeApi, tags: list[Json], rights: list[str]) -> None:
    """What the fake API tells somebody with these rights of tags."""
    api.rights, api.asked = rights, []
    by_code = {each["code"]: each for each in tags}
    api.pages = {
        "PageTags": lambda _: {"tags": tags},
        "PageTag": lambda variables: {"tag": by_code.get(variables["code"]), "tags": tags},
        "PageJobs": lambda _: {"jobs": []},
    }

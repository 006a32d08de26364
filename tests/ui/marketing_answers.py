"""Answers of the API to the marketer's pages, for the fake one: changed where a test says so."""

from collections.abc import Sequence

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


def run(**changes: object) -> Json:
    """A run of a tag, as figures have it."""
    made = {name: value for name, value in figures().items() if name not in ("stale", "distribution")}
    return made | changes


def computation(name: str, **changes: object) -> Json:
    made: Json = {
        "name": name, "nameZh": f"计算{name}", "nameEn": f"the {name}", "meansZh": f"说明{name}", "meansEn": f"it tells {name}",
        "valueType": "NUMBER", "reads": ["REFERRED"], "risk": False,
    }  # fmt: skip
    return made | changes


def tag(code: str, **changes: object) -> Json:
    made: Json = {
        "code": code, "version": 1, "nameZh": f"标签{code}", "nameEn": f"the {code}", "category": "社交", "subcategory": "推荐",
        "type": "Customer", "valueType": "BOOL", "consent": "MARKETING", "schedule": "DAILY", "kind": "RULE", "owner": "marketer",
        "figures": figures(), "runs": [], "computation": "",
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


def with_tags(api: FakeApi, tags: list[Json], rights: list[str], computations: Sequence[Json] = ()) -> None:
    """What the fake API tells somebody with these rights of tags, and of what computes them."""
    api.rights, api.asked = rights, []
    by_code = {each["code"]: each for each in tags}
    api.pages = {
        "PageTags": lambda _: {"tags": tags},
        "PageTag": lambda variables: {
            "tag": by_code.get(variables["code"]),
            "tags": tags,
            "tagComputations": [*computations],
        },
        "PageTagComputations": lambda _: {"tagComputations": [*computations]},
        "PageJobs": lambda _: {"jobs": []},
    }

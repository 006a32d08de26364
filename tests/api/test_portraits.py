"""Macro portraits by API and command line: the same table, exact for the supervisor, rounded for the marketer, and nothing of risk for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.job_records import JobKind
from api.job_worker import WORK
from graph_model.principal import Role
from graph_model.records import GraphBatch, NodeRecord
from tests.api import queries
from tests.api.conftest import Served
from tests.api.serving import serving
from tests.api.test_cli import guanxi, refused
from tests.services.people import START, person

NAMES = {"nameZh": "标签", "nameEn": "tag", "category": "基本属性", "subcategory": "人口"}
SCHOOL = 'when education = "bachelor" then "bachelor" when education = "doctor" then "doctor"'


@pytest.fixture(scope="module")
def table(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Sixty more customers: half of them women, three of them doctors; and two tags that say so."""
    with serving(home, tmp_path_factory.mktemp("portraits")) as served:
        people = [
            NodeRecord(person(number), START, START, "crm", {
                "sex": "female" if number % 2 else "male",
                "education": "doctor" if number < 3 else "bachelor" if number < 40 else "high",
            })
            for number in range(60)
        ]  # fmt: skip
        served.runtime.store.upsert(GraphBatch(people))
        wu = served.client(Role.SUPERVISOR)
        for more in (
            {"code": "woman", "rule": 'sex = "female"'},
            {"code": "school", "rule": SCHOOL, "valueType": "TEXT"},
            {"code": "risk_listed", "rule": "blocklisted", "consent": "RISK"},
        ):
            wu.data(queries.DEFINE_TAG, input={**NAMES, **more})
        WORK[JobKind.TAGS](served.runtime.store, served.runtime.settings, served.runtime.clock(), lambda *_: None)
        yield served


def asked(served: Served, role: Role, **more: object) -> dict[str, Any]:
    found: dict[str, Any] = served.client(role).data(queries.MACRO_PORTRAIT, rows="school", **more)["macroPortrait"]
    return found


def test_the_supervisor_sees_it_exactly_and_the_marketer_rounded(table: Served) -> None:
    exact, told = asked(table, Role.SUPERVISOR, columns="woman"), asked(table, Role.MARKETER, columns="woman")
    assert exact["exact"] and not told["exact"] and exact["suppressed"] == 0
    doctors = next(place for place, row in enumerate(exact["rows"]) if row["value"] == "doctor")
    assert (exact["rows"][doctors]["total"], exact["cells"][doctors][0]["count"]) == (3, 1)
    assert all(row["value"] != "doctor" for row in told["rows"])
    numbers = [cell["count"] for row in told["cells"] for cell in row if cell["count"] is not None]
    assert len(numbers) > 0 and all(number % 5 == 0 for number in numbers)
    assert [source["code"] for source in exact["sources"]] == ["school", "woman"]
    assert asked(table, Role.SUPERVISOR, by="PRODUCT")["overlapping"]


def test_risk_and_questions_without_sense_are_refused(table: Served) -> None:
    mia = table.client(Role.MARKETER)
    for columns, code in (("risk_listed", "not_found"), ("school", "portrait.same"), (None, "portrait.axes")):
        assert mia.code(queries.MACRO_PORTRAIT, rows="school", columns=columns) == code
    assert mia.code(queries.MACRO_PORTRAIT, rows="school", columns="woman", segment="nobody") == "not_found"
    assert table.client(Role.RISK_ENGINE).code(queries.MACRO_PORTRAIT, rows="school", columns="woman") == "forbidden"


def test_the_same_table_at_a_shell(table: Served) -> None:
    address, home = table.runtime.settings.store_address, table.runtime.settings.home
    shown = guanxi("tags", "cross", "school", "woman", "--rules", "--store", address, home=home)
    assert shown.returncode == 0 and "doctor" in shown.stdout and 'tag(school) = "doctor"' in shown.stdout
    told = guanxi("tags", "cross", "school", "woman", "--marketer", "--store", address, home=home)
    assert told.returncode == 0 and "doctor" not in told.stdout and "others" in told.stdout
    refused(guanxi("tags", "cross", "school", "--store", address, home=home), "portrait.axes", 2)

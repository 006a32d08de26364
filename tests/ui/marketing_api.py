"""A real API over a circle of forty of whom some said no, some are risky and none was contacted, as a process:
`python -m tests.ui.marketing_api HOME PORT`. Tells in HOME/told.json who is who, by node id."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from api.app import create_app
from api.settings import Settings
from api.users import Users
from graph_model.principal import Role
from graph_model.records import GraphBatch
from graph_model.stores import open_store
from tests.services.people import START, handles_of, marketing, said, score

PASSWORD = "correct-horse-battery"
TOLD = "told.json"
REFUSED, RISKY = slice(30, 35), slice(35, 39)  # of the forty
DAY = timedelta(days=1)


def main(home: Path, port: int) -> None:
    settings = Settings(home=home, api_port=port, log_level="warning")
    home.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    store = open_store(settings.store_address, create=True)
    people = marketing(store, scored=False)
    store.upsert(GraphBatch(facts=[said(ref, "consent", "no", START + DAY, topic="sms") for ref in people[REFUSED]]))
    grades = dict.fromkeys(people, "A") | dict(zip(people[RISKY], "CCDD", strict=True))
    score(store, grades, at=now - DAY)
    ids = store.node_ids(handles_of(store, people))
    store.close()
    users = Users(home)
    for role in (Role.MARKETER, Role.SUPERVISOR, Role.INVESTIGATOR, Role.OPERATOR):
        users.add(role.value, role, PASSWORD, now=now)
    told = {"everybody": ids, "refused": ids[REFUSED], "risky": ids[RISKY], "keys": [ref.key for ref in people]}
    (home / TOLD).write_text(json.dumps(told), encoding="utf-8")
    uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_level="warning", ws="none")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

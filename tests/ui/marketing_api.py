"""A real API over a circle of forty, most of them graduates, and sixty others, half of them; some of both said no or are risky. As a process:
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
from graph_model.records import GraphBatch, NodeRecord
from graph_model.stores import open_store
from tests.services.people import START, arrive, consent, handles_of, marketing, person, said, score

PASSWORD = "correct-horse-battery"
TOLD = "told.json"
REFUSED, RISKY = (*range(30, 35), *range(40, 50)), (*range(35, 39), *range(50, 54))  # of the hundred
DAY = timedelta(days=1)


def main(home: Path, port: int) -> None:
    settings = Settings(home=home, api_port=port, log_level="warning")
    home.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    store = open_store(settings.store_address, create=True)
    people = marketing(store, scored=False)
    others = [person(number) for number in range(40, 100)]
    arrive(store, others)
    consent(store, others)
    people += others
    graduates = [ref for place, ref in enumerate(people) if place % 2 == 0 or place < 36]
    store.upsert(GraphBatch([NodeRecord(ref, START, START, "crm", {"education": "bachelor"}) for ref in graduates]))
    refused = [said(people[place], "consent", "no", START + DAY, topic="sms") for place in REFUSED]
    store.upsert(GraphBatch(facts=refused))
    grades = dict.fromkeys(people, "A") | {people[place]: "CD"[place % 2] for place in RISKY}
    score(store, grades, at=now - DAY)
    ids = store.node_ids(handles_of(store, people))
    store.close()
    users = Users(home)
    for role in (Role.MARKETER, Role.SUPERVISOR, Role.INVESTIGATOR, Role.OPERATOR):
        users.add(role.value, role, PASSWORD, now=now)
    told = {
        "circle": ids[:40],
        "refused": [ids[place] for place in REFUSED],
        "risky": [ids[place] for place in RISKY],
        "everybody": ids,
        "keys": [ref.key for ref in people],
    }
    (home / TOLD).write_text(json.dumps(told), encoding="utf-8")
    uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_level="warning", ws="none")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

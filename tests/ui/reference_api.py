"""A real API over the reference case, as a process: `python -m tests.ui.reference_api HOME PORT`. Tells in HOME/told.json what is in it."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from api.app import create_app
from api.settings import Settings
from api.users import Users
from graph_model.principal import Role
from graph_model.stores import open_store
from tests.fixtures import reference_case

PASSWORD = "correct-horse-battery"
TOLD = "told.json"


def main(home: Path, port: int) -> None:
    settings = Settings(home=home, api_port=port, log_level="warning")
    home.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.store_address, create=True)
    case = reference_case.load(store)
    store.close()
    now = datetime.now(UTC)
    users = Users(home)
    users.add("investigator", Role.INVESTIGATOR, PASSWORD, now=now)
    users.add("colleague", Role.INVESTIGATOR, PASSWORD, now=now)
    users.add("supervisor", Role.SUPERVISOR, PASSWORD, now=now)
    users.add("scientist", Role.DATA_SCIENTIST, PASSWORD, now=now)
    users.add("marketer", Role.MARKETER, PASSWORD, now=now)
    told = {"subject": case.subject_id, "id_number": case.id_number, "ids": case.ids, "personal": case.personal}
    (home / TOLD).write_text(
        json.dumps(told), encoding="utf-8"
    )  # not printed: what a server prints is searched for numbers
    uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_level="warning", ws="none")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""A real API over components of thousands, as a process: `python -m tests.ui.large_api HOME PORT CUSTOMERS…`. Tells in HOME/told.json what is in it.

CUSTOMERS is a number, or NUMBER+HUB, or NUMBER@ring; each makes a component of its own.
"""

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
from tests.fixtures import large_component
from tests.ui.reference_api import PASSWORD, TOLD


def main(home: Path, port: int, components: list[str]) -> None:
    settings = Settings(home=home, api_port=port, log_level="warning", compile_ahead=False)
    home.mkdir(parents=True, exist_ok=True)
    told = {}
    if not (home / TOLD).exists():
        store = open_store(settings.store_address, create=True)
        for place, spec in enumerate(components):
            customers, _, hub = spec.removesuffix("@ring").partition("+")
            made = large_component.load(
                store,
                customers=int(customers),
                hub=int(hub or 0),
                one_ring=spec.endswith("@ring"),
                prefix=chr(ord("A") + place),
            )
            told[spec] = {"subject": made.subject_id, "hub": made.hub_id, "nodes": made.nodes, "edges": made.edges}
        store.close()
        Users(home).add("investigator", Role.INVESTIGATOR, PASSWORD, now=datetime.now(UTC))
        (home / TOLD).write_text(json.dumps(told), encoding="utf-8")
    uvicorn.run(create_app(settings), host="127.0.0.1", port=port, log_level="warning", ws="none")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])

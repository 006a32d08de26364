"""A server for one test alone, with the reference case and whatever the test adds: what it writes disturbs nobody else's counts."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from api.auth import begin_session
from api.bootstrap import build
from api.settings import Settings
from graph_model.principal import Role
from graph_model.store import GraphStore
from graph_model.stores import open_store
from tests.api.conftest import Served, ServerThread
from tests.fixtures import reference_case
from tests.fixtures.reference_case import ReferenceCase


@contextmanager
def own_server(
    home: Path, folder: Path, add: Callable[[GraphStore, ReferenceCase], None] | None = None
) -> Iterator[Served]:
    """`home` has a user per role, named like the role; the graph is in `folder`."""
    settings = Settings(home=home, store=f"sqlite:///{folder / 'graph.db'}")
    store = open_store(settings.store_address, create=True)
    case = reference_case.load(store)
    if add is not None:
        add(store, case)
    store.close()
    runtime = build(settings)
    with ServerThread(settings, runtime) as url:
        users = {user.role: user for user in runtime.users.all()}
        tokens = {role: begin_session(runtime, users[role], now=runtime.clock())[0] for role in Role}
        yield Served(url, runtime, case, io.StringIO(), tokens)
